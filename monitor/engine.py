"""Where jobs run: here, in a pool of processes, or on a Dask cluster.

All three run the same function of values, and hand back what it returned or
the exception it died of. They hold nothing that cannot be submitted again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    CancelledError,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

import structlog

from monitor.errors import ConfigError
from monitor.logs import log_to_stderr
from monitor.ports import Engine

Job = TypeVar("Job")
Report = TypeVar("Report")

MAX_ATTEMPTS = 3
"""A job whose worker was killed this often is given up: it is likely to be what kills them."""

logger = structlog.get_logger(__name__)


class SerialEngine:
    """Runs jobs one after another in one thread of this process."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None

    def run(
        self, function: Callable[[Job], Report], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Report | BaseException]]:
        # A thread for its futures: they hold what a job died of, so that a bug in one area
        # does not take the others along. It is kept: libraries set themselves up anew in each.
        thread = self._thread or ThreadPoolExecutor(max_workers=1)
        self._thread = thread
        for job in jobs:
            yield job, _outcome(thread.submit(function, job))

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None


class LocalEngine:
    """Runs jobs in a pool of spawned processes (GDAL does not survive a fork)."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def run(
        self, function: Callable[[Job], Report], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Report | BaseException]]:
        waiting = list(jobs)
        attempts = dict.fromkeys(range(len(waiting)), 0)
        open_numbers = list(attempts)
        while open_numbers:
            broken: list[int] = []
            # One at a time after a crash: then the culprit is known, and the others go on.
            batches = [open_numbers] if not any(attempts.values()) else [[n] for n in open_numbers]
            for batch in batches:
                for number, outcome in self._run_once(function, waiting, batch):
                    attempts[number] += 1
                    if isinstance(outcome, BrokenProcessPool) and attempts[number] < MAX_ATTEMPTS:
                        broken.append(number)
                    else:
                        yield waiting[number], outcome
            if broken:
                logger.warning("workers.lost", jobs=len(broken))
            open_numbers = broken

    def _run_once(
        self, function: Callable[[Job], Report], jobs: list[Job], numbers: list[int]
    ) -> Iterator[tuple[int, Report | BaseException]]:
        pool = self._pool or self._new_pool()
        futures: dict[Future[Report], int] = {}
        lost: list[int] = []
        for number in numbers:
            try:
                futures[pool.submit(function, jobs[number])] = number
            except BrokenProcessPool:
                lost.append(number)
        # Waiting for the first of all that are left would look at each of them each time.
        for future in as_completed(futures):
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                lost.append(futures[future])
            else:
                outcome: Report | BaseException = _outcome(future)
                yield futures[future], outcome
        if lost:
            # A pool that lost a worker is finished for good.
            self.close()
            for number in lost:
                yield number, BrokenProcessPool("a worker process was killed, perhaps for memory")

    def _new_pool(self) -> ProcessPoolExecutor:
        self._pool = ProcessPoolExecutor(
            self._workers, mp_context=get_context("spawn"), initializer=log_to_stderr
        )
        return self._pool

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


class DaskEngine:
    """Runs jobs on a Dask cluster. Needs the extra ``cluster``."""

    def __init__(self, address: str, *, timeout_s: float = 10.0) -> None:
        try:
            # Imported here: one machine needs no cluster, and its package is an extra.
            import distributed
        except ImportError as error:
            raise ConfigError(
                '[engine] kind = "dask" needs a package that is not installed: distributed',
                hint="install it with: pip install 'emberwatch[cluster]'",
            ) from error
        try:
            connect: Any = distributed.Client
            self._client: Any = connect(address, timeout=timeout_s, set_as_default=False)
        except OSError as error:
            raise ConfigError(
                f"no Dask scheduler answers at {address}: {error}",
                hint="start it with: dask scheduler --no-dashboard, or correct [engine] address",
            ) from error
        self._as_completed: Any = distributed.as_completed

    def run(
        self, function: Callable[[Job], Report], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Report | BaseException]]:
        waiting = list(jobs)
        for attempt in range(MAX_ATTEMPTS):
            cancelled: list[Job] = []
            # Not pure: a repeated call must not be answered with an older result.
            futures = {self._client.submit(function, job, pure=False): job for job in waiting}
            for future in self._as_completed(futures, loop=self._client.loop):
                error = future.exception()
                if isinstance(error, CancelledError) and attempt + 1 < MAX_ATTEMPTS:
                    cancelled.append(futures[future])
                else:
                    yield futures[future], error if error is not None else future.result()
            if not cancelled:
                return
            logger.warning("scheduler.lost", jobs=len(cancelled))
            self._client.wait_for_workers(1, timeout=60)
            waiting = cancelled

    def close(self) -> None:
        self._client.close()


def engine_of(kind: str, workers: int, address: str) -> Engine:
    """Return the engine that ``[engine]`` asks for."""
    if kind == "dask":
        return DaskEngine(address)
    count = workers or os.cpu_count() or 1
    return SerialEngine() if count == 1 else LocalEngine(count)


def _outcome(future: Future[Report]) -> Report | BaseException:
    error = future.exception()
    return future.result() if error is None else error
