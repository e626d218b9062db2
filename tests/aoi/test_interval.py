from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoi.interval import Interval, require_utc
from tests.builders import NOW, days_ago

INSTANTS = st.integers(-10_000_000, 10_000_000).map(lambda s: NOW + timedelta(seconds=s))
INTERVALS = (
    st.tuples(INSTANTS, INSTANTS)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Interval(min(pair), max(pair)))
)


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    day = Interval(days_ago(1), NOW)

    assert day.contains(day.start)
    assert day.contains(NOW - timedelta(microseconds=1))
    assert not day.contains(NOW)


@pytest.mark.parametrize(
    ("start", "end"),
    [(NOW, NOW), (NOW, days_ago(1))],
    ids=["no length", "ends before it starts"],
)
def test_an_interval_has_a_length(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="starts before it ends"):
        Interval(start, end)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=2))], ids=["naive", "Khartoum"])
def test_an_instant_of_another_zone_is_refused(zone: timezone | None) -> None:
    elsewhere = NOW.replace(tzinfo=zone)

    with pytest.raises(ValueError, match="the start of an interval is in UTC, got 2024-05-20"):
        Interval(elsewhere, NOW + timedelta(days=1))
    with pytest.raises(ValueError, match="a date is in UTC"):
        require_utc(elsewhere, "a date")


def test_ending_gives_the_span_before_an_instant() -> None:
    assert Interval.ending(NOW, timedelta(days=3)) == Interval(days_ago(3), NOW)
    assert Interval.ending(NOW, timedelta(days=3)).length == timedelta(days=3)


def test_intervals_that_touch_share_nothing() -> None:
    first, second = Interval(days_ago(2), days_ago(1)), Interval(days_ago(1), NOW)

    assert not first.meets(second)
    assert first.intersection(second) is None
    assert first.union(second) == Interval(days_ago(2), NOW)


def test_an_interval_is_written_as_iso_8601() -> None:
    assert str(Interval(days_ago(1), NOW)) == "2024-05-19T12:00Z/2024-05-20T12:00Z"


@given(INTERVALS, INTERVALS)
def test_meeting_and_intersecting_agree_both_ways(first: Interval, second: Interval) -> None:
    shared = first.intersection(second)

    assert (shared is not None) == first.meets(second) == second.meets(first)
    assert shared == second.intersection(first)


@given(INTERVALS, INTERVALS, INSTANTS)
def test_an_instant_of_both_lies_in_the_intersection(
    first: Interval, second: Interval, instant: datetime
) -> None:
    shared = first.intersection(second)

    in_both = first.contains(instant) and second.contains(instant)
    assert in_both == (shared is not None and shared.contains(instant))


@given(INTERVALS, INTERVALS)
def test_the_union_is_the_shortest_span_that_holds_both(first: Interval, second: Interval) -> None:
    union = first.union(second)

    assert union.intersection(first) == first
    assert union.intersection(second) == second
    assert union.start in (first.start, second.start)
    assert union.end in (first.end, second.end)
