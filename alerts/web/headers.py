"""What every answer carries, and how much every request may."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.web.errors import TooLarge
from alerts.web.guard import FOR_PROGRAMS
from alerts.web.problems import problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

# The file has its own policy, with the digests of its scripts; here only where it may stand.
MAP_POLICY = "sandbox allow-scripts; frame-ancestors 'self'"

ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not "no-referrer": browsers then send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}

MAX_FORM_BYTES = 200_000
TOO_LARGE = 413


class SecureHeaders:
    """Adds the headers that no page may forget; a page may set a stricter or its own value.

    Parameters
    ----------
    app : ASGIApp
    secure : bool
        True where people come over TLS: browsers then keep to it.
    """

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app = app
        tls = {"strict-transport-security": "max-age=31536000"} if secure else {}
        self._headers = {**ALWAYS, **tls}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if headers["x-frame-options"] == "":
                    del headers["x-frame-options"]
            await send(message)

        await self._app(scope, receive, sending)


class BodyLimit:
    """Refuses a body that is longer than its page takes, before it is read and while it is.

    Parameters
    ----------
    app : ASGIApp
    max_upload_bytes : int
    uploads : iterable of str
        Beginnings of the paths that take files.
    """

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int, uploads: Iterable[str] = ()) -> None:
        self._app = app
        self._max_upload_bytes = max_upload_bytes
        self._uploads = tuple(uploads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        takes_files = bool(self._uploads) and scope["path"].startswith(self._uploads)
        limit = self._max_upload_bytes + MAX_FORM_BYTES if takes_files else MAX_FORM_BYTES
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            await _too_large(scope["path"], limit)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _too_large(path: str, limit: int) -> Response:
    said = f"at most {limit} bytes are taken here"
    if not path.startswith(FOR_PROGRAMS):
        return PlainTextResponse(said, TOO_LARGE)
    return problem(TOO_LARGE, said, hint="send less")


def _counted(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise TooLarge(f"at most {limit} bytes are taken here", hint="send less")
        return message

    return counting
