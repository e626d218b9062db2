"""Where shelters stay: blocks that show them look after look, grown into patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from monitor.camps.region import Chosen
from monitor.camps.settings import CampSettings
from monitor.camps.sign import STEPS, UNSEEN, LookSign

Array = NDArray[np.float32]

LATEST = 3
"""Clear looks of a block whose middle one counts: a missed cloud in one of them does not."""

FULL_SHARE = 0.5
"""A block with this share of the strength of its patch's middle is wholly covered; with
less it counts in proportion: patches end inside blocks."""

LEAST_CORE = 4
"""Blocks of a patch that must have persisted; the others may have come later."""

EARLIER = (timedelta(days=19.8), timedelta(days=45))
"""A fifth of a day less than four looks at five days: orbits repeat to the minute."""

STANDING = 0.8
"""Share of its strength of today from which a patch stood in an earlier look."""

EIGHT = np.ones((3, 3), dtype=np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Connected blocks that show shelters."""

    own: Chosen
    """Shape (blocks of the region,)."""

    core: Chosen
    """Those that persisted."""

    weight: Array
    """Covered share of each block of the region, 0 to 1; 0 outside."""

    @property
    def area_blocks(self) -> float:
        """Area in blocks, parts included."""
        return float(self.weight.sum())


@dataclass(frozen=True, slots=True)
class Coming:
    """How a patch came, as far as the looks of the last weeks show it."""

    earlier: float
    """Share of its strength that it had three to six weeks before it first stood, or in older
    looks where clouds hid it then; NaN if no look saw it so long before."""

    looks: int
    """Clear looks since it first stood."""


@dataclass(frozen=True, slots=True, eq=False)
class Persistence:
    """What the last looks say of each block of a region."""

    level: Array
    """Middle P(shelters) of the last three clear looks, 0 to 1, shape (n,); 0 where unknown."""

    strength: Array
    """Middle strength of the same looks, 0 to 1."""

    lasted: Chosen
    """True where the sign has lasted."""


def persistence_of(signs: Sequence[LookSign], settings: CampSettings) -> Persistence:
    """Return what persists as of the newest look.

    Parameters
    ----------
    signs : sequence of LookSign
        Of the last weeks, oldest first; the last one is the newest.
    settings : CampSettings

    Notes
    -----
    A sign has lasted where at least three of the last four clear looks, or more of more,
    show it, over 15 days or more. Where two orbits look within days the share of three
    quarters is asked of all looks of that time.
    """
    now = signs[-1].at
    newest_first = [s for s in reversed(signs) if now - s.at <= settings.memory]
    level = np.stack([s.level for s in newest_first])
    middle, strength = _middle(newest_first)
    lasted = np.zeros(level.shape[1], dtype=np.bool_)
    shown = (level >= settings.theta * STEPS) & (level != UNSEEN)
    candidates = np.flatnonzero(shown.sum(axis=0) >= settings.least_looks)
    if candidates.size:
        ages_d = [(now - s.at) / timedelta(days=1) for s in newest_first]
        lasted[candidates] = _lasted(
            shown[:, candidates], level[:, candidates] != UNSEEN, np.array(ages_d), settings
        )
    return Persistence(middle, strength, lasted & (middle >= settings.theta))


def as_of(sign: LookSign) -> Persistence:
    """Return what one look alone says: nothing has lasted."""
    level = (np.where(sign.level == UNSEEN, 0, sign.level) / STEPS).astype(np.float32)
    strength = (sign.strength / STEPS).astype(np.float32)
    return Persistence(level, strength, np.zeros(level.shape, dtype=np.bool_))


def _lasted(
    shown: Chosen, seen: Chosen, ages_d: NDArray[np.float64], settings: CampSettings
) -> Chosen:
    """Return True for the columns whose sign has lasted; rows are looks, newest first."""
    first_d = np.where(shown, ages_d[:, np.newaxis], np.inf).min(axis=0)
    shows, sees = shown.cumsum(axis=0), seen.cumsum(axis=0)
    span_d = ages_d[:, np.newaxis] - first_d
    fits = (
        shown
        & (shows >= settings.least_looks)
        & (shows >= settings.least_share * sees)
        # Orbits repeat to the minute: a fifth of a day keeps four looks five days apart.
        & (span_d >= settings.least_days - 0.2)
    )
    return np.asarray(fits.any(axis=0))


def _middle(newest_first: Sequence[LookSign]) -> tuple[Array, Array]:
    """Return the middle level and strength of the last three clear looks of each block.

    Of two looks it is the lower one; of one look, none.
    """
    n = newest_first[0].level.size
    taken = np.zeros(n, dtype=np.int8)
    levels = np.zeros((LATEST, n), dtype=np.uint8)
    strengths = np.zeros((LATEST, n), dtype=np.uint8)
    for sign in newest_first:
        at = np.flatnonzero((sign.level != UNSEEN) & (taken < LATEST))
        levels[taken[at], at] = sign.level[at]
        strengths[taken[at], at] = sign.strength[at]
        taken[at] += 1
        if bool((taken == LATEST).all()):
            break
    # Missing looks are zeros, so that the middle of three is the lower of two.
    middle = np.sort(levels, axis=0)[1].astype(np.float32) / STEPS
    strength = np.sort(strengths, axis=0)[1].astype(np.float32) / STEPS
    return middle, strength


