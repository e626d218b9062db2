"""Programs that send anything: what is right is answered as described, what is wrong is refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts.alert import Alert
from alerts.web.parts import Parts
from alerts.web.site import site
from tests.alerts.web.conftest import Browse
from tests.alerts.web.pages.test_api import alert as alert
from tests.alerts.web.pages.test_api import program
from tests.builders import NOW

CHECKS = [
    not_a_server_error, content_type_conformance, response_schema_conformance,
    status_code_conformance,
]  # fmt: skip
FUZZED = settings(
    max_examples=15, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_whatever_a_program_sends_the_api_answers_as_it_is_described(
    parts: Parts, alert: Alert
) -> None:
    secret = parts.api_keys.make("fuzz", "restricted", "olga", NOW, None, "analyst")[1]
    headers = {"authorization": f"Bearer {secret}", "host": "127.0.0.1"}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", site(parts), headers=headers)

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)

        @given(case=strategy)
        @FUZZED
        def answers(case: Any) -> None:
            response = case.call(headers=headers)
            assert response.status_code < 500
            case.validate_response(response, checks=CHECKS)

        answers()


def test_whatever_is_wrong_is_refused_as_a_problem_and_changes_nothing(
    parts: Parts, alert: Alert
) -> None:
    secret = parts.api_keys.make("fuzz", "restricted", "olga", NOW, None, "analyst")[1]
    headers = {"authorization": f"Bearer {secret}", "host": "127.0.0.1"}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", site(parts), headers=headers)
    statuses: Counter[int] = Counter()

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        strategy = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @given(case=strategy)
        @FUZZED
        def refuses(case: Any) -> None:
            response = case.call(headers=headers)
            statuses[response.status_code] += 1
            require_problem(response)

        refuses()

    assert parts.alerts.alert(alert.event_id).revision == alert.revision
    assert statuses[422] + statuses[404] > 30, statuses


def test_what_is_no_request_at_all_is_refused_as_a_problem_too(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    machine = program(parts, browse, role="analyst").client
    path = f"/api/alerts/{alert.event_id}/verdict"

    answers = [
        machine.post(path, content=body, headers={"content-type": kind})
        for body, kind in (
            (b"{", "application/json"),
            (b"[" * 100_000, "application/json"),
            (b'{"verdict": "confirm", "revision": 1e400}', "application/json"),
            (b"\xff\xfe", "application/json"),
            (b"verdict=confirm", "application/x-www-form-urlencoded"),
            (b"x" * 300_000, "application/json"),
            (b"--x\r\n", "multipart/form-data; boundary=x"),
        )
    ]
    answers += [machine.delete(path), machine.get("/api/nothing"), machine.put("/api/areas")]

    for answer in answers:
        assert answer.status_code >= 400
        require_problem(answer)
    assert parts.alerts.alert(alert.event_id).revision == alert.revision


LISTS = (
    "/ogc", "/ogc/collections", "/ogc/collections/alerts", "/ogc/collections/alerts/items",
    "/ogc/collections/aois/items", "/ogc/collections/settlements/items", "/api/alerts",
)  # fmt: skip
WRONG = (
    "0,0,0,0", "1,2,3", "nan,0,1,1", "-1", "1e9", "9" * 30, "../..", "2024-13-01/..",
    "180,-90,-180,90", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00",
)  # fmt: skip


def test_whatever_is_asked_of_a_list_it_is_answered_or_refused_as_a_problem(
    parts: Parts, alert: Alert, browse: Browse
) -> None:
    machine = program(parts, browse, role="analyst").client
    names = st.sampled_from(["bbox", "datetime", "limit", "offset", "f", "crs", "kind", "x"])
    values = st.text(max_size=40) | st.sampled_from(WRONG)

    @given(path=st.sampled_from(LISTS), query=st.dictionaries(names, values, max_size=3))
    @settings(FUZZED, max_examples=80)
    def answers(path: str, query: dict[str, str]) -> None:
        require_problem(machine.get(path, params=query))

    answers()


def require_problem(response: Any) -> None:
    """What is no answer says what is wrong in the form of RFC 9457."""
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        # One name, or a list of one where schemathesis asked.
        assert "application/problem+json" in response.headers["content-type"], response.text
        body = response.json()
        assert body["status"] == response.status_code
        assert body["detail"]
