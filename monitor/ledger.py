"""The coverage ledger: for every day, seen, or why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from monitor.area_job import ArchivedLook, SceneProblem
from monitor.coverage import CoverageDay, CoverageState

_DAY = timedelta(days=1)

Dated = TypeVar("Dated", ArchivedLook, SceneProblem)


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` to `last`, both included."""
    while first <= last:
        yield first
        first += _DAY


def searched_days(
    aoi_id: str,
    days: Collection[date],
    looks: Sequence[ArchivedLook],
    problems: Sequence[SceneProblem],
    min_seen_fraction: float,
) -> list[CoverageDay]:
    """Return what is known of days for which a catalogue answered.

    Parameters
    ----------
    aoi_id : str
    days : collection of date
        Days that the search covered.
    looks : sequence of ArchivedLook
        Standing looks of the area, also of other days.
    problems : sequence of SceneProblem
        Scenes that the catalogue lists and that could not be read.
    min_seen_fraction : float
        Least clear share of the area, 0 to 1, for a day to count as seen.
    """
    looks_of = _by_day(looks)
    problems_of = _by_day(problems)
    return [
        _looked_at(aoi_id, day, looks_of[day], min_seen_fraction)
        if day in looks_of
        else _without_look(aoi_id, day, problems_of.get(day, []))
        for day in sorted(days)
    ]


def unsearched_days(
    aoi_id: str, state: CoverageState, reason: str, *, after: date | None, until: date
) -> list[CoverageDay]:
    """Return the days after `after` (None: only the last) that no catalogue was asked about."""
    first = until if after is None else after + _DAY
    return [CoverageDay(aoi_id, day, state, 0.0, reason) for day in days_between(first, until)]


def without_gaps(
    ledger: Sequence[CoverageDay], aoi_ids: Collection[str], first: date, last: date
) -> list[CoverageDay]:
    """Return the ledger with a row for every area and day; missing ones were not run."""
    known = {(entry.aoi_id, entry.day): entry for entry in ledger}
    reason = "the service did not run for this area on this day"
    return [
        known.get((aoi_id, day)) or CoverageDay(aoi_id, day, CoverageState.NOT_RUN, 0.0, reason)
        for aoi_id in sorted(aoi_ids)
        for day in days_between(first, last)
    ]


def _looked_at(
    aoi_id: str, day: date, looks: Sequence[ArchivedLook], min_seen_fraction: float
) -> CoverageDay:
    trusted = [look for look in looks if not look.held_reason]
    if not trusted:
        best = max(looks, key=lambda look: look.clear_fraction)
        reason = f"held back: {best.held_reason}"
        return CoverageDay(aoi_id, day, CoverageState.HELD, best.clear_fraction, reason)
    best = max(trusted, key=lambda look: look.clear_fraction)
    seen = best.clear_fraction >= min_seen_fraction
    state = CoverageState.SEEN if seen else CoverageState.CLOUDY
    reason = f"{best.clear_fraction:.0%} of the area was clear to {best.platform}"
    return CoverageDay(aoi_id, day, state, best.clear_fraction, reason)


def _without_look(aoi_id: str, day: date, problems: Sequence[SceneProblem]) -> CoverageDay:
    if problems:
        return CoverageDay(aoi_id, day, CoverageState.ERROR, 0.0, problems[0].reason)
    reason = "no scene was listed for this day"
    return CoverageDay(aoi_id, day, CoverageState.NO_ACQUISITION, 0.0, reason)


def _by_day(entries: Sequence[Dated]) -> Mapping[date, list[Dated]]:
    days: dict[date, list[Dated]] = {}
    for entry in entries:
        if entry.acquired_at is not None:
            days.setdefault(entry.acquired_at.date(), []).append(entry)
    return days
