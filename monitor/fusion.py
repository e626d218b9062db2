"""Fusion: one probability and one tier from what the sensors say. Pure (DETECTION 4e)."""

from __future__ import annotations

import math
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

    hotspot_weight: float = 1.0
    """Ridge-logistic stacking gives 1.0 to 1.2 from one set of tuning worlds to another
    (``python -m benchmarks.fusion_check``); one is the plain e-value."""

    front_weight: float = 1.0
    """Power of the share of a fire's pixels that touch the settlement: a bush front has most of
    its pixels beside it. The same fit gives 0.7 to 1.1."""

    least_ratio: float = 0.7
    """What fires say never counts for less: huts burn for an hour, between passes."""

    radar_weight: float = 0.5
    """The same fit gives 0.1 to 0.7: of thatch radar sees hardly anything, either way."""

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
        All families; those beside the optical one multiply the odds by their
        likelihood ratio.
    settings : FusionSettings
    counted : frozenset of SensorFamily, optional
        Families that the rate rests on already: how surprising a fire is, is not counted
        twice, but where it lies is.
    """
    odds = settings.burns_per_village_year / (settings.local_odds * max(rate, 1e-9))
    for item in evidence:
        if item.family is SensorFamily.HOTSPOTS:
            odds *= fire_ratio(item, settings, counted=item.family in counted)
        elif item.family is SensorFamily.RADAR and item.family not in counted:
            odds *= weighted(item.p, settings.radar_weight)
    return min(odds / (1.0 + odds), settings.highest)


def weighted(p: float, weight: float) -> float:
    """Return the likelihood ratio that a p-value stands for: its e-value to a power.

    Whatever the weight, no more than ``-1 / (e p ln p)``, the most that p can carry.

    References
    ----------
    .. [1] Sellke, T., Bayarri, M. J., Berger, J. O. (2001). Calibration of p values.
       doi:10.1198/000313001300339950
    """
    ratio = float(e_value(p) ** weight)
    if not 0.0 < p < 1.0 / math.e:
        return ratio
    return min(ratio, -1.0 / (math.e * p * math.log(p)))


def fire_ratio(fires: Evidence, settings: FusionSettings, *, counted: bool = False) -> float:
    """Return how many times likelier detections are where the settlement burned.

    Parameters
    ----------
    fires : Evidence
        Of the fire sensors, with at least one hit.
    settings : FusionSettings
    counted : bool
        True if the optical rate rests on how surprising they are already.

    Notes
    -----
    A pixel of 0.4 to 0.8 km that touches a settlement is as surprising from a bush front as
    from the settlement itself. What parts them is where the other pixels within 2.5 km lie:
    most of them touch a settlement that burns, few of a front's do (figures:
    docs/radar-and-fires.md; DETECTION 4c names the share for the likelihood ratio).
    """
    share = fires.values.get("inside_share", 1.0)
    ratio = share**settings.front_weight if 0.0 < share < 1.0 else 1.0
    if not counted:
        ratio *= weighted(fires.p, settings.hotspot_weight)
    return max(ratio, settings.least_ratio)


def tier_of(
    probability: float, evidence: Sequence[Evidence], flags: Sequence[str], settings: FusionSettings
) -> Tier:
    """Return the tier: A needs two sensor families and a known cloud mask.

    One look of one sensor is nothing but a first sign, however strong: C. Without
    history, or without the long short-wave band, nothing is more than C: a clearing
    cannot be told from a burn there (measured: Romania, 2019). A fire that lies mostly
    beside the settlement is no second witness.
    """
    families = {item.family for item in evidence if _is_witness(item, settings)}
    if any(f in flags for f in ("baseline=weak", "reduced_bands")):
        return Tier.C
    if ONE_LOOK in flags and len(families) < 2:
        return Tier.C
    if probability >= settings.tier_a and len(families) >= 2 and "cloud_unknown" not in flags:
        return Tier.A
    return Tier.B if probability >= settings.tier_b else Tier.C


def _is_witness(item: Evidence, settings: FusionSettings) -> bool:
    if item.p > 0.05:
        return False
    return item.family is not SensorFamily.HOTSPOTS or fire_ratio(item, settings) > 1.0