def patches_of(
    found: Persistence, allowed: Chosen, shape: tuple[int, int], settings: CampSettings
) -> Iterator[Patch]:
    """Yield connected patches of lasting shelters, in a fixed order.

    Parameters
    ----------
    found : Persistence
    allowed : array
        True for blocks that may belong to a patch, shape (n,).
    shape : (int, int)
    settings : CampSettings

    Notes
    -----
    Hysteresis: a patch holds every connected block from 0.35 on that a lasting one from
    0.5 on is connected with.
    """
    patches = numbered(found, allowed, shape, settings)
    lasting = found.lasted & (patches > 0)
    if not lasting.any():
        return
    cores = np.bincount(patches[lasting])
    for number in np.flatnonzero(cores >= min(LEAST_CORE, settings.least_new_blocks)):
        if number == 0:
            continue
        own = patches == number
        yield Patch(own, own & found.lasted, covered(found.strength, own))


def covered(strength: Array, own: Chosen) -> Array:
    """Return the covered share of each block of a patch, 0 to 1; 0 outside."""
    weight = np.zeros(own.shape, dtype=np.float32)
    if not own.any():
        return weight
    typical = max(float(np.median(strength[own])), 1e-3)
    weight[own] = np.minimum(strength[own] / (FULL_SHARE * typical), 1.0)
    return weight


def numbered(
    found: Persistence, free: Chosen, shape: tuple[int, int], settings: CampSettings
) -> NDArray[np.int32]:
    """Return the number of the patch that each block of nobody belongs to; 0: none.

    Blocks belong together with no more than four others between them: density is uneven.
    """
    wide = ((found.level >= settings.low) & free).reshape(shape)
    labels, _ = label(binary_dilation(wide, structure=EIGHT, iterations=2), structure=EIGHT)
    return np.asarray((labels * wide).ravel(), dtype=np.int32)


def gain_of(
    found: Persistence, patches: NDArray[np.int32], near: Chosen, settings: CampSettings
) -> Array:
    """Return the covered share of blocks that a camp has gained, shape (n,).

    Parameters
    ----------
    patches : array
        From `numbered`.
    near : array
        Blocks near the camp's outline: patches count that show shelters there.
    """
    touching = np.unique(patches[near & (found.level >= settings.theta)])
    touching = touching[touching > 0]
    if touching.size == 0:
        return np.zeros(near.shape, dtype=np.float32)
    return covered(found.strength, np.isin(patches, touching))


def first_sign(
    signs: Sequence[LookSign], own: Chosen, settings: CampSettings
) -> tuple[list[LookSign], list[LookSign]]:
    """Return the looks of the unbroken end that show a patch, and the clear ones before.

    A look shows it if half of what it saw of the patch does.
    """
    shows: list[LookSign] = []
    for index in range(len(signs) - 1, -1, -1):
        share = shown_share(signs[index], own, settings.low)
        if np.isnan(share):
            continue
        if share < 0.5:
            quiet = [s for s in signs[: index + 1] if not np.isnan(shown_share(s, own, 0.0))]
            return shows[::-1], quiet
        shows.append(signs[index])
    return shows[::-1], []


def coming_of(signs: Sequence[LookSign], own: Chosen, strength: float) -> Coming:
    """Return how a patch came: what it was three to six weeks before it first stood.

    Parameters
    ----------
    signs : sequence of LookSign
        Of the last weeks, oldest first; those that saw half of the patch count.
    own : array
        Blocks of the patch, shape (n,).
    strength : float
        Of the patch now, 0 to 1.

    Notes
    -----
    Asked of the time it first stood, not of now: a camp that clouds hid for weeks, or that was
    too small to be told, must not become old before anybody was told of it.
    """
    seen = [
        (sign.at, float(sign.strength[known].mean()) / STEPS)
        for sign in signs
        for known in (own & (sign.level != UNSEEN),)
        if known.sum() * 2 >= own.sum()
    ]
    stands = np.array([value >= STANDING * strength for _, value in seen])
    # A missed cloud is no beginning: most looks from then on must show it standing.
    lasting = [n for n, here in enumerate(stands) if here and stands[n:].mean() > 0.5]
    if not lasting:
        return Coming(float("nan"), 0)
    stood = seen[lasting[0]][0]
    then = [(stood - at, value) for at, value in seen if stood - at >= EARLIER[0]]
    near = [value for age, value in then if age <= EARLIER[1]] or [value for _, value in then]
    earlier = float(np.median(near)) / max(strength, 1e-3) if near else float("nan")
    return Coming(earlier, sum(at >= stood for at, _ in seen))


def shown_share(sign: LookSign, own: Chosen, theta: float) -> float:
    """Return the share of a patch that a look shows; NaN if it saw less than half of it."""
    level = sign.level[own]
    seen = level != UNSEEN
    if seen.sum() * 2 < own.sum():
        return float("nan")
    return float((level[seen] >= theta * STEPS).mean())


def last_quiet_before(quiet: Sequence[LookSign], first: datetime) -> datetime | None:
    """Return the acquisition of the last clear look without the sign before an instant."""
    return max((s.at for s in quiet if s.at < first), default=None)
