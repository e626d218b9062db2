"""Upkeep of what the burn test rests on: baselines from archived looks, and calibration."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from aoi.area import Aoi
from aoi.settlement import Settlement
from monitor.archive import write_whole
from monitor.area_job import ArchivedLook, ScoredReading
from monitor.baseline import BaselineSettings
from monitor.baseline_file import write_baseline
from monitor.baseline_fit import fit_baseline
from monitor.blocks import block_sets
from monitor.calibration import (
    Calibration,
    calibration_from,
    calibration_table,
    shipped_calibration,
)
from monitor.detectors.burn_reading import VERSION
from monitor.errors import ConfigError
from monitor.finding import Finding, FindingKind
from monitor.persistence import PersistenceSettings, judge, usable
from monitor.recalibration import CONTEXT, QuietPlace, episodes, recalibrated, rejudged, reweighed
from monitor.shelf import Shelf

NAME = "calibration.json"

LEAST_YEARS = 300.0
"""Quiet settlement-years below which none of 0.01 a year says nothing (rule of three)."""

BEFORE = timedelta(days=60)
AFTER = timedelta(days=400)
"""Around a finding of a burn, confirmed or not, a settlement is no quiet place."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One track of one area after a rebuild."""

    aoi_id: str
    track: str
    looks: int
    """Archived looks that it was fitted on."""

    fitted: bool
    """False where they are too few for a season, or lack bands: the old state stays."""


def rebuilt_baselines(
    aoi: Aoi,
    settlements: Sequence[Settlement],
    looks: Sequence[ArchivedLook],
    folder: Path,
    now: datetime,
    settings: BaselineSettings | None = None,
) -> Iterator[Rebuilt]:
    """Fit the baseline of each track anew from its archived looks, and keep it.

    Parameters
    ----------
    aoi : Aoi
    settlements : sequence of Settlement
    looks : sequence of ArchivedLook
        Those that count, any order.
    folder : Path
        The data folder.
    now : datetime
        Looks younger than the quarantine are left out, UTC.
    settings : BaselineSettings, optional

    Raises
    ------
    ArchiveError
        If a look cannot be read or a state not be written; states before it are done.
    """
    chosen = settings or BaselineSettings()
    sets = block_sets(aoi, settlements)
    shelf = Shelf(folder, aoi.blocks, looks)
    for track in sorted({look.track for look in shelf.standing}):
        ripe = shelf.until(track, now - chosen.quarantine)
        baseline = None
        if len(ripe) >= chosen.least_looks:
            baseline = fit_baseline(ripe, sets, now)
        if baseline is not None:
            write_baseline(folder / "baselines", baseline)
        yield Rebuilt(aoi.aoi_id, track, len(ripe), baseline is not None)


def quiet_places(
    readings: Iterable[ScoredReading], findings: Iterable[Finding]
) -> list[QuietPlace]:
    """Return the settlements' quiet times, as this version of the test read them.

    Parameters
    ----------
    readings : iterable of ScoredReading
    findings : iterable of Finding
        Whatever was found, rejected or not: the time around a burn finding is left out.
    """
    burns: dict[str, list[datetime]] = defaultdict(list)
    for finding in findings:
        if finding.kind is FindingKind.BURN and finding.settlement_id is not None:
            burns[finding.settlement_id].append(finding.first_seen)
    places: dict[str, list[ScoredReading]] = defaultdict(list)
    for scored in readings:
        at, place = scored.reading.acquired_at, scored.reading.settlement_id
        if scored.reading.detector == VERSION and not any(
            start - BEFORE <= at <= start + AFTER for start in burns[place]
        ):
            places[place].append(scored)
    return [_quiet_place(kept) for kept in places.values()]


def _quiet_place(kept: Sequence[ScoredReading]) -> QuietPlace:
    seen = sorted((one.reading for one in kept), key=lambda r: r.acquired_at)
    gaps = (
        min(later.acquired_at - earlier.acquired_at, BEFORE) for earlier, later in pairwise(seen)
    )
    # A gap as long as a rule's memory was not watched.
    years = sum(gaps, timedelta()) / timedelta(days=365.25)
    return QuietPlace(
        readings=tuple(seen),
        burned={one.reading.look_id: one.burned_blocks for one in kept if one.burned_blocks.size},
        years=years,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """A calibration from quiet times of our own, beside the one in use."""

    years: float
    """Quiet settlement-years that it rests on."""

    looks: int
    raised: int
    """Alarms that the one in use raises in them, by looks alone: all of them false."""

    new: Calibration

    @property
    def raised_per_year(self) -> float:
        """False alarms per settlement-year of the calibration in use."""
        return self.raised / self.years

    @property
    def enough(self) -> bool:
        """True if so many years can speak of one false alarm in a hundred."""
        return self.years >= LEAST_YEARS


def recalibration_of(
    places: Sequence[QuietPlace], current: Calibration, settings: PersistenceSettings, words: str
) -> Recalibration:
    """Return what quiet times of our own say of the calibration, and one made from them.

    The weights of the evidence stay: quiet times cannot teach what a fire looks like.

    Raises
    ------
    ValueError
        If there are fewer than 200 clear looks, or no time between them.
    """
    looks = sum(len(usable(place.readings)) for place in places)
    years = sum(place.years for place in places)
    if years <= 0.0:
        raise ValueError("no quiet time has been watched yet")
    new = recalibrated(places, words, settings, current.weights)
    raised = sum(_alarms(place, current, settings) for place in places)
    return Recalibration(years, looks, raised, new)


def _alarms(place: QuietPlace, calibration: Calibration, settings: PersistenceSettings) -> int:
    readings = [
        rejudged(r, calibration) for r in reweighed(usable(place.readings), calibration.weights)
    ]
    at = [
        reading.acquired_at
        for index, reading in enumerate(readings)
        if judge(
            readings[max(0, index - CONTEXT) : index + 1], place.burned, (), settings, calibration
        )
    ]
    return len(episodes([(instant, 0.0) for instant in at]))


def write_calibration(folder: Path, calibration: Calibration) -> Path:
    """Keep a calibration in the data folder, whole or not at all.

    Raises
    ------
    ArchiveError
        If the folder cannot be written.
    """
    path = folder / NAME
    write_whole(path, (json.dumps(calibration_table(calibration), indent=0) + "\n").encode())
    return path


def calibration_in(folder: Path) -> Calibration:
    """Return the calibration of the data folder, the shipped one where it has none.

    Raises
    ------
    ConfigError
        If the file is damaged, or of another version of the program.
    """
    path = folder / NAME
    try:
        table: Mapping[str, object] = json.loads(path.read_bytes())
        return calibration_from(table)
    except FileNotFoundError:
        return shipped_calibration()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the calibration in {path} cannot be used: {error}",
            hint="remove the file to return to the shipped one, or: emberwatch recalibrate",
        ) from error
