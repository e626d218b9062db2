"""The past again, in the order in which it became known, without looking ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from aoi.area import Aoi
from aoi.interval import Interval
from monitor.catalogue import listing
from monitor.errors import SourceUnavailable
from monitor.pipeline import AreaRun, Pipeline, Progress
from monitor.ports import ImagerySource


@dataclass(frozen=True, slots=True)
class Step:
    """One tick of a replay."""

    at: datetime
    """The replay's clock, UTC: when something became available."""

    areas: tuple[Aoi, ...]


def steps(
    sources: Sequence[ImagerySource], areas: Sequence[Aoi], interval: Interval
) -> Iterator[Step]:
    """Yield the ticks of an interval, oldest first.

    The first, at its start, reads the history; then one for each instant at which
    a scene of an area became available; a last one, at its end, closes the ledger.
    The catalogue is asked only *when* scenes became available, not what they show.

    Raises
    ------
    SourceUnavailable
        If no source answers.
    """
    yield Step(interval.start, tuple(areas))
    due: dict[datetime, list[Aoi]] = {}
    for aoi in areas:
        for at in sorted(_available(sources, aoi, interval)):
            due.setdefault(at, []).append(aoi)
    for at in sorted(due):
        yield Step(at, tuple(due[at]))
    yield Step(interval.end, tuple(areas))


def replayed(
    pipeline: Pipeline,
    absorb: Callable[[datetime], object],
    ticks: Iterable[Step],
    progress: Progress | None = None,
) -> list[AreaRun]:
    """Run the ticks; nothing is published or sent.

    Parameters
    ----------
    pipeline : Pipeline
    absorb : callable
        Takes what a tick found, given the replay's clock.
    ticks : iterable of Step
    progress : Progress, optional
    """
    plan = list(ticks)
    runs: list[AreaRun] = []
    for number, step in enumerate(plan):
        if progress is not None:
            progress(number, len(plan), f"{step.at:%Y-%m-%d}")
        runs.extend(pipeline.run_due(step.at, only=step.areas))
        absorb(step.at)
    return runs


def _available(sources: Sequence[ImagerySource], aoi: Aoi, interval: Interval) -> set[datetime]:
    listed = listing(sources, aoi, interval, interval.end)
    if not listed.answered:
        reasons = "; ".join(f"{one.source}: {one.reason}" for one in listed.failures)
        raise SourceUnavailable(
            f"no imagery source answers: {reasons}", hint="see: emberwatch doctor"
        )
    known = {a.available_at for overpass in listed.overpasses for a in overpass}
    return {at for at in known if interval.start < at < interval.end}
