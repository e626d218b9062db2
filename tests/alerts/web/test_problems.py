from __future__ import annotations

from alerts.web.problems import problem


def test_a_problem_is_what_rfc_9457_asks_for() -> None:
    answer = problem(422, "the bbox has three numbers", hint="give four", field="bbox")

    assert answer.media_type == "application/problem+json"
    assert b'"title":"Unprocessable' in answer.body
    assert b'"hint":"give four"' in answer.body
