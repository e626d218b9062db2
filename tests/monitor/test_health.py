from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from monitor.health import reported


def calls(server: HTTPServer) -> list[tuple[str, str]]:
    return [(request.path, request.args["rid"]) for request, _ in server.log]


def works() -> None:
    return None


def fails() -> None:
    raise ValueError("as told")


@pytest.mark.parametrize(("work", "last"), [(works, "/ping/7"), (fails, "/ping/7/fail")])
def test_start_and_end_of_a_run_are_told_with_one_identifier(
    httpserver: HTTPServer, work: Callable[[], None], last: str
) -> None:
    httpserver.expect_request("/ping/7/start").respond_with_data("ok")
    httpserver.expect_request(last).respond_with_data("ok")

    try:
        with reported(httpserver.url_for("/ping/7")):
            work()
    except ValueError:
        assert work is fails

    (start, one), (end, two) = calls(httpserver)
    assert (start, end) == ("/ping/7/start", last)
    assert one == two and len(one) == 36
    assert [len(request.args) for request, _ in httpserver.log] == [1, 1]


def test_an_address_that_does_not_answer_harms_nothing(httpserver: HTTPServer) -> None:
    done = []

    with reported(httpserver.url_for("/nowhere")):
        done.append("work")
    with reported("http://127.0.0.1:1/refused"):
        done.append("more")

    assert done == ["work", "more"]


def test_without_an_address_nothing_is_called(httpserver: HTTPServer) -> None:
    with reported(""):
        pass

    assert httpserver.log == []
