"""When readings of one camp add up to growth or to emptying: the two decisions, pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from monitor.camps.area import falls_of, measured
from monitor.camps.emptying import lasting_fall
from monitor.camps.growth import SPAN, Growth, growth_of, slow_growth_of
from monitor.camps.loss import loss_of
from monitor.camps.reading import CampReading
from monitor.camps.settings import CampSettings

DEEP_LOOKS = 2
REACH = timedelta(days=150)
"""Older readings do not change what the filter says of a month."""


def growth_now(series: Sequence[CampReading], settings: CampSettings) -> Growth | None:
    """Return the change of a camp over the 30 days before its newest reading, if known."""
    if not series:
        return None
    recent = [reading for reading in series if series[-1].at - reading.at <= REACH]
    ground = measured(recent)
    if not ground:
        return None
    loss = loss_of(falls_of(recent), ground[-1].at, SPAN)
    return growth_of(ground, settings.min_growth_fraction, loss, recent[-1].outline_m2)


def growth_at(
    series: Sequence[CampReading], settings: CampSettings, told_m2: float = 0.0
) -> Growth | None:
    """Return the growth that the newest reading completes, None if it completes none.

    The posterior probability of more than 10 % in 30 days must exceed 0.95, and the gain
    half a hectare (DETECTION 4d), a part of which has lasted. Or as much since the camp was
    mapped, or since `told_m2` was told, all of which has lasted.
    """
    least_m2 = settings.min_growth_area_ha * 1e4
    # Two readings in a row: a gain that the next look takes back was a cloud.
    gain_m2 = min((r.gain_m2 for r in series[-2:]), default=0.0)
    if gain_m2 < least_m2 or series[-1].lasting_m2 < 0.5 * least_m2:
        return None
    month = growth_now(series, settings)
    if month is not None and _is_told(month, settings):
        return month
    newest = series[-1]
    lasting_m2 = min(gain_m2, newest.lasting_m2)
    slow = slow_growth_of(
        newest.outline_m2,
        told_m2,
        lasting_m2,
        newest.gain_sigma_m2,
        settings.min_growth_fraction,
    )
    # What a camp lost of its outline does not count in `slow`: it must have grown all the same.
    grown_m2 = slow.before_m2 * (1.0 + settings.min_growth_fraction)
    if month is not None and month.area_m2 < grown_m2:
        return None
    return slow if _is_told(slow, settings) else None


def _is_told(growth: Growth, settings: CampSettings) -> bool:
    return (
        growth.certainty > settings.growth_certainty
        and growth.area_m2 - growth.before_m2 >= settings.min_growth_area_ha * 1e4
    )


def fall_at(series: Sequence[CampReading], settings: CampSettings) -> tuple[CampReading, ...]:
    """Return the unbroken run of falls that the newest reading continues; empty if too short.

    30 % of what sets a camp apart, through three clear looks (DETECTION 4d), or twice as much
    through two.
    """
    if not series or math.isnan(series[-1].fall):
        return ()
    clear = [reading for reading in series if not math.isnan(reading.fall)]
    lasting = lasting_fall(clear, settings.min_emptying_fraction, settings.emptying_looks)
    return lasting or lasting_fall(clear, settings.deep_fall, DEEP_LOOKS)
