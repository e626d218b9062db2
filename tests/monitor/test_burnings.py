from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine as Database

from monitor.burnings import past_burnings, with_history
from monitor.finding import Finding, FindingKind, Tier
from monitor.store import MonitorStore
from tests.builders import NOW, a_finding, days_ago


def burned(days: float, **changes: Any) -> Finding:
    return a_finding(first_seen=days_ago(days), last_seen=days_ago(days), **changes)


@pytest.mark.parametrize(
    ("findings", "nth", "days"),
    [
        pytest.param([], 1, None, id="never before"),
        pytest.param([burned(100)], 2, 100, id="once, a hundred days ago"),
        pytest.param([burned(100), burned(95), burned(400)], 3, 95, id="twice, one seen twice"),
        pytest.param([burned(10)], 1, None, id="this very burning"),
        pytest.param([burned(100, tier=Tier.C)], 1, None, id="never sure"),
        pytest.param([burned(100, kind=FindingKind.HOTSPOTS)], 1, None, id="heat is no burning"),
    ],
)
def test_the_how_manieth_burning_it_is(
    findings: list[Finding], nth: int, days: float | None
) -> None:
    quoted = past_burnings(findings, NOW)

    assert quoted["nth_burning"] == nth
    assert quoted.get("days_since_last_burning") == days


def test_a_finding_keeps_its_own_figures_beside_those_of_the_past(db: Database) -> None:
    store = MonitorStore(db)
    store.add_findings([burned(100)], days_ago(100))

    found = with_history(a_finding(indicators={"p": 0.01}), store)

    # First seen two days ago.
    assert found.indicators == {"p": 0.01, "nth_burning": 2, "days_since_last_burning": 98}


def test_a_camp_has_no_burnings_to_count(db: Database) -> None:
    camp = a_finding(kind=FindingKind.CAMP_NEW)

    assert with_history(camp, MonitorStore(db)) is camp
