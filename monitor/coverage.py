"""Why an area was, or was not, seen on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class CoverageState(StrEnum):
    """One word for a day; the order is from best to worst known."""

    SEEN = "seen"
    CLOUDY = "cloudy"
    HELD = "held"
    NO_ACQUISITION = "no_acquisition"
    PROVIDER_DOWN = "provider_down"
    ERROR = "error"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class CoverageDay:
    """What was seen of one area on one UTC day."""

    aoi_id: str
    day: date
    state: CoverageState
    clear_fraction: float
    """Share of the area that was clear in the best look of the day, 0 to 1."""

    reason: str
    """A sentence for a person."""
