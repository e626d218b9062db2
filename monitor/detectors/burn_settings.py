"""The numbers of the burn test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from monitor.fusion import FusionSettings
from monitor.persistence import PersistenceSettings


@dataclass(frozen=True, slots=True)
class BurnSettings:
    """Numbers of the burn test (DETECTION 4h)."""

    settlement_clear: float = 0.70
    """Share of a settlement's blocks that a look must see."""

    ring_clear: float = 0.50
    """Share of its ring that a look must see."""

    sign_p: float = 0.05
    """A look whose p is at most this carries the sign."""

    strong_p: float = 1e-3
    """A settlement keeps its recent level while p is at most this: weaker signs are mostly a
    season that differs, and must be learned or they last for months."""

    window_days: float = 15.0
    """Window mode compares with looks this near in the season."""

    window_least: int = 6
    """Looks in that window below which only the last clear looks serve (pair mode)."""

    pair_looks: int = 3
    """Last clear looks whose median a pair is compared with."""

    pair_reach: timedelta = timedelta(days=120)
    """No older look serves in pair mode."""

    persistence: PersistenceSettings = field(default_factory=PersistenceSettings)
    fusion: FusionSettings = field(default_factory=FusionSettings)
