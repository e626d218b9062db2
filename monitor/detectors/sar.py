"""Radar change at settlements: signed, shrunk, against the land around, orbits combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.special import ndtri, stdtr

from monitor.blocks import BlockSets, SettlementBlocks
from monitor.detectors.sar_calibration import RadarCalibration, shipped_radar_calibration
from monitor.detectors.sar_patches import Site, whole_and_part
from monitor.looks import Look

VERSION = "sar/1"

POLARISATIONS = ("vv", "vh")
YEAR_D = 365.25
LOST_FROM = 2.5

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SarSettings:
    """How radar looks are compared (DETECTION 4b). From ``[detection.sar]``."""

    before: timedelta = timedelta(days=410)
    """Looks of so long before the change are compared: a year, and the weeks of its season."""

    season: timedelta = timedelta(days=45)
    """They must lie this near to the change in the year."""

    least_before: int = 6
    most_after: int = 3
    prior_looks: float = 8.0
    """Looks that the usual variance of the land counts for, against a block's own."""

    max_shift_db: float = 0.5
    """Shift of the steady blocks of a scene from which it is held back."""

    guard_looks: int = 6
    """Looks of the orbit that the shift is measured against."""

    least_guarded: int = 3
    ring_inner_m: float = 150.0
    ring_outer_m: float = 1_500.0
    least_seen: float = 0.7
    """Share of a settlement that a look must hold."""


@dataclass(frozen=True, slots=True, eq=False)
class RadarStack:
    """The looks of one orbit, oldest first."""

    track: str
    look_ids: tuple[str, ...]
    acquired_at: tuple[datetime, ...]
    decibel: Floats
    """Gamma nought in dB, shape (looks, 2, height, width): VV, VH; NaN where not measured."""

    def only(self, chosen: Sequence[int]) -> RadarStack:
        """Return some of the looks."""
        return RadarStack(
            self.track,
            tuple(self.look_ids[i] for i in chosen),
            tuple(self.acquired_at[i] for i in chosen),
            self.decibel[list(chosen)],
        )


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


def stacks_of(looks: Sequence[Look]) -> list[RadarStack]:
    """Return the stacks of radar looks by orbit; blocks that were hardly measured are NaN."""
    by_track: dict[str, list[Look]] = {}
    for look in sorted(looks, key=lambda one: (one.acquired_at, one.look_id)):
        by_track.setdefault(look.track, []).append(look)
    return [
        RadarStack(
            track,
            tuple(look.look_id for look in of),
            tuple(look.acquired_at for look in of),
            np.stack([_decibel(look) for look in of]),
        )
        for track, of in sorted(by_track.items())
    ]


def held_looks(stack: RadarStack, settings: SarSettings | None = None) -> dict[str, str]:
    """Return the looks of an orbit that are held back, each with the reason.

    Steady blocks, the quarter that changes least, keep their backscatter whatever the
    season: if their median moves against the last looks, the processing moved. A level
    that stays becomes the new one after some looks, so that no orbit is held for ever.
    """
    chosen = settings or SarSettings()
    held: dict[str, str] = {}
    flat = stack.decibel.reshape(*stack.decibel.shape[:2], -1)
    for index, look_id in enumerate(stack.look_ids):
        last = range(max(index - chosen.guard_looks, 0), index)
        shift = _shift_db(flat, last, index) if len(last) >= chosen.least_guarded else 0.0
        if abs(shift) > chosen.max_shift_db:
            held[look_id] = (
                f"steady blocks moved by {shift:+.1f} dB against the last {len(last)} looks of "
                "the orbit: the processing changed, or all is wet or frozen"
            )
    return held


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
    seen = np.isfinite(z[:, site.own])
    if seen.any(axis=0).mean() < chosen.least_seen:
        share = seen.any(axis=0).mean()
        return RadarReading(place.settlement_id, f"radar holds {share:.0%} of the settlement only")
    score = whole_and_part(z, site)
    if score is None:
        return RadarReading(
            place.settlement_id, "there is too little land around it to compare it with"
        )
    ranks = calibration or shipped_radar_calibration()
    means = {name: _mean(z[i][site.own]) for i, name in enumerate(POLARISATIONS)}
    change_db = {
        name: _mean(np.concatenate([c.change_db[i][site.own] for c in changes]))
        for i, name in enumerate(POLARISATIONS)
    }
    looks = sum(len(c.after_ids) for c in changes)
    known = {name for name, value in means.items() if np.isfinite(value)}
    return RadarReading(
        settlement_id=place.settlement_id,
        reason=(
            f"{looks} looks after compared with {sum(len(c.before_ids) for c in changes)} of the "
            f"same season before, {len(changes)} orbits"
        ),
        p=ranks.p(score, int(site.own.sum())),
        score=score,
        label=_label(means),
        change_db={k: v for k, v in change_db.items() if k in known},
        z={k: v for k, v in means.items() if k in known},
        lost_fraction=_lost(z[:, site.own]),
        last_at=max(c.last_at for c in changes),
        calibration=ranks.version,
        before_ids=tuple(i for c in changes for i in c.before_ids),
        after_ids=tuple(i for c in changes for i in c.after_ids),
        orbits=len(changes),
        flags=_flags(len(changes), len(known), looks),
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


def _shift_db(flat: Floats, last: Sequence[int], index: int) -> float:
    """Return how far the steady blocks of a look moved, the larger of VV and VH."""
    shifts = []
    for band in range(flat.shape[1]):
        past, now = flat[list(last), band], flat[index, band]
        known = np.isfinite(past).all(axis=0) & np.isfinite(now)
        if known.sum() < 8:
            continue
        spread = past[:, known].std(axis=0)
        steady = spread <= np.quantile(spread, 0.25)
        # The median of the looks: one of them may be a held one itself.
        usual = np.median(past[:, known], axis=0)
        shifts.append(float(np.median((now[known] - usual)[steady])))
    return max(shifts, key=abs, default=0.0)


def _decibel(look: Look) -> Floats:
    nothing = np.full(look.blocks.shape, np.nan, dtype=np.float32)
    bands = np.stack([look.bands.get(name, nothing) for name in POLARISATIONS])
    return np.where(look.valid, bands, np.nan).astype(np.float32)


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
