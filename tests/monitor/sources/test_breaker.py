from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.sources.breaker import Breaker, BreakerSettings, BreakerState
from tests.builders import NOW

SETTINGS = BreakerSettings(
    failures=3, pause=timedelta(minutes=5), longest_pause=timedelta(minutes=60)
)
MINUTE = timedelta(minutes=1)


def failed(times: int, breaker: Breaker | None = None) -> Breaker:
    breaker = breaker or Breaker()
    for _ in range(times):
        breaker = breaker.after_failure(NOW, "status 503", SETTINGS)
    return breaker


@pytest.mark.parametrize(
    ("failures", "pause_minutes"),
    [
        pytest.param(1, None, id="one is bad luck"),
        pytest.param(2, None, id="two"),
        pytest.param(3, 5, id="three are a pattern"),
        pytest.param(4, 10, id="twice as long"),
        pytest.param(5, 20, id="and again"),
        pytest.param(6, 40, id="and again"),
        pytest.param(7, 60, id="never more than an hour"),
        pytest.param(500, 60, id="after a week"),
    ],
)
def test_pauses_grow_with_failures_in_a_row(failures: int, pause_minutes: int | None) -> None:
    breaker = failed(failures)

    expected = None if pause_minutes is None else NOW + pause_minutes * MINUTE
    assert breaker.retry_at == expected
    assert breaker.reason == "status 503"


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        pytest.param(0, BreakerState.OPEN, id="at once"),
        pytest.param(4.99, BreakerState.OPEN, id="just before the end of the pause"),
        pytest.param(5, BreakerState.HALF_OPEN, id="at its end"),
        pytest.param(600, BreakerState.HALF_OPEN, id="long after"),
    ],
)
def test_after_the_pause_the_next_answer_decides(minutes: float, state: BreakerState) -> None:
    assert failed(3).state(NOW + minutes * MINUTE) is state


def test_a_provider_that_works_is_asked() -> None:
    assert Breaker().state(NOW) is BreakerState.CLOSED
    assert failed(2).state(NOW) is BreakerState.CLOSED


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_breaker_survives_being_written_down(failures: int) -> None:
    breaker = failed(failures)

    assert Breaker.from_json(breaker.as_json()) == breaker


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"retry_at": 5, "failures": 1}'])
def test_what_is_no_breaker_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Breaker.from_json(text)
