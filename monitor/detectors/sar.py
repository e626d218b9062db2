"""Radar change at settlements: signed, shrunk, against the land around, orbits combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.special import ndtri, stdtr

from monitor.blocks import BlockSets, SettlementBlocks
from monitor.detectors.sar_calibration import RadarCalibration, shipped_radar_calibration
from monitor.detectors.sar_patches import Site, whole_and_part
from monitor.detectors.sar_stack import POLARISATIONS, RadarStack, SarSettings

VERSION = "sar/1"

YEAR_D = 365.25
LOST_FROM = 2.5

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RadarReading:
    """What radar says of one settlement and one change."""

    settlement_id: str
    reason: str
    """A sentence: what was compared, or why nothing could be."""

    p: float = 1.0
    """Calibrated probability of so large a change, up or down, without one; 1 if not judged."""

    score: float = float("nan")
    """The larger of the scores of the whole and of the part that stands out, in sigma."""

    label: str = ""
    """``"loss"``, ``"gain"`` or ``"mixed"``, by the signs of VV and VH; empty if not judged."""

    change_db: Mapping[str, float] = field(default_factory=dict)
    """Mean change by polarisation against the land around, decibel."""

    z: Mapping[str, float] = field(default_factory=dict)
    lost_fraction: float = 0.0
    """Share of its blocks whose backscatter fell by more than chance would have it."""

    last_at: datetime | None = None
    """Acquisition of the latest look that was compared."""

    calibration: str = ""
    before_ids: tuple[str, ...] = ()
    after_ids: tuple[str, ...] = ()
    orbits: int = 0
    flags: tuple[str, ...] = ()
    """``"one_orbit"``, ``"one_polarisation"``, ``"one_look_after"``."""

    @property
    def judged(self) -> bool:
        """True if there was enough to compare."""
        return bool(self.label)


def radar_reading(
    stacks: Sequence[RadarStack],
    sets: BlockSets,
    place: SettlementBlocks,
    after: datetime,
    first: datetime,
    settings: SarSettings | None = None,
    calibration: RadarCalibration | None = None,
) -> RadarReading:
    """Return how the backscatter of a settlement changed between two instants.

    Fire and demolition take away corners and walls that send the wave straight back: VV and
    VH fall over dense or metal fabric. New shelters raise VV. Thatch is nearly invisible at
    5.6 cm wavelength (C band), so that silence says nothing of villages.

    Per block, orbit and polarisation: mean of gamma nought (dB, RTC) of the looks after,
    minus that of the same season before, each less the median of the land around it in the
    same look; divided by its standard error, variances shrunk towards those of the land.
    Orbits are added with their signs (Stouffer). The settlement's mean is compared with
    those of its own shape laid on the land around (Hotelling over VV and VH), and so is
    the part of it that stands out most; p is the rank of the larger among placebos.

    Parameters
    ----------
    stacks : sequence of RadarStack
        Looks by orbit, held ones left out, on the grid of `sets`.
    sets : BlockSets
    place : SettlementBlocks
        One of its settlements or placebos.
    after : datetime
        Looks until it show the ground before the change.
    first : datetime
        Looks from it on show the ground after.
    settings : SarSettings, optional
    calibration : RadarCalibration, optional
        The shipped one unless given.

    Notes
    -----
    Rain, frost and wind on water change backscatter over all of the land: the ring takes
    that off. Growing crops, floods, building and moved goods change a part, and look alike.

    References
    ----------
    .. [1] Ballinger, O. (2025). Open access battle damage detection via pixel-wise t-test
       on Sentinel-1 imagery. Remote Sensing of Environment 331, 115025. (There |t| is taken
       before orbits are combined, and there is no control.)
    """
    chosen = settings or SarSettings()
    site = site_of(sets, place, chosen)
    changes = [c for s in stacks if (c := _change(s, site, after, first, chosen)) is not None]
    if not changes:
        return RadarReading(place.settlement_id, _why_not(stacks, after, first, chosen))
    z = _combined([c.z for c in changes], [c.freedom for c in changes])
    seen = float(np.isfinite(z[:, site.own]).any(axis=0).mean())
    if seen < chosen.least_seen:
        return RadarReading(place.settlement_id, f"radar holds {seen:.0%} of the settlement only")
    score = whole_and_part(z, site)
    if score is None:
        return RadarReading(
            place.settlement_id, "there is too little land around it to compare it with"
        )
    ranks = calibration or shipped_radar_calibration()
    reading = _described(place.settlement_id, changes, z, site)
    p = ranks.p(score, int(site.own.sum()))
    return replace(reading, p=p, score=score, calibration=ranks.version)


def _described(
    settlement_id: str, changes: Sequence[_Change], z: Floats, site: Site
) -> RadarReading:
    """Return the reading of a settlement without its score."""
    means = {name: _mean(z[i][site.own]) for i, name in enumerate(POLARISATIONS)}
    known = [name for name, value in means.items() if np.isfinite(value)]
    change_db = {
        name: _mean(np.concatenate([c.change_db[i][site.own] for c in changes]))
        for i, name in enumerate(POLARISATIONS)
    }
    before_ids = tuple(look_id for c in changes for look_id in c.before_ids)
    after_ids = tuple(look_id for c in changes for look_id in c.after_ids)
    return RadarReading(
        settlement_id=settlement_id,
        reason=(
            f"{len(after_ids)} looks after compared with {len(before_ids)} of the same season "
            f"before, orbits: {len(changes)}"
        ),
        label=_label(means),
        change_db={name: change_db[name] for name in known},
        z={name: means[name] for name in known},
        lost_fraction=_lost(z[:, site.own]),
        last_at=max(c.last_at for c in changes),
        before_ids=before_ids,
        after_ids=after_ids,
        orbits=len(changes),
        flags=_flags(len(changes), len(known), len(after_ids)),
    )


def site_of(sets: BlockSets, place: SettlementBlocks, settings: SarSettings) -> Site:
    """Return a settlement and the land around it, as a window of the grid."""
    inhabited = np.zeros(sets.blocks.shape, dtype=np.bool_)
    for other in sets.settlements:
        inhabited.flat[sets.watched[other.own]] = True
    own = np.zeros(sets.blocks.shape, dtype=np.bool_)
    own.flat[sets.watched[place.own]] = True
    rows, columns = np.nonzero(own)
    reach = int(settings.ring_outer_m // sets.blocks.resolution_m) + 2
    window = (
        slice(max(int(rows.min(initial=0)) - reach, 0), int(rows.max(initial=0)) + reach + 1),
        slice(max(int(columns.min(initial=0)) - reach, 0), int(columns.max(initial=0)) + reach + 1),
    )
    own, inhabited = own[window], binary_dilation(inhabited[window], iterations=2)
    away_m = distance_transform_edt(~own, sampling=sets.blocks.resolution_m)
    land = (away_m > settings.ring_inner_m) & (away_m <= settings.ring_outer_m) & ~inhabited
    return Site(window=window, own=own, land=land)


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """What one orbit says of the window of a settlement."""

    z: Floats
    """Signed normal score, shape (2, height, width)."""

    change_db: Floats
    freedom: float
    before_ids: tuple[str, ...]
    after_ids: tuple[str, ...]
    last_at: datetime


def _change(
    stack: RadarStack, site: Site, after: datetime, first: datetime, settings: SarSettings
) -> _Change | None:
    before = [i for i, at in enumerate(stack.acquired_at) if _serves(at, after, first, settings)]
    later = [i for i, at in enumerate(stack.acquired_at) if at >= first][: settings.most_after]
    if len(before) < settings.least_before or not later:
        return None
    old, new = (_controlled(stack.decibel[part], site) for part in (before, later))
    t, change, freedom = signed_t(old, new, site.land, settings.prior_looks)
    return _Change(
        z=_normal(t, freedom),
        change_db=change,
        freedom=freedom,
        before_ids=tuple(stack.look_ids[i] for i in before),
        after_ids=tuple(stack.look_ids[i] for i in later),
        last_at=stack.acquired_at[later[-1]],
    )


def signed_t(
    before: Floats, after: Floats, land: Bools, prior_looks: float
) -> tuple[Floats, Floats, float]:
    """Return the signed t of each block, its change, and the degrees of freedom.

    Parameters
    ----------
    before, after : array
        Decibel less the control, shape (looks, 2, height, width), NaN where not measured.
    land : array
        True for the land whose median variance the variances are drawn towards.
    prior_looks : float
        How many looks that median counts for.
    """
    n, m = (np.isfinite(part).sum(axis=0).astype(np.float32) for part in (before, after))
    old, new = _mean_of(before), _mean_of(after)
    of_before = _shrunk(_sum_of_squares(before, old), np.maximum(n - 1, 0), land, prior_looks)
    # After a change there are one to three looks: their own spread says little.
    squares = _sum_of_squares(after, new)
    of_after = (prior_looks * of_before + squares) / (prior_looks + np.maximum(m - 1, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (new - old) / np.sqrt(of_before / n + of_after / m)
    freedom = prior_looks + len(before) - 1
    return np.where(np.isfinite(t), t, np.nan).astype(np.float32), new - old, float(freedom)


def _shrunk(squares: Floats, freedom: Floats, land: Bools, prior_looks: float) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(freedom > 0, squares / freedom, np.nan)
    usual = np.array([_median(of[land]) for of in own], dtype=np.float32)[:, None, None]
    return np.asarray((prior_looks * usual + squares) / (prior_looks + freedom), dtype=np.float32)


def _combined(z: Sequence[Floats], freedom: Sequence[float]) -> Floats:
    """Return orbits added with their signs, each with the root of its freedom (Stouffer)."""
    stacked = np.stack(z)
    weights = np.sqrt(np.asarray(freedom, dtype=np.float64))[:, None, None, None]
    known = np.isfinite(stacked)
    above = np.where(known, weights * stacked, 0.0).sum(axis=0)
    below = np.sqrt(np.where(known, weights**2, 0.0).sum(axis=0))
    return np.where(below > 0, above / np.maximum(below, 1e-9), np.nan).astype(np.float32)


def _controlled(decibel: Floats, site: Site) -> Floats:
    """Return a window less the median of its land in each look: rain, frost, calibration."""
    window = decibel[:, :, site.window[0], site.window[1]]
    levels = [[_median(band[site.land]) for band in look] for look in window]
    return np.asarray(window - np.array(levels, dtype=np.float32)[:, :, None, None])


def _serves(at: datetime, after: datetime, first: datetime, settings: SarSettings) -> bool:
    """Return True for a look of the same season before the change."""
    if not first - settings.before <= at <= after:
        return False
    apart = abs((first - at) / timedelta(days=1)) % YEAR_D
    return min(apart, YEAR_D - apart) <= settings.season / timedelta(days=1)


def _why_not(
    stacks: Sequence[RadarStack], after: datetime, first: datetime, settings: SarSettings
) -> str:
    if not stacks:
        return "there is no radar look"
    later = max(sum(at >= first for at in s.acquired_at) for s in stacks)
    if not later:
        return "no radar look after the change yet"
    before = max(sum(_serves(a, after, first, settings) for a in s.acquired_at) for s in stacks)
    return f"{before} radar looks of the season before, {settings.least_before} needed"


def _normal(t: Floats, freedom: float) -> Floats:
    # In the lower tail, where the two functions are exact; the sign is put back.
    tail = stdtr(freedom, -np.abs(t.astype(np.float64)))
    return np.asarray(-np.sign(t) * ndtri(np.maximum(tail, 1e-300)), dtype=np.float32)


def _mean_of(values: Floats) -> Floats:
    count = np.isfinite(values).sum(axis=0)
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(mean, dtype=np.float32)


def _sum_of_squares(values: Floats, mean: Floats) -> Floats:
    squares = (values - mean) ** 2
    return np.asarray(np.where(np.isfinite(squares), squares, 0.0).sum(axis=0), dtype=np.float32)


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.mean(known)) if known.size else float("nan")


def _lost(z: Floats) -> float:
    """Return the share of blocks whose mean over polarisations lies 2.5 sigma below."""
    count = np.isfinite(z).sum(axis=0)
    total = np.where(np.isfinite(z), z, 0.0).sum(axis=0)
    return float(np.mean(total[count > 0] / np.sqrt(count[count > 0]) < -LOST_FROM))


def _label(means: Mapping[str, float]) -> str:
    signs = {value > 0 for value in means.values() if np.isfinite(value)}
    if len(signs) > 1:
        return "mixed"
    return "gain" if signs == {True} else "loss"


def _flags(orbits: int, polarisations: int, looks: int) -> tuple[str, ...]:
    few = {
        "one_orbit": orbits == 1,
        "one_polarisation": polarisations == 1,
        "one_look_after": looks == 1,
    }
    return tuple(name for name, is_so in few.items() if is_so)
