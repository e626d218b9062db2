from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Status
from alerts.grading import Rank, certainty_of, severity_of, severity_score
from monitor.finding import FindingKind
from tests.builders import a_finding


@pytest.mark.parametrize(
    ("fraction", "area_m2", "severity"),
    [
        pytest.param(0.099, 90_000, "minor", id="under a tenth of the village"),
        pytest.param(0.10, 90_000, "moderate", id="a tenth"),
        pytest.param(0.33, 90_000, "severe", id="a third"),
        pytest.param(0.66, 90_000, "extreme", id="two thirds"),
        pytest.param(None, 9_999, "minor", id="new place under a hectare"),
        pytest.param(None, 10_000, "moderate", id="new place of a hectare"),
        pytest.param(None, 40_000, "severe", id="new place of 4 ha"),
        pytest.param(None, 160_000, "extreme", id="new place of 16 ha"),
    ],
)
def test_severity_grows_with_the_changed_share_or_area(
    fraction: float | None, area_m2: float, severity: str
) -> None:
    assert severity_of(a_finding(settlement_fraction=fraction, area_m2=area_m2)) == severity


def test_hotspots_alone_are_never_worse_than_moderate() -> None:
    assert severity_of(a_finding(kind=FindingKind.HOTSPOTS, settlement_fraction=0.9)) == "moderate"


def test_the_score_of_a_new_place_reaches_one_at_16_ha() -> None:
    assert severity_score(a_finding(settlement_fraction=None, area_m2=40_000)) == 0.25
    assert severity_score(a_finding(settlement_fraction=None, area_m2=900_000)) == 1.0


def test_certainty_says_who_has_looked() -> None:
    assert [certainty_of(status) for status in (Status.FIRST, Status.PROVISIONAL)] == [
        "possible",
        "likely",
    ]
    assert certainty_of(Status.CONFIRMED) == certainty_of(Status.ENDED) == "observed"


ranks = st.builds(Rank, st.integers(-1, 2), st.integers(-1, 3), st.integers(-1, 2))


@given(ranks, ranks)
def test_the_join_of_two_ranks_is_exceeded_by_neither(one: Rank, other: Rank) -> None:
    joined = one.joined(other)

    assert not one.exceeds(joined)
    assert not other.exceeds(joined)
    assert one.joined(one) == one
