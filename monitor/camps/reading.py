"""What one look says of one camp."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CampReading:
    """One camp in one look."""

    look_id: str
    at: datetime
    fall: float
    """Share of the sign of its shelters that it lacks; NaN where not measured."""

    texture_fall: float
    """The same of texture alone; NaN where it has none."""

    greening: float
    """NDVI above what season and land explain."""

    clear: float
    """Share of its blocks that were seen, 0 to 1."""

    gain_m2: float
    """Ground beside its outline that shows lasting shelters, square metres."""

    lasting_m2: float
    """The part of it that has shown them for 15 days and more."""

    gain_sigma_m2: float
    outline_m2: float
    """Area of the outline that the gain lies beside."""

    strength: float
    """Mean rise of brightness and blueness over its blocks."""

    newest_m2: float = 0.0
    """Ground beside its outline that shows shelters in this look, whatever others showed."""
