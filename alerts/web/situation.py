"""What happened in some areas over a period, and what was seen of them: for a printed page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Engine, func, select

from alerts.alert import WITHDRAWN, Alert, Review, Status
from alerts.disclosure import TLPS, Tlp, tlp_of
from alerts.queue import Wanted
from alerts.web.parts import Parts
from alerts.web.watched import Named
from aoi.database import reading
from aoi.errors import InvalidAoi
from monitor.coverage import CoverageState
from monitor.tables import COVERAGE_DAYS

MAX_DAYS = 366
LISTED = 100
TICK = timedelta(microseconds=1)
STANDING = frozenset(Status) - WITHDRAWN
NOT_LOOKED_AT = (CoverageState.ERROR, CoverageState.PROVIDER_DOWN, CoverageState.NOT_RUN)


@dataclass(frozen=True, slots=True)
class Situation:
    """The numbers and rows of one report."""

    start: date
    end: date
    """Last day of the period, included."""

    groups: tuple[Named, ...]
    alerts: tuple[Alert, ...]
    """What may have changed in the period and stands, latest first; at most `LISTED`."""

    found: int
    """Alerts of the period, also those that were withdrawn."""

    confirmed: int
    waiting: int
    withdrawn: int
    days: Counter[CoverageState]
    """Days of areas by what was seen of them."""

    @property
    def label(self) -> Tlp:
        """The strictest label of its alerts: the page may travel no further than any of them."""
        return max((tlp_of(alert) for alert in self.alerts), key=TLPS.index, default=Tlp.AMBER)

    @property
    def total_days(self) -> int:
        return sum(self.days.values())

    @property
    def seen_percent(self) -> int:
        """Share of the days that were seen, rounded down: never more than was."""
        return 100 * self.days[CoverageState.SEEN] // max(self.total_days, 1)

    @property
    def failed_days(self) -> int:
        return sum(self.days[state] for state in NOT_LOOKED_AT)


def situation(parts: Parts, groups: Sequence[Named], start: date, end: date) -> Situation:
    """Return what a report on these areas says; both days are included.

    Raises
    ------
    InvalidAoi
        If the period has no day, or too many.
    """
    if not 0 <= (end - start).days < MAX_DAYS:
        raise InvalidAoi(
            f"{start} to {end} is no period of 1 to {MAX_DAYS} days", hint="choose other days"
        )
    ids = [aoi_id for group in groups for aoi_id in group.tile_ids]
    of_period = Wanted(
        waiting=False,
        areas=frozenset(ids),
        # Of an interval its end alone belongs to it, of a day its midnight does not.
        since=datetime.combine(start, time(), UTC) + TICK,
        until=datetime.combine(end + timedelta(days=1), time(), UTC) - TICK,
    )
    tally = Counter(parts.queue.tally(of_period))
    standing = {key: count for key, count in tally.items() if key[0] not in WITHDRAWN}
    confirmed = sum(count for key, count in standing.items() if _is_confirmed(*key))
    return Situation(
        start=start,
        end=end,
        groups=tuple(groups),
        alerts=tuple(parts.queue.page(replace(of_period, statuses=STANDING), LISTED)),
        found=tally.total(),
        confirmed=confirmed,
        waiting=sum(standing.values()) - confirmed,
        withdrawn=tally.total() - sum(standing.values()),
        days=_days(parts.database, ids, start, end),
    )


def _days(engine: Engine, ids: Sequence[str], start: date, end: date) -> Counter[CoverageState]:
    """Count days of areas by what was seen; days without a row were not run."""
    query = (
        select(COVERAGE_DAYS.c.state, func.count())
        .where(COVERAGE_DAYS.c.aoi_id.in_(ids), COVERAGE_DAYS.c.day.between(start, end))
        .group_by(COVERAGE_DAYS.c.state)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    counts = Counter({CoverageState(state): int(count) for state, count in rows})
    counts[CoverageState.NOT_RUN] += len(ids) * ((end - start).days + 1) - counts.total()
    return counts


def _is_confirmed(status: Status, review: Review) -> bool:
    return status in (Status.CONFIRMED, Status.ENDED) and review is Review.YES
