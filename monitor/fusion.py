"""Fusion: one probability and one tier from what the sensors say. Pure (DETECTION 4e)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.audit import e_value
from monitor.finding import Evidence, SensorFamily, Tier

ONE_LOOK = "one_look"
"""Flag of a finding that a single clear look carries."""


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """Prior and weights; to be refitted from analysts' labels once there are some."""

    burns_per_village_year: float = 0.10
    """Prior rate of burned villages: areas are watched because burning is feared. The base
    rate decides: at 0.01 false alarms per village-year, a region where 1 % of villages burn
    a year has as many of either. From ``[detection.burn]``."""

    local_odds: float = 4.0
    """How much denser quiet scores are at their threshold than beyond it, against those of
    burns: turns a tail rate into odds at the score itself. On tuning worlds stated and
    observed shares differ by 0.03 to 0.04 on average for 3, by 0.04 to 0.05 for 4 and by 0.06
    to 0.08 for 6 (``python -m benchmarks.tuning_check``); other worlds had more false alarms,
    so the larger of the best two."""

    hotspot_weight: float = 0.8
    radar_weight: float = 0.5
    highest: float = 0.99
    """No evidence from space is surer than this."""
    tier_a: float = 0.90
    tier_b: float = 0.60
    tier_c: float = 0.20
    """Nothing less probable is raised."""


def burn_probability(
    rate: float,
    evidence: Sequence[Evidence],
    settings: FusionSettings,
    counted: frozenset[SensorFamily] = frozenset(),
) -> float:
    """Return the probability that an alarm is a burn, 0 to 1.

    Parameters
    ----------
    rate : float
        False alarms per village-year of the optical rules at this score.
    evidence : sequence of Evidence
        All families; those beside the optical one multiply the odds by the e-value of
        their p, weighted; that lies below the Sellke-Bayarri-Berger ceiling for every p.
    settings : FusionSettings
    counted : frozenset of SensorFamily, optional
        Families that the rate rests on already.

    References
    ----------
    .. [1] Sellke, T., Bayarri, M. J., Berger, J. O. (2001). Calibration of p values.
       doi:10.1198/000313001300339950
    """
    odds = settings.burns_per_village_year / (settings.local_odds * max(rate, 1e-9))
    weights = {
        SensorFamily.HOTSPOTS: settings.hotspot_weight,
        SensorFamily.RADAR: settings.radar_weight,
    }
    for item in evidence:
        if item.family in weights and item.family not in counted:
            odds *= e_value(item.p) ** weights[item.family]
    return min(odds / (1.0 + odds), settings.highest)


def tier_of(
    probability: float, evidence: Sequence[Evidence], flags: Sequence[str], settings: FusionSettings
) -> Tier:
    """Return the tier: A needs two sensor families and a known cloud mask.

    One look of one sensor is nothing but a first sign, however strong: C. Without
    history, or without the long short-wave band, nothing is more than C: a clearing
    cannot be told from a burn there (measured: Romania, 2019).
    """
    families = {item.family for item in evidence if item.p <= 0.05}
    if any(f in flags for f in ("baseline=weak", "reduced_bands")):
        return Tier.C
    if ONE_LOOK in flags and len(families) < 2:
        return Tier.C
    if probability >= settings.tier_a and len(families) >= 2 and "cloud_unknown" not in flags:
        return Tier.A
    return Tier.B if probability >= settings.tier_b else Tier.C
