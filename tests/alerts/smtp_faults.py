"""A mail server that fails on demand, and counts what it accepted: the client cannot know."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

CLOSE = "close"
"""Break the connection at this point instead of answering."""

SILENCE = "silence"
"""Answer nothing, until the client has gone."""

OFFERED = "250-faults.test\r\n250-SIZE 10240000\r\n250 ENHANCEDSTATUSCODES"

ANSWERS = {
    "banner": "220 faults.test ESMTP",
    "ehlo": OFFERED,
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go on",
    "dot": "250 2.0.0 queued as Q1",
    "noop": "250 ok",
    "rset": "250 ok",
    "quit": "221 bye",
    "starttls": "220 go",
    "auth": "235 2.7.0 ok",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that the server took for its own."""

    sender: str
    recipient: str
    raw: bytes


@dataclass(frozen=True)
class FaultServer:
    """Listens on a port of the loopback; each connection follows the next script."""

    port: int
    accepted: list[Taken] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Steps that clients reached, in order."""


@contextmanager
def fault_server(
    *scripts: Mapping[str, str], tls: ssl.SSLContext | None = None
) -> Iterator[FaultServer]:
    """Serve connections: the first by the first script, those after the last by the last.

    A script maps a step (``banner ehlo mail rcpt data body dot quit ...``) to what is
    answered instead: a reply, `CLOSE` or `SILENCE`. ``"dot+close"`` as a key with any
    value accepts the message, and breaks before the reply.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = FaultServer(listener.getsockname()[1])
        threads: list[threading.Thread] = []
        listener.settimeout(0.2)
        stop = threading.Event()
        accepting = threading.Thread(
            target=_accept, args=(listener, server, list(scripts) or [{}], tls, threads, stop)
        )
        accepting.start()
        try:
            yield server
        finally:
            stop.set()
            accepting.join()
            for thread in threads:
                thread.join(timeout=5)


def _accept(
    listener: socket.socket, server: FaultServer, scripts: list[Mapping[str, str]],
    tls: ssl.SSLContext | None, threads: list[threading.Thread], stop: threading.Event,
) -> None:  # fmt: skip
    served = 0
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        script = scripts[min(served, len(scripts) - 1)]
        served += 1
        thread = threading.Thread(target=_serve, args=(connection, server, script, tls))
        thread.start()
        threads.append(thread)


def _serve(
    connection: socket.socket, server: FaultServer, script: Mapping[str, str],
    tls: ssl.SSLContext | None,
) -> None:  # fmt: skip
    connection.settimeout(5)
    try:
        _Conversation(connection, server, script, tls).run()
    except OSError:
        pass
    finally:
        connection.close()


class _Conversation:
    def __init__(
        self, connection: socket.socket, server: FaultServer, script: Mapping[str, str],
        tls: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        self._socket = connection
        self._file = connection.makefile("rb")
        self._server = server
        self._script = script
        self._tls = tls
        self._sender = self._recipient = ""

    def run(self) -> None:
        going = self._answer("banner")
        while going:
            line = self._file.readline()
            if not line:
                return
            verb = line.split()[0].decode("ascii", "replace").lower() if line.split() else ""
            going = self._command(verb, line)

    def _command(self, verb: str, line: bytes) -> bool:
        step = "ehlo" if verb == "helo" else verb
        if step == "mail":
            if self._sender and "second mail" in self._script:
                return False
            self._sender = _address(line)
        elif step == "rcpt":
            self._recipient = _address(line)
        going = self._answer(step)
        if step == "starttls" and going and self._tls is not None:
            self._file.close()
            self._socket = self._tls.wrap_socket(self._socket, server_side=True)
            self._file = self._socket.makefile("rb")
        if step == "data" and going and self._script.get("data", "354").startswith("354"):
            return self._body()
        return going and step != "quit"

    def _body(self) -> bool:
        lines: list[bytes] = []
        while (line := self._file.readline()) != b".\r\n":
            if not line:
                return False
            if self._script.get("body") == CLOSE:
                self._server.seen.append("body")
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        reply = self._script.get("dot", ANSWERS["dot"])
        if reply.startswith("2") or "dot+close" in self._script:
            self._server.accepted.append(Taken(self._sender, self._recipient, b"".join(lines)))
        if "dot+close" in self._script:
            self._server.seen.append("dot")
            return False
        return self._answer("dot")

    def _answer(self, step: str) -> bool:
        self._server.seen.append(step)
        reply = self._script.get(step, ANSWERS.get(step, "500 unknown"))
        if reply == CLOSE:
            return False
        if reply == SILENCE:
            self._file.readline()
            return False
        for piece in f"{reply}\r\n".encode().split(b"\0"):
            self._socket.sendall(piece)
        return True


def _address(line: bytes) -> str:
    return line.decode().partition("<")[2].partition(">")[0]
