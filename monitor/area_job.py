"""What one run over one area is given, and what it gives back: values only.

A job goes to a worker process or another machine and a report comes back; the
database stays with the one who submitted it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aoi.area import Aoi
from aoi.settlement import Settlement
from monitor.calibration import Calibration
from monitor.camps.settings import CampSettings
from monitor.coverage import CoverageDay
from monitor.detectors.burn import BurnSettings
from monitor.detectors.fires import FireSettings
from monitor.detectors.sar_stack import SarSettings
from monitor.finding import Finding
from monitor.ports import HotspotSource, ImagerySource
from monitor.reading import Reading
from monitor.run import Run

BlockIndices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How far back a run looks, and when a day counts as seen."""

    lookback: timedelta = timedelta(days=30)
    """Acquisitions of this span before a run are read if they are new: late ones are found."""

    history: timedelta = timedelta(days=1100)
    """Span of older acquisitions that the first run of an area reads for its baselines."""

    window: timedelta = timedelta(days=60)
    """Readings of this span before the newest one decide on a finding."""

    min_seen_fraction: float = 0.2
    """Least clear share of the area, 0 to 1, for a day to count as seen."""

    chip_margin_m: float = 1_500.0
    """Pixels are kept as evidence this far around a settlement."""


def search_start(now: datetime, searched_until: date | None, settings: WatchSettings) -> datetime:
    """Return from when acquisitions are searched.

    The first run reads the history for its baselines; later ones look back far
    enough for late scenes, and over any outage.
    """
    if searched_until is None:
        return now - settings.history
    outage = datetime.combine(searched_until, time(), tzinfo=UTC)
    return max(min(now - settings.lookback, outage), now - settings.history)


@dataclass(frozen=True, slots=True)
class ArchivedLook:
    """One archived look, as the database knows it."""

    look_id: str
    aoi_id: str
    track: str
    platform: str
    acquired_at: datetime
    available_at: datetime
    known_at: datetime
    """When the service had it, UTC: late for a scene that was published late."""

    path: str
    """File below the data folder, relative to it."""

    sha256: str
    clear_fraction: float
    """Share of the area (not of the scene) that it saw, 0 to 1."""

    held_reason: str
    """Why the whole look is suspect; empty if it is not."""

    provider: str
    scene_ids: tuple[str, ...]
    grid: str = ""
    """Its blocks, as text: an area that is drawn anew has others, and its looks begin anew."""

    scored: bool = True
    """False for history that was read for the baselines only."""

    superseded_by: str | None = None
    """The look of the same acquisition that replaced it, after re-processing or more tiles."""


@dataclass(frozen=True, slots=True)
class SceneProblem:
    """A scene that could not be read."""

    aoi_id: str
    scene_id: str
    provider: str
    acquired_at: datetime | None
    """None if the catalogue's entry is too damaged to say."""

    reason: str
    hint: str
    temporary: bool
    """True if the source said that trying again may help."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredReading:
    """A reading and the blocks that looked burned in it."""

    reading: Reading
    burned_blocks: BlockIndices
    """Flat indices into the grid of blocks of the area."""


@dataclass(frozen=True, slots=True, eq=False)
class AreaJob:
    """Everything that one run over one area needs."""

    aoi: Aoi
    settlements: tuple[Settlement, ...]
    now: datetime
    """Nothing that became available later is read: a replay does not look ahead."""

    sources: tuple[ImagerySource, ...]
    """By preference; the next one is asked when one fails."""

    hotspot_sources: tuple[HotspotSource, ...]
    folder: Path
    """The data folder, below which looks, chips and baselines are archived."""

    looks: tuple[ArchivedLook, ...]
    """What is archived already and still counts, oldest first."""

    readings: tuple[ScoredReading, ...]
    """Of the last `WatchSettings.window`, oldest first."""

    frozen_settlement_ids: frozenset[str]
    """Settlements with a recent finding: their blocks must not teach the baseline."""

    covered_until: date | None
    """Last day in the coverage ledger, None if the area was never run."""

    searched_until: date | None
    """Last day for which a catalogue answered: an outage is made up for from here."""

    settings: WatchSettings
    burn: BurnSettings
    calibration: Calibration
    fires: FireSettings = field(default_factory=FireSettings)
    sar: SarSettings = field(default_factory=SarSettings)
    camp: CampSettings = field(default_factory=CampSettings)
    earlier_findings: tuple[Finding, ...] = ()
    """Of the area: camps that were found, and what explains or repeats a new finding."""


@dataclass(frozen=True, slots=True, eq=False)
class AreaReport:
    """Everything that one run over one area found out."""

    run: Run
    coverage: tuple[CoverageDay, ...]
    looks: tuple[ArchivedLook, ...] = ()
    superseded: Mapping[str, str] = field(default_factory=dict)
    """Look id to the id of the look that replaces it."""

    readings: tuple[ScoredReading, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[SceneProblem, ...] = ()
