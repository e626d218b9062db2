"""Readings: the numbers that one settlement leaves in one look, alert or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What one look says of one settlement."""

    QUIET = "quiet"
    BURN_LIKE = "burn_like"
    NOT_CLEAR = "not_clear"
    """Too little of the settlement or its ring was seen."""

    NO_BASELINE = "no_baseline"
    """Nothing to compare with yet."""

    HELD = "held"
    """The scene is suspect: radiometry, haze, or too many settlements reject at once."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One settlement in one look. Kept for every look, so that `explain` can say why not."""

    settlement_id: str
    look_id: str
    aoi_id: str
    track: str
    acquired_at: datetime
    known_at: datetime
    """When the service had the look, UTC."""

    detector: str
    """Name and version, such as ``"burn/2"``."""

    mode: str
    """``"series"`` (seasonal baseline), ``"window"`` (same weeks of other years) or ``"pair"``."""

    verdict: Verdict
    reason: str
    """A sentence: why this verdict."""

    p: float
    """Calibrated probability of such a score without a burn; 1 where nothing was measured."""

    score: float
    """Log-odds of the evidence that p was read from (`monitor.evidence`); NaN if not measured."""

    burned_fraction: float
    """Share of the valid blocks that look burned, 0 to 1; NaN where not measured."""

    values: Mapping[str, float] = field(default_factory=dict)
    """Everything else that was computed: q_median, scan_max, settlement_clear, ring_clear,
    ring_unburned, e2_median, nir_drop, burned_low, burned_high ..."""

    flags: tuple[str, ...] = ()
    """Such as ``"ring_burning"``, ``"baseline=weak"``, ``"reduced_bands"``."""
