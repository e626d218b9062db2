"""One HTTP client for every source: bounded in time, size and tries, and anonymous.

Every request ends in an answer or a `SourceError`. What differs between providers
(how long, how often, what their Retry-After counts) stands in `WebSettings`.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import stamina
import structlog
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)

from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.answers import (
    UNAUTHORISED,
    Verdict,
    is_page,
    quoted,
    retry_after_s,
    verdict_of,
)
from monitor.sources.deadline import Deadline

logger = structlog.get_logger(__name__)

# Told below, in words; a request that is repeated is nothing to look at.
stamina.instrumentation.set_on_retry_hooks(())

# It would write addresses into the log: keys and positions are parts of addresses.
logging.getLogger("urllib3").setLevel(logging.ERROR)

# Says nothing of who asks (ALERTS T5); several stores refuse an empty one.
AGENT = "Mozilla/5.0"
CONNECTIONS = 16
BYTES_AT_ONCE = 1 << 18
"""Of an answer, between two looks at the deadline; less if less has come."""

_POOLS: dict[tuple[str, str], urllib3.PoolManager] = {}
_MAKING = Lock()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How patient we are with one provider."""

    connect_s: float = 10.0
    """Seconds to wait for a connection."""

    silence_s: float = 30.0
    """Seconds to wait for the next bytes of an answer."""

    total_s: float = 120.0
    """Seconds for one piece of work with all its requests and further tries."""

    tries: int = 4
    """How often a request is sent at most."""

    first_wait_s: float = 1.0
    """Wait before the second try, doubled for each further one, with jitter."""

    longest_wait_s: float = 60.0
    """A server that asks to wait longer is left alone until the next run."""

    milliseconds: bool = False
    """True if the provider's Retry-After counts milliseconds."""

    max_bytes: int = 64_000_000
    """An answer that is longer is refused."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, safe to repeat."""

    url: str
    what: str
    """Who is asked for what, as messages name it: no key, no position."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    secrets: tuple[str, ...] = ()
    """Texts that must not be repeated in a message, whatever the server says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose status says success."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    body: bytes

    def json(self, what: str) -> Any:
        """Return the parsed body; refuse what is not JSON as `SourceUnavailable`."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            page = is_page(self.headers.get("content-type", ""), self.body)
            kind = "a web page" if page else f"no JSON: {quoted(self.body)!r}"
            raise SourceUnavailable(
                f"{what}: the answer is {kind}", hint="an error page with status 200 is usual"
            ) from error


class _Failed(Exception):
    """One try that failed; never leaves this module."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.error.message)
        self.verdict = verdict


class Unauthorised(SourceRefused):
    """Status 401 or 403: a signature or token may have expired."""


def fetch(request: Request, settings: WebSettings, deadline: Deadline) -> Answer:
    """Return the answer to `request`, after further tries where they may help.

    Raises
    ------
    Unauthorised
        If the server refuses access.
    SourceRefused
        If it refuses otherwise: trying again will not help.
    SourceUnavailable
        If it cannot be reached, fails, is too slow, or asks to wait too long.
    """
    deadline.check()
    tries = stamina.retry_context(
        on=lambda error: _wait(error, settings, deadline),
        attempts=settings.tries,
        timeout=None,
        wait_initial=settings.first_wait_s,
        wait_max=settings.longest_wait_s,
        wait_jitter=settings.first_wait_s,
    )
    try:
        for attempt in tries:
            with attempt:
                return _sent(request, settings, deadline)
    except _Failed as failed:
        verdict = failed.verdict
        if verdict.status in UNAUTHORISED:
            raise Unauthorised(verdict.error.message, verdict.error.hint) from failed.__cause__
        raise verdict.error from failed.__cause__
    raise AssertionError("unreachable: the last try returns or raises")


def _wait(error: Exception, settings: WebSettings, deadline: Deadline) -> bool | float:
    """Return whether to try again, or after how many seconds, if the server says."""
    if not isinstance(error, _Failed) or not error.verdict.again:
        return False
    logger.info("request.failed", reason=error.verdict.error.message)
    wait_s = error.verdict.wait_s
    if wait_s is None:
        return deadline.left_s > 0
    if wait_s > min(settings.longest_wait_s, deadline.left_s):
        return False
    return wait_s


def _sent(request: Request, settings: WebSettings, deadline: Deadline) -> Answer:
    deadline.check()
    with (
        deadline.wait(),
        _translated(request, settings),
        _asked(request, settings) as response,
    ):
        succeeded = 200 <= response.status < 300
        # What a failed request says is short, or not worth reading.
        limit = settings.max_bytes if succeeded else 2_000
        body = _body(response, request, limit, deadline, cut=not succeeded)
        headers = {name.lower(): response.headers[name] for name in response.headers}
    if succeeded:
        return Answer(response.status, headers, body)
    said = "" if is_page(headers.get("content-type", ""), body) else quoted(body, request.secrets)
    wait_s = retry_after_s(
        headers.get("retry-after"), datetime.now(UTC), in_milliseconds=settings.milliseconds
    )
    raise _Failed(verdict_of(response.status, request.what, said, wait_s))


