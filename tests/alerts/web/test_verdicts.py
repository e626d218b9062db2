from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.alert import Alert, Review, Status
from alerts.web.verdicts import choice_of
from tests.alerts.conftest import House
from tests.builders import NOW


@pytest.fixture
def alert(house: House) -> Alert:
    return house.opened()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, "confirm reject unsure", id="new"),
        pytest.param({"outside": True}, "confirm unsure retract", id="people outside have it"),
        pytest.param(
            {"status": Status.CONFIRMED, "review": Review.YES, "needs_review": False,
             "released_at": NOW},
            "reject unsure",
            id="confirmed and done",
        ),
        pytest.param(
            {"status": Status.CONFIRMED, "review": Review.YES, "needs_review": True,
             "released_at": NOW},
            "confirm reject unsure",
            id="confirmed, and new evidence came",
        ),
        pytest.param(
            {"status": Status.CONFIRMED, "review": Review.YES, "reviewed_by": ("amina",)},
            "reject unsure",
            id="one's own first yes",
        ),
        pytest.param(
            {"status": Status.CONFIRMED, "review": Review.YES, "reviewed_by": ("ben",)},
            "confirm reject unsure",
            id="somebody else's first yes",
        ),
        pytest.param({"status": Status.ENDED, "outside": True}, "retract", id="ended"),
        pytest.param({"status": Status.REJECTED}, "", id="rejected"),
        pytest.param({"status": Status.RETRACTED, "outside": True}, "", id="retracted"),
    ],
)  # fmt: skip
def test_what_a_person_may_do(changes: dict[str, object], words: str, alert: Alert) -> None:
    choice = choice_of(replace(alert, **changes), "amina")  # type: ignore[arg-type]

    assert choice.words == words


def test_a_second_person_is_asked_for_by_name(alert: Alert) -> None:
    once = replace(alert, status=Status.CONFIRMED, review=Review.YES, reviewed_by=("ben",))

    assert (choice_of(once, "amina").second, choice_of(once, "amina").own) == (True, False)
    assert (choice_of(once, "ben").second, choice_of(once, "ben").own) == (True, True)
