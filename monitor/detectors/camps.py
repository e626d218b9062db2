"""The camp detector: what one look says of shelters in a whole area (DETECTION 4d)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.camps.coming import coming_of, fresh_of
from monitor.camps.components import (
    Patch,
    Persistence,
    as_of,
    gain_of,
    numbered,
    patches_of,
    persistence_of,
)
from monitor.camps.control import Controlled, controlled
from monitor.camps.emptying import contrast_of, fall_of, lost_strength, texture_fall_of
from monitor.camps.features import VISIBLE
from monitor.camps.measures import patch_measured
from monitor.camps.objections import spoken_against
from monitor.camps.reading import CampReading
from monitor.camps.recurrence import Seen, years_with_sign
from monitor.camps.region import Chosen, KnownCamp, Region
from monitor.camps.season import Season
from monitor.camps.settings import CampSettings
from monitor.camps.sign import STEPS, UNSEEN, LookSign, sign_of
from monitor.camps.verdict import CampState, CampVerdict, NewPatch

Array = NDArray[np.float32]
Past = Callable[[datetime, datetime], Iterable[Seen]]
"""Returns the looks of earlier years in the season from one instant to another, read when they
are needed."""

VERSION = "camp/3"

SERIES_KEPT = timedelta(days=400)
HELD_LEAST_BLOCKS = 300
"""No look is held for less than half a square kilometre."""

MAX_SHIFT = 0.4
"""Change of ln visible over a whole area beyond what haze and rain do: radiometry."""

FALLING = 0.15
"""From this fall on a camp's blocks do not teach the season."""


def camp_verdict(
    seen: Seen,
    state: CampState,
    region: Region,
    found: Sequence[KnownCamp],
    settings: CampSettings,
    past: Past,
    *,
    relaxed: bool = False,
) -> CampVerdict:
    """Judge one look over an area.

    Displaced people put up shelters of tarpaulin: ground is cleared, becomes brighter and
    bluer, and uneven at 10 m. Each block is held against its own season and against land
    of the same kind within 1.5 km.

    Parameters
    ----------
    seen : Seen
        Features of the look: Sentinel-2 B2, B3, B4, B8A (865 nm), B11 (1610 nm) as block
        means, and the spread of the 10 m pixels inside each block.
    state : CampState
        What earlier looks left; it is not changed.
    region : Region
    found : sequence of KnownCamp
        Camps that the detector itself found earlier.
    settings : CampSettings
    past : callable
        Looks of the same season of earlier years.
    relaxed : bool
        True for calibration: smaller patches too, whatever speaks against them.

    Returns
    -------
    CampVerdict
        With the state after this look.

    Notes
    -----
    Looks the same: fairs and markets under tarpaulin (found by their yearly return), the
    tents of herders (small and short), building sites with metal roofs, mines (brighter
    but not bluer). A grass-hut camp shows in neither colour nor radar.

    References
    ----------
    .. [1] Van Den Hoek, J., Friedrich, H. (2021). Satellite-based human settlement
       datasets inadequately detect refugee settlements. doi:10.3390/rs13183574
    """
    season = state.seasons.get(seen.track)
    if season is None:
        return CampVerdict(state, "no season is known yet: fewer than 25 clear looks")
    if any(sign.look_id == seen.look_id for sign in state.signs):
        return CampVerdict(state, "the look was judged before")
    left = _controlled(seen, season, state, region, found)
    if not np.isfinite(left.scale).all():
        return CampVerdict(state, "nothing of the area was clear")
    if abs(left.shift[VISIBLE]) > MAX_SHIFT:
        reason = f"held: the visible bands of the whole area moved by {left.shift[VISIBLE]:+.2f}"
        return CampVerdict(state, reason, held=True)
    sign, z = sign_of(seen.look_id, season, seen.at, left.residual, left.scale)
    share = _shown_on_land(sign, region, found, settings)
    if share > settings.max_shown_share:
        reason = f"held: {100 * share:.0f} % of the land resembles shelters, as haze and cloud do"
        return CampVerdict(state, reason, held=True)
    state = replace(state, signs=_remembered(state.signs, sign, settings))
    return _concluded(seen, sign, z, left, state, region, found, settings, past, relaxed=relaxed)


