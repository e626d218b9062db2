"""A web server of ours on 127.0.0.1 that serves files by range and misbehaves on demand."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""

    body: bytes = b""

    @property
    def range(self) -> str:
        return self.headers.get("range", "")

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent; further fields are faults."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    declared_bytes: int | None = None
    """Content-Length that is sent; None: that of the body."""

    reset: bool = False
    """Break the connection off without an answer."""

    silent_after: int | None = None
    """Bytes of the body after which nothing more comes; -1: not even headers."""

    drip: bool = False
    """One byte of the body at a time, each after a pause."""


def told(answer: object, status: int = 200, **headers: str) -> Reply:
    """Return a reply of JSON."""
    return Reply(
        status, json.dumps(answer).encode(), {"Content-Type": "application/json", **headers}
    )


def page(status: int = 200) -> Reply:
    """Return a web page made for people."""
    body = b"<!DOCTYPE html><html><body>We are sorry</body></html>"
    return Reply(status, body, {"Content-Type": "text/html"})


Route = Callable[[Asked], Reply]


class Server:
    """Serves a folder; `routes` answer before it, `faults` before everything."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.routes: dict[str, Route] = {}
        """Path to what answers it; one that ends with a slash answers for all below it."""

        self.faults: list[tuple[str, Reply | Callable[[Asked, Reply], Reply]]] = []
        """Pattern of a path and what the next request for it gets, in order; each once."""

        self.log: list[Asked] = []
        self.url = ""
        self.ended = threading.Event()

    def fail(
        self, pattern: str, *replies: Reply | Callable[[Asked, Reply], Reply], times: int = 1
    ) -> None:
        """Give `replies` to the next requests whose path contains `pattern`."""
        self.faults += [(pattern, reply) for _ in range(times) for reply in replies]

    def paths(self, part: str = "") -> list[str]:
        """Return the paths asked for so far that contain `part`."""
        return [asked.path for asked in self.log if part in asked.path]

    def reply(self, asked: Asked) -> Reply:
        self.log.append(asked)
        for place, (pattern, fault) in enumerate(self.faults):
            if pattern in asked.path:
                del self.faults[place]
                return fault if isinstance(fault, Reply) else fault(asked, self._usual(asked))
        return self._usual(asked)

    def _usual(self, asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        for start, route in self.routes.items():
            if path == start or (start[:-1] and start.endswith("/") and path.startswith(start)):
                return route(asked)
        file = self.folder and self.folder / path.lstrip("/")
        if not file or not file.is_file():
            return Reply(404, b"no such file")
        return _part(file.read_bytes(), asked.range)


def _part(content: bytes, wanted: str) -> Reply:
    headers = {"Content-Type": "image/tiff", "ETag": f'"{len(content)}"', "Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(wanted)
    if not found:
        return Reply(200, content, headers)
    first, last = int(found[1]), min(int(found[2]), len(content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Reply(206, content[first : last + 1], headers)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        house = cast(_House, self.server).house
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(length))
        try:
            self._send(house, house.reply(asked))
        except OSError:
            self.close_connection = True  # the client went away, as some tests want

    do_GET = do_POST = do_HEAD = _answer  # names of http.server

    def _send(self, house: Server, reply: Reply) -> None:
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        if reply.silent_after == -1:
            house.ended.wait(20)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        declared = len(reply.body) if reply.declared_bytes is None else reply.declared_bytes
        self.send_header("Content-Length", str(declared))
        self.end_headers()
        self._send_body(house, reply)
        if declared != len(reply.body):
            self.close_connection = True

    def _send_body(self, house: Server, reply: Reply) -> None:
        if reply.drip:
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                if house.ended.wait(0.02):
                    break
            self.close_connection = True
        elif reply.silent_after is not None:
            self.wfile.write(reply.body[: reply.silent_after])
            self.wfile.flush()
            house.ended.wait(20)
            self.close_connection = True
        else:
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the log of requests is kept by the server."""


class _House(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    house: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that broke off."""


@contextmanager
def running(folder: Path | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server until the block ends."""
    server = Server(folder)
    with _House(("127.0.0.1", 0), _Connection) as listener:
        listener.house = server
        if tls is not None:
            listener.socket = tls.wrap_socket(listener.socket, server_side=True)
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        server.url = f"{scheme}://{host}:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            listener.shutdown()
            thread.join()


@contextmanager
def deaf() -> Iterator[str]:
    """Give an address whose port never completes a connection: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(2)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for filler in fillers:
                filler.close()
