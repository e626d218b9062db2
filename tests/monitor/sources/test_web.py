"""Every fault of a web server, told by a real one."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
import urllib3

from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline
from monitor.sources.web import (
    Request,
    Unauthorised,
    WebSettings,
    close_connections,
    fetch,
)
from tests.monitor.sources.servers import Reply, Server, deaf, page, running, told

QUICK = WebSettings(
    connect_s=0.3, silence_s=0.3, total_s=5, tries=3, first_wait_s=0.001, longest_wait_s=0.2
)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        server.routes["/ok"] = lambda _: Reply(200, b"fine", {"X-Told": "yes"})
        yield server


def asked(url: str, web: WebSettings = QUICK, seconds: float = 5, **changes: object) -> bytes:
    request = Request(url, "provider, catalogue", **changes)  # type: ignore[arg-type]
    return fetch(request, web, Deadline(seconds, "the work")).body


def test_an_answer_comes_with_its_headers(server: Server) -> None:
    answer = fetch(Request(f"{server.url}/ok", "provider"), QUICK, Deadline(5, "the work"))

    assert answer.body == b"fine"
    assert answer.headers["x-told"] == "yes"


def test_a_request_says_nothing_of_who_asks(server: Server) -> None:
    asked(f"{server.url}/ok")

    agent = server.log[0].headers["user-agent"].lower()
    assert "emberwatch" not in agent
    assert "python" not in agent


def test_a_packed_answer_is_unpacked(server: Server) -> None:
    packed = Reply(200, gzip.compress(b"fine" * 500), {"Content-Encoding": "gzip"})
    server.routes["/packed"] = lambda _: packed

    assert asked(f"{server.url}/packed") == b"fine" * 500
    assert server.log[0].headers["accept-encoding"] == "gzip"


def test_a_small_answer_that_unpacks_without_end_is_refused(server: Server) -> None:
    packed = Reply(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"})
    server.routes["/bomb"] = lambda _: packed
    web = replace(QUICK, max_bytes=1_000_000)

    with pytest.raises(SourceRefused, match="exceeds 1000000 bytes"):
        asked(f"{server.url}/bomb", web)
    assert len(server.log) == 1


def test_the_proxy_of_the_environment_is_asked_instead(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.routes["/search"] = lambda _: Reply(200, b"by the proxy")
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert asked("http://catalogue.example/search") == b"by the proxy"
    assert server.log[0].path == "http://catalogue.example/search"
    assert asked(f"{server.url}/ok") == b"fine"
    assert server.log[1].path == "/ok"


def test_connections_are_kept_for_the_next_request(server: Server) -> None:
    close_connections()
    opened: list[object] = []
    connect = urllib3.util.connection.create_connection

    def counted(*how: Any, **more: Any) -> socket.socket:
        opened.append(how)
        return connect(*how, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urllib3.util.connection, "create_connection", counted)
        for _ in range(5):
            assert asked(f"{server.url}/ok") == b"fine"

    assert len(opened) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(server: Server, status: int) -> None:
    server.fail("/ok", Reply(status), times=2)

    assert asked(f"{server.url}/ok") == b"fine"
    assert len(server.log) == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_streak_of_failures_ends_as_unavailable(server: Server, status: int) -> None:
    server.fail("/ok", Reply(status, b"overloaded"), times=9)

    with pytest.raises(SourceUnavailable, match=f"provider, catalogue: .*{status}: overloaded"):
        asked(f"{server.url}/ok")
    assert len(server.log) == 3


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        pytest.param("0", False, id="seconds"),
        pytest.param("50", True, id="milliseconds"),
        pytest.param("Mon, 20 May 2024 12:00:00 GMT", False, id="a date that has passed"),
        pytest.param("in a while", False, id="garbled"),
        pytest.param(None, False, id="no header"),
    ],
)
def test_429_is_waited_out_whatever_its_header(
    server: Server, value: str | None, milliseconds: bool
) -> None:
    server.fail("/ok", Reply(429, headers={"Retry-After": value} if value else {}))
    web = WebSettings(first_wait_s=0.001, longest_wait_s=0.2, milliseconds=milliseconds)

    assert asked(f"{server.url}/ok", web) == b"fine"


@pytest.mark.parametrize("value", ["3600", "Fri, 31 Dec 2100 00:00:00 GMT"])
def test_a_wait_beyond_the_cap_is_left_to_the_next_run(server: Server, value: str) -> None:
    server.fail("/ok", Reply(429, headers={"Retry-After": value}), times=9)

    with pytest.raises(SourceUnavailable, match="too many requests"):
        asked(f"{server.url}/ok")
    assert len(server.log) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(Reply(reset=True), "provider, catalogue", id="connection reset"),
        pytest.param(Reply(silent_after=-1), r"no answer for 0\.3 s", id="hang before headers"),
        pytest.param(Reply(200, b"half of it", silent_after=4), r"no answer", id="hang mid-body"),
        pytest.param(Reply(200, b"short", declared_bytes=99), "incomplete|closed", id="cut short"),
    ],
)
def test_a_broken_line_is_tried_again_and_then_unavailable(
    server: Server, fault: Reply, words: str
) -> None:
    server.fail("/ok", fault, times=3)

    with pytest.raises(SourceUnavailable, match=words):
        asked(f"{server.url}/ok")
    assert len(server.log) == 3
    assert asked(f"{server.url}/ok") == b"fine"


def test_a_server_that_does_not_take_connections_is_unavailable() -> None:
    with deaf() as url, pytest.raises(SourceUnavailable, match=r"no connection within 0\.3 s"):
        asked(url)


def test_nobody_at_the_address_is_unavailable(server: Server) -> None:
    with running() as other:
        gone = other.url

    with pytest.raises(SourceUnavailable, match="provider, catalogue"):
        asked(gone)


def test_an_answer_that_drips_ends_at_the_deadline(server: Server) -> None:
    server.fail("/ok", Reply(200, b"x" * 1000, drip=True))

    with pytest.raises(SourceUnavailable, match=r"the work: given up after 0\.2 s"):
        asked(f"{server.url}/ok", seconds=0.2)


@pytest.mark.parametrize("status", [401, 403])
def test_no_access_is_said_at_once(server: Server, status: int) -> None:
    server.fail("/ok", Reply(status, b"expired"), times=2)

    with pytest.raises(Unauthorised, match=f"access refused, status {status}: expired"):
        asked(f"{server.url}/ok")
    assert len(server.log) == 1


def test_redirects_are_not_followed(server: Server) -> None:
    server.fail("/ok", Reply(302, headers={"Location": f"{server.url}/ok"}))

    with pytest.raises(SourceRefused, match="sent elsewhere"):
        asked(f"{server.url}/ok")
    assert len(server.log) == 1


def test_a_long_answer_is_refused_before_it_is_read(server: Server) -> None:
    server.fail("/ok", Reply(200, b"x" * 3000))

    with pytest.raises(SourceRefused, match="exceeds 1000 bytes"):
        asked(f"{server.url}/ok", WebSettings(max_bytes=1000))


@pytest.mark.parametrize(
    "url", ["gopher://127.0.0.1/", "http://[::1", "http://127.0.0.1:99999/", "no address"]
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="provider, catalogue"):
        asked(url)


def test_secrets_are_in_no_message_and_no_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail("/area/", Reply(400, b"bad key SECRET-KEY at 25.1,13.2"))

    with pytest.raises(SourceRefused) as caught:
        asked(f"{server.url}/area/SECRET-KEY/25.1,13.2", secrets=("SECRET-KEY", "25.1,13.2"))

    assert "SECRET" not in str(caught.value)
    assert "25.1" not in str(caught.value)
    assert "SECRET" not in caplog.text


def test_what_is_no_json_is_unavailable(server: Server) -> None:
    server.fail("/ok", page(), Reply(200, b"<>"))
    deadline = Deadline(5, "the work")

    for words in ("a web page", "no JSON"):
        answer = fetch(Request(f"{server.url}/ok", "provider"), QUICK, deadline)
        with pytest.raises(SourceUnavailable, match=words):
            answer.json("provider")


@pytest.fixture
def tls() -> Callable[[str], ssl.SSLContext]:
    """What makes a context for a server with a certificate for a name; ours is not trusted."""

    def context(name: str) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert(name).configure_cert(made)
        return made

    return context


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
def test_a_certificate_that_cannot_be_trusted_is_refused(
    tls: Callable[[str], ssl.SSLContext], name: str
) -> None:
    with running(tls=tls(name)) as server, pytest.raises(SourceRefused, match="certificate"):
        asked(f"{server.url}/ok")
    assert server.log == []


def test_a_name_that_the_certificate_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with authority.cert_pem.tempfile() as trusted, running(tls=context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        with pytest.raises(SourceRefused, match="certificate"):
            asked(f"{server.url}/ok")


def test_an_authority_of_ones_own_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with authority.cert_pem.tempfile() as trusted, running(tls=context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        server.routes["/ok"] = lambda _: told({"fine": True})

        assert asked(f"{server.url}/ok") == b'{"fine": true}'


@pytest.mark.parametrize("content", [None, "no certificates"])
def test_authorities_that_cannot_be_read_are_told(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(SourceRefused, match="certificate authorities"):
        asked(f"{server.url}/ok")