def _concluded(
    seen: Seen,
    sign: LookSign,
    z: Array,
    left: Controlled,
    state: CampState,
    region: Region,
    found: Sequence[KnownCamp],
    settings: CampSettings,
    past: Past,
    *,
    relaxed: bool,
) -> CampVerdict:
    """Return the verdict of a look whose sign is in the state already."""
    season = state.seasons[seen.track]
    persistence = persistence_of(state.signs, settings)
    readings, gains = _camps(seen, sign, left, persistence, state, region, found, settings)
    kept = {
        camp_id: _appended(state.series.get(camp_id, ()), reading)
        for camp_id, reading in readings.items()
    }
    state = replace(state, series={**state.series, **kept})
    patches: tuple[NewPatch, ...] = ()
    if state.signs[-1] is sign:
        unsure = {camp.camp_id for camp in found if camp.provisional}
        taken = [gain > 0 for camp_id, gain in gains.items() if camp_id not in unsure]
        patches = tuple(
            _judged(
                patch_measured(patch, persistence, left, z, state, season, region.block_m2),
                state, region, found, settings, seen.at, past, relaxed=relaxed,
            )
            for patch in _candidates(persistence, region, found, taken, settings, relaxed=relaxed)
        )  # fmt: skip

    def years(gained: Chosen, strength: float) -> tuple[int, int]:
        own = fresh_of(state.signs, gained)
        if not own.any():
            return 0, 0
        looks = past(coming_of(state.signs, own, strength).earliest(seen.at), seen.at)
        return years_with_sign(own, looks, state.seasons, region, settings, strength, seen.at)

    strengths = {
        camp_id: float(persistence.strength[gain > 0].mean()) if (gain > 0).any() else 0.0
        for camp_id, gain in gains.items()
    }
    return CampVerdict(
        state, "", patches=patches, readings=readings, gains=gains, strengths=strengths, years=years
    )


