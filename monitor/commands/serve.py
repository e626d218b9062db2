"""serve: the scheduler, the sending, and the web site, until stopped."""

from __future__ import annotations

import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial

import structlog
import typer
import uvicorn

from alerts.web.accounts import Accounts
from monitor.commands.call import Call, verb
from monitor.commands.site import site_of
from monitor.errors import ConfigError
from monitor.health import reported
from monitor.logs import log_to_stderr
from monitor.process_lock import AlreadyRunning, process_lock
from monitor.schedule import Schedule
from monitor.service import Service

LOCK = "service.lock"
DELIVER_EVERY = timedelta(minutes=1)
ASK_AGAIN_S = 2.0
KEEP_ALIVE_S = 75
"""Longer than a proxy keeps a connection (60 s): none is closed as a request comes in on it."""

COMPARISONS = {
    "compare lately": (timedelta(hours=1), timedelta(days=2)),
    "compare all": (timedelta(days=1), timedelta(days=90)),
}
"""How often who should have received what is compared with the outbox, and how far back."""

FORGET_EVERY = timedelta(days=1)

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

logger = structlog.get_logger(__name__)


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    verb(app, "serve", example="emberwatch serve --config /etc/emberwatch/config.toml")(serve)


def serve(call: Call) -> None:
    """Run the schedule, send what waits, and show the site, until SIGTERM or Ctrl-C."""
    log_to_stderr("info")
    service = call.service()
    run_until_stopped(service, call.console.print if not call.as_json else _silent)


def run_until_stopped(service: Service, say: Callable[[str], object]) -> None:
    """Serve pages; do the work as soon as no other process does it."""
    web = service.config.web
    if web.host not in LOOPBACK and Accounts(service.database).none_yet():
        raise ConfigError(
            f"[web] host {web.host!r} is open to other machines, and nobody can sign in yet",
            hint="make the first account: emberwatch user add NAME --role admin",
        )
    if web.host not in LOOPBACK and not service.config.service.base_url.startswith("https://"):
        logger.warning("passwords may cross the network in clear", hint="put TLS before the site")
    worker = Worker(service)
    with _listening(web.host, web.port) as listener, _ended_by_signals():
        server = uvicorn.Server(
            uvicorn.Config(
                site_of(service, worker.unwell),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        # What was imported stays: no page waits 0.15 s while all of it is looked through.
        gc.collect()
        gc.freeze()
        worker.start()
        try:
            host, port = listener.getsockname()[:2]
            say(f"http://{host}:{port}/")
            server.run(sockets=[listener])
        finally:
            worker.stop()


class Worker:
    """Holds the lock of the data folder and runs the schedule; stands by while it is taken."""

    def __init__(self, service: Service, *, ask_again_s: float = ASK_AGAIN_S) -> None:
        self._service = service
        self._ask_again_s = ask_again_s
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker")
        self._state = "starting"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop; a tick that runs is waited for."""
        self._stopping.set()
        self._thread.join()

    def unwell(self) -> str:
        """Return why no work is done here; empty if it is."""
        return "" if self._state == "working" else self._state

    def wait_for(self, state: str, timeout_s: float = 30.0) -> bool:
        """Wait until it is ``"standing by"``, ``"working"`` or ``"stopping"``."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state == state, timeout_s)

    def _become(self, state: str) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def _work(self) -> None:
        path = self._service.config.service.data_folder / LOCK
        with ExitStack() as held:
            while not self._stopping.is_set():
                try:
                    held.enter_context(process_lock(path))
                except AlreadyRunning as error:
                    self._stand_by(error)
                    continue
                self._scheduled()
                return

    def _tick(self) -> None:
        with reported(self._service.config.service.health_url):
            self._service.tick()

    def _stand_by(self, error: AlreadyRunning) -> None:
        if self._state != "standing by":
            logger.warning("standing by", reason=error.message)
        self._become("standing by")
        self._stopping.wait(self._ask_again_s)

    def _scheduled(self) -> None:
        settings = self._service.config
        schedule = Schedule(
            self._tick,
            every=settings.schedule.every,
            cron=settings.schedule.cron,
            timezone=settings.service.timezone,
        )
        schedule.also("deliver", self._service.deliver, DELIVER_EVERY)
        for name, (every, since) in COMPARISONS.items():
            schedule.also(name, partial(self._service.reconcile, since), every)
        schedule.also("forget", self._service.forget, FORGET_EVERY)
        schedule.start()
        self._become("working")
        self._stopping.wait()
        self._become("stopping")
        schedule.stop()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            # From here on callers wait instead of being refused.
            listener.listen()
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                hint="choose another [web] port in config.toml",
            ) from error
        yield listener


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    # uvicorn raises a signal again once it has stopped; ours then has nothing left to end.
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in known:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, former in known.items():
            signal.signal(number, former)


def _silent(_: str) -> None:
    return None