def _asked(request: Request, settings: WebSettings) -> urllib3.BaseHTTPResponse:
    """Return the answer with its body still to come; closed, it gives back its connection."""
    pool = _pool(_proxy_of(request.url), _authorities())
    return pool.urlopen(
        request.method,
        request.url,
        headers={
            "User-Agent": AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            **request.headers,
        },
        body=request.content or None,
        timeout=urllib3.Timeout(connect=settings.connect_s, read=settings.silence_s),
        retries=False,
        redirect=False,
        preload_content=False,
    )


def _body(
    response: urllib3.BaseHTTPResponse,
    request: Request,
    limit: int,
    deadline: Deadline,
    *,
    cut: bool,
) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read1(BYTES_AT_ONCE):
        parts.append(part)
        size += len(part)
        if size > limit:
            if cut:
                break
            raise _Failed(
                Verdict(SourceRefused(f"{request.what}: the answer exceeds {limit} bytes"))
            )
        if deadline.left_s == 0.0:
            raise _Failed(Verdict(deadline.passed()))
    return b"".join(parts)[:limit]


@contextmanager
def _translated(request: Request, settings: WebSettings) -> Iterator[None]:
    try:
        yield
    except ReadTimeoutError as error:
        raise _Failed(_unreachable(request, f"no answer for {settings.silence_s:g} s")) from error
    except LocationValueError as error:
        refused = SourceRefused(f"{request.what}: the address cannot be used: {error}")
        raise _Failed(Verdict(refused)) from error
    except HTTPError as error:
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
            told = f"no connection within {settings.connect_s:g} s"
            raise _Failed(_unreachable(request, told)) from error
        raise _Failed(_of_transport(request, error)) from error


def _of_transport(request: Request, error: HTTPError) -> Verdict:
    cause = _cause(error, ssl.SSLCertVerificationError)
    if cause is not None:
        # Never unchecked: who can put himself in between could make a burned village look calm.
        refused: SourceError = SourceRefused(
            f"{request.what}: the certificate of the server cannot be trusted: {cause}",
            hint="check the clock and the certificate authorities of this machine, "
            "or name your own in SSL_CERT_FILE",
        )
        return Verdict(refused)
    return _unreachable(request, quoted(_words_of(error).encode(), request.secrets) or "broken off")


def _words_of(error: HTTPError) -> str:
    """Return what happened, without the pools and errors that it is wrapped in."""
    incomplete = _cause(error, IncompleteRead)
    if isinstance(incomplete, IncompleteRead):
        return f"closed after {incomplete.partial} bytes, {incomplete.expected} are missing"
    system = _cause(error, OSError)
    if isinstance(system, OSError):
        return system.strerror or str(system)
    return str(error)


def _unreachable(request: Request, told: str) -> Verdict:
    error = SourceUnavailable(
        f"{request.what}: {told}", hint="see whether the network and the provider are up"
    )
    return Verdict(error, again=True)


def _cause(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def _authorities() -> str:
    return os.environ.get("SSL_CERT_FILE", "") or os.environ.get("REQUESTS_CA_BUNDLE", "")


def _proxy_of(url: str) -> str:
    """Return the proxy that the environment names for an address, "" for none."""
    parts = urllib3.util.parse_url(url)
    if not parts.host or proxy_bypass(parts.netloc or parts.host):
        return ""
    proxies = getproxies()
    return proxies.get(parts.scheme or "", "") or proxies.get("all", "")


def _pool(proxy: str, authorities: str) -> urllib3.PoolManager:
    # One per process: connections are kept, and its making reads all certificates.
    with _MAKING:
        if (proxy, authorities) not in _POOLS:
            trust = _trust(authorities) if authorities else httpx2.create_ssl_context()
            how: dict[str, Any] = {"maxsize": CONNECTIONS, "ssl_context": trust}
            pool = urllib3.ProxyManager(proxy, **how) if proxy else urllib3.PoolManager(**how)
            _POOLS[proxy, authorities] = pool
        return _POOLS[proxy, authorities]


def _trust(authorities: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        refused = SourceRefused(
            f"the certificate authorities in {authorities} cannot be read: {error.strerror}",
            hint="correct SSL_CERT_FILE or REQUESTS_CA_BUNDLE, or unset it",
        )
        raise _Failed(Verdict(refused)) from error


def close_connections() -> None:
    """Close every connection of this process; the next request opens one again."""
    with _MAKING:
        while _POOLS:
            _POOLS.popitem()[1].clear()


def host_of(url: str) -> str:
    """Return the host of an address, which is all that messages say of it."""
    return urlsplit(url).hostname or "an address without host"


atexit.register(close_connections)