def _controlled(
    seen: Seen, season: Season, state: CampState, region: Region, found: Sequence[KnownCamp]
) -> Controlled:
    left_out = region.settled.copy()
    for camp in found:
        left_out |= camp.own
    if state.signs:
        latest = state.signs[-1].level
        left_out |= (latest != UNSEEN) & (latest > STEPS // 2)
    residual = seen.values - season.expected(seen.at)
    return controlled(residual, season.covariates(seen.at), region.shape, left_out)


def _shown_on_land(
    sign: LookSign, region: Region, found: Sequence[KnownCamp], settings: CampSettings
) -> float:
    """Return the share of land that resembles shelters, 0 where it is little ground."""
    land = (sign.level != UNSEEN) & ~region.settled
    for camp in found:
        land &= ~camp.near
    shown = int((sign.level[land] >= settings.theta * STEPS).sum())
    return shown / max(int(land.sum()), 1) if shown >= HELD_LEAST_BLOCKS else 0.0


def _remembered(
    signs: Sequence[LookSign], sign: LookSign, settings: CampSettings
) -> tuple[LookSign, ...]:
    newest = max([sign.at, *(one.at for one in signs)])
    kept = [one for one in (*signs, sign) if newest - one.at <= settings.memory]
    return tuple(sorted(kept, key=lambda one: one.at))


def _appended(series: Sequence[CampReading], reading: CampReading) -> tuple[CampReading, ...]:
    kept = [r for r in series if reading.at - r.at <= SERIES_KEPT and r.look_id != reading.look_id]
    return tuple(sorted([*kept, reading], key=lambda one: one.at))


def _candidates(
    persistence: Persistence,
    region: Region,
    found: Sequence[KnownCamp],
    taken: Sequence[Chosen],
    settings: CampSettings,
    *,
    relaxed: bool,
) -> list[Patch]:
    allowed = region.inside & ~region.settled
    for camp in (*region.camps, *found):
        if not camp.provisional:
            allowed &= ~camp.near
    for blocks in taken:
        # What lies beside ground that a camp gained is more of the same.
        allowed &= ~blocks
    least = 3.0 if relaxed else settings.min_new_area_ha * 1e4 / region.block_m2
    return [
        patch
        for patch in patches_of(persistence, allowed, region.shape, settings)
        if patch.area_blocks >= least
    ]


def _judged(
    new: NewPatch,
    state: CampState,
    region: Region,
    found: Sequence[KnownCamp],
    settings: CampSettings,
    at: datetime,
    past: Past,
    *,
    relaxed: bool,
) -> NewPatch:
    """Return a patch with why it is no new camp, if anything speaks against it."""
    own = new.patch.own
    told = new.patch.early and any((camp.near & own).any() for camp in found)
    refused = "two looks alone show it, as was told" if told else spoken_against(new, settings)
    if refused and not relaxed:
        # The archive is read last: most patches are nothing without it.
        return replace(new, refused=refused)
    looks = past(new.coming.earliest(at), at)
    checked, recurrent = years_with_sign(
        own, looks, state.seasons, region, settings, new.strength, at
    )
    if recurrent:
        years = "an earlier year" if recurrent == 1 else f"{recurrent} earlier years"
        refused = f"the same weeks of {years} show it too"
    return replace(new, years_checked=checked, recurrent_years=recurrent, refused=refused)


def _camps(
    seen: Seen,
    sign: LookSign,
    left: Controlled,
    persistence: Persistence,
    state: CampState,
    region: Region,
    found: Sequence[KnownCamp],
    settings: CampSettings,
) -> tuple[dict[str, CampReading], dict[str, Array]]:
    readings, gains = {}, {}
    season = state.seasons[seen.track]
    free = ~region.settled
    for camp in found:
        free &= ~camp.own
    patches_here = numbered(persistence, free, region.shape, settings)
    newest = as_of(sign)
    patches_newest = numbered(newest, free, region.shape, settings)
    expected = season.expected(seen.at)
    for index, camp in enumerate((*region.camps, *found)):
        gain = gain_of(persistence, patches_here, camp.near, settings)
        reading = _camp(camp, seen, season, expected, left, gain, region, settings)
        lasting = gain[persistence.lasted].sum() * region.block_m2
        shown = gain_of(newest, patches_newest, camp.near, settings).sum() * region.block_m2
        reading = replace(reading, lasting_m2=float(lasting), newest_m2=float(shown))
        if index >= len(region.camps):
            before = state.series.get(camp.camp_id, ())
            reading = replace(reading, fall=lost_strength(before, reading.strength))
        readings[camp.camp_id] = reading
        gains[camp.camp_id] = gain
    return readings, gains


def _camp(
    camp: KnownCamp,
    seen: Seen,
    season: Season,
    expected: Array,
    left: Controlled,
    gain: Array,
    region: Region,
    settings: CampSettings,
) -> CampReading:
    residual = left.residual[:, camp.own]
    clear = float(np.isfinite(residual[0]).mean())
    fall = greening = strength = texture_fall = float("nan")
    if clear >= settings.clear:
        apart = contrast_of(expected, camp.own, camp.ring)
        if apart is not None:
            fall, greening = fall_of(residual, season.scale[:, camp.own], apart)
            texture_fall = texture_fall_of(residual, apart)
        strength = float(np.nanmean(residual[0] + residual[1]))
    edge = float(np.sqrt((gain * (1.0 - gain)).sum() + 0.15 * (gain > 0).sum()))
    return CampReading(
        look_id=seen.look_id,
        at=seen.at,
        fall=fall,
        texture_fall=texture_fall,
        greening=greening,
        clear=clear,
        gain_m2=float(gain.sum()) * region.block_m2,
        lasting_m2=0.0,
        gain_sigma_m2=(edge + 0.08 * float(gain.sum())) * region.block_m2,
        outline_m2=camp.area_m2,
        strength=strength,
    )


def frozen_blocks(
    state: CampState,
    region: Region,
    found: Sequence[KnownCamp],
    look_id: str,
    settings: CampSettings,
) -> Chosen:
    """Return the blocks that a look must not teach the season, shape (blocks,).

    Those that resembled shelters in it, camps that were found, and camps that emptied.
    """
    frozen = np.zeros(region.inside.shape, dtype=np.bool_)
    for sign in state.signs:
        if sign.look_id == look_id:
            frozen |= (sign.level != UNSEEN) & (sign.level >= settings.low * STEPS)
    for camp in found:
        if not camp.provisional:
            frozen |= camp.own
    for camp in region.camps:
        falls = [r.fall for r in state.series.get(camp.camp_id, ()) if r.look_id == look_id]
        if any(fall > FALLING for fall in falls):
            frozen |= camp.own
    return frozen
