"""What became of one run over one area."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """Failure, no imagery, clouds and a completed run are four different words."""

    COMPLETED = "completed"
    NO_IMAGERY = "no_imagery"
    TOO_CLOUDY = "too_cloudy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One area, looked at once."""

    run_id: str
    aoi_id: str
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    reason: str
    """A sentence for a person: what was read, or why nothing could be."""

    scene_ids: tuple[str, ...] = ()
    look_ids: tuple[str, ...] = ()
    finding_ids: tuple[str, ...] = ()
    clear_fraction: float | None = None
    """Share of the area that its best look of the run saw, 0 to 1; None without a look."""
