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

RUNNING = CampSettings(least_looks=2, least_share=1.0, least_days=5.0)
"""What two looks running are: all clear looks of five days, two at least."""

LEAST_CORE = 4
"""Blocks of a patch that must have persisted; the others may have come later."""

CORE_SHARE = 0.25
"""Of a patch, that must have persisted: a cloud that touches some shelters is not one of them."""

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

    early: bool = False
    """True if too little of it has persisted, and two looks running show it."""

    @property
    def area_blocks(self) -> float:
        """Area in blocks, parts included."""
        return float(self.weight.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Persistence:
    """What the last looks say of each block of a region."""

    level: Array
    """Middle P(shelters) of the last three clear looks, 0 to 1, shape (n,); 0 where unknown."""

    strength: Array
    """Middle strength of the same looks, 0 to 1."""

    lasted: Chosen
    """True where the sign has lasted."""

    running: Chosen
    """True where the last two clear looks, or all of the last days, show it."""


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
    show it, over ten days or more. Where two orbits look within days the share of three
    quarters is asked of all looks of that time.
    """
    now = signs[-1].at
    newest_first = [s for s in reversed(signs) if now - s.at <= settings.recent]
    level = np.stack([s.level for s in newest_first])
    middle, strength = _middle(newest_first)
    lasted = np.zeros(level.shape[1], dtype=np.bool_)
    running = lasted.copy()
    shown = (level >= settings.theta * STEPS) & (level != UNSEEN)
    candidates = np.flatnonzero(shown.sum(axis=0) >= RUNNING.least_looks)
    if candidates.size:
        ages_d = np.array([(now - s.at) / timedelta(days=1) for s in newest_first])
        shown, seen = shown[:, candidates], level[:, candidates] != UNSEEN
        lasted[candidates] = _lasted(shown, seen, ages_d, settings)
        running[candidates] = _lasted(shown, seen, ages_d, RUNNING)
    strong = middle >= settings.theta
    return Persistence(middle, strength, lasted & strong, running & strong)


def as_of(sign: LookSign) -> Persistence:
    """Return what one look alone says: nothing has lasted."""
    level = (np.where(sign.level == UNSEEN, 0, sign.level) / STEPS).astype(np.float32)
    strength = (sign.strength / STEPS).astype(np.float32)
    nowhere = np.zeros(level.shape, dtype=np.bool_)
    return Persistence(level, strength, nowhere, nowhere)


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
    """Yield connected patches of shelters that last, or that two looks running show.

    In a fixed order.

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
    least = min(LEAST_CORE, settings.least_new_blocks)
    cores = np.bincount(patches[found.lasted], minlength=2)
    fresh = np.bincount(patches[found.running], minlength=len(cores))
    cores = np.pad(cores, (0, len(fresh) - len(cores)))
    for number in np.flatnonzero(np.maximum(cores, fresh) >= least):
        if number == 0:
            continue
        own = patches == number
        early = bool(cores[number] < max(least, CORE_SHARE * own.sum()))
        yield Patch(own, own & found.lasted, covered(found.strength, own), early)


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
