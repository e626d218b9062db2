"""Total time of one piece of work, however its parts hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, TypeVar

from monitor.errors import SourceUnavailable

T = TypeVar("T")

PATIENCE_S = 0.01
"""Between two looks at whether every call waits for the network."""


class Deadline:
    """When a piece of work must be done, and whether it was given up before."""

    def __init__(self, seconds: float, what: str) -> None:
        self.seconds = seconds
        self.what = what
        """What the work is, for messages."""
        self._ends = time.monotonic() + seconds
        self._given_up = threading.Event()
        self._counting = threading.Lock()
        self._waiting = 0

    @property
    def left_s(self) -> float:
        """Seconds left, never below 0; none once the work was given up."""
        return 0.0 if self._given_up.is_set() else max(0.0, self._ends - time.monotonic())

    def check(self) -> None:
        """Raise `SourceUnavailable` if no time is left."""
        if self.left_s == 0.0:
            raise self.passed()

    def passed(self) -> SourceUnavailable:
        """Return the error that says so."""
        return SourceUnavailable(
            f"{self.what}: given up after {self.seconds:g} s",
            hint="the server is too slow or the line too thin; the next run tries again",
        )

    @property
    def waiting(self) -> int:
        """How many calls wait for the network at present."""
        return self._waiting

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Count as waiting for the network meanwhile."""
        with self._counting:
            self._waiting += 1
        try:
            yield
        finally:
            with self._counting:
                self._waiting -= 1

    def give_up(self) -> None:
        """Let everything that still works towards it stop at its next step."""
        self._given_up.set()


def all_within(
    deadline: Deadline,
    calls: Sequence[Callable[[], T]],
    *,
    at_once: int = 1,
    at_first: int | None = None,
) -> list[T]:
    """Return what each call returns, in order; wait no longer than the deadline.

    The calls run on daemon threads, so that one that hangs in a system call (a name
    server that is silent, headers that come a byte at a time) is left behind and
    keeps neither this call nor the end of the process waiting. What a call raises is
    raised here at once, and the others are given up.

    Parameters
    ----------
    at_once : int
        How many run at a time at most.
    at_first : int, optional
        How many begin at once, if fewer. One more begins whenever all wait for the
        network: where it is slow there are soon `at_once` of them, and where it is not,
        no more than keep the processors busy.

    Raises
    ------
    SourceUnavailable
        If time runs out.
    """
    waiting: SimpleQueue[tuple[int, Callable[[], T]]] = SimpleQueue()
    done: SimpleQueue[_Outcome[T]] = SimpleQueue()
    for job in enumerate(calls):
        waiting.put(job)
    most = min(at_once, len(calls))
    begun = min(most, at_first or most)
    _begin(begun, waiting, done, deadline)
    results: dict[int, T] = {}
    while len(results) < len(calls):
        left_s = deadline.left_s
        try:
            outcome = done.get(timeout=min(left_s, PATIENCE_S) if begun < most else left_s)
        except Empty:
            # A call that failed in this moment gave the rest up: then its error is there by now.
            if deadline.left_s == 0.0 and done.empty():
                deadline.give_up()
                raise deadline.passed() from None
            if begun < most and deadline.waiting >= begun:
                begun += _begin(1, waiting, done, deadline)
            continue
        if outcome.error is not None:
            raise outcome.error
        results.update(outcome.result)
    return [results[place] for place in range(len(calls))]


class _Outcome(Generic[T]):
    """What became of one call; what it raised crosses to the thread that waits for it."""

    def __init__(self) -> None:
        self.result: dict[int, T] = {}
        self.error: BaseException | None = None

    def __enter__(self) -> _Outcome[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        self.error = error
        return True


def _begin(
    count: int,
    waiting: SimpleQueue[tuple[int, Callable[[], T]]],
    done: SimpleQueue[_Outcome[T]],
    deadline: Deadline,
) -> int:
    for _ in range(count):
        threading.Thread(target=_work, args=(waiting, done, deadline), daemon=True).start()
    return count


def _work(
    waiting: SimpleQueue[tuple[int, Callable[[], T]]],
    done: SimpleQueue[_Outcome[T]],
    deadline: Deadline,
) -> None:
    while deadline.left_s > 0:
        try:
            place, call = waiting.get_nowait()
        except Empty:
            return
        with _Outcome[T]() as outcome:
            outcome.result[place] = call()
        done.put(outcome)
        if outcome.error is not None:
            deadline.give_up()
