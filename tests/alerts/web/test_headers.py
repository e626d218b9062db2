from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from alerts.web.errors import TooLarge
from alerts.web.headers import MAX_FORM_BYTES, BodyLimit, SecureHeaders


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def framed(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"x-frame-options": "", "content-security-policy": "sandbox"}
    await Response(headers=headers)(scope, receive, send)


def client(**settings: object) -> TestClient:
    limits = {"max_upload_bytes": 1_000_000, "uploads": ("/aois",), **settings}
    return TestClient(BodyLimit(echo, **limits))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        pytest.param("/", MAX_FORM_BYTES, 200, id="a long note"),
        pytest.param("/", MAX_FORM_BYTES + 1, 413, id="too long a note"),
        pytest.param("/aois/new", 1_000_000, 200, id="a file where files are taken"),
        pytest.param("/aois/new", 1_300_000, 413, id="too large a file"),
    ],
)
def test_each_page_takes_as_much_as_it_needs(path: str, size: int, status: int) -> None:
    assert client().post(path, content=b"x" * size).status_code == status


def test_a_length_that_is_none_is_refused() -> None:
    answer = client().post("/", content=b"x", headers={"content-length": "-1"})

    assert answer.status_code == 413


def test_a_body_without_a_length_is_stopped_on_its_way() -> None:
    parts = (b"x" * 100_000 for _ in range(9))

    with pytest.raises(TooLarge):
        client().post("/", content=parts)


def test_a_page_may_choose_its_own_policy_and_no_page_can_forget_one() -> None:
    plain = TestClient(SecureHeaders(echo)).get("/").headers
    own = TestClient(SecureHeaders(framed)).get("/").headers

    assert plain["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in plain["content-security-policy"]
    assert own["content-security-policy"] == "sandbox"
    assert "x-frame-options" not in own


def test_browsers_are_told_to_keep_to_tls_only_where_there_is_some() -> None:
    plain = TestClient(SecureHeaders(echo)).get("/").headers
    over_tls = TestClient(SecureHeaders(echo, secure=True)).get("/").headers

    assert "strict-transport-security" not in plain
    assert over_tls["strict-transport-security"] == "max-age=31536000"
