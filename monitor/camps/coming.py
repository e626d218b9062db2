"""How a patch of shelters came: fast or slowly, and whether it is still filling. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.camps.region import Chosen
from monitor.camps.sign import STEPS, UNSEEN, LookSign

Strengths = NDArray[np.float64]

NAN = float("nan")
UNSEEN_FOR = timedelta(days=60)
"""A patch that nobody saw before it stood may have come so long ago."""

WEEKS_BEFORE = (timedelta(days=19.8), timedelta(days=45))
"""A fifth of a day less than four looks at five days: orbits repeat to the minute."""

LOOKS_BEFORE = 5
"""Of the looks from before these weeks, so many of the latest count."""

STANDING = 0.8
"""Share of its strength of today from which a patch stood in an earlier look."""

FILLING = 3
FILLING_SPAN = timedelta(days=30)
"""A patch is filling that grew stronger from look to look through so many, in such a time."""


@dataclass(frozen=True, slots=True)
class Coming:
    """How a patch came, as far as the looks of the last months show it."""

    earlier: float
    """Share of its strength that it had three to six weeks before it first stood; NaN if no
    look saw it then."""

    before: float
    """The same of the looks before these weeks."""

    looks: int
    """Clear looks since it first stood."""

    since: datetime | None
    """When it first stood; None if it does not yet."""

    after: datetime | None
    """The last look before; None if there is none."""

    per_day: float
    """Strength that it gained in a day through the last three looks: the smaller of the two
    steps between them, 0 or more. What comes at once, as herders and fairs do, gains in one."""

    def earliest(self, now: datetime) -> datetime:
        """Return since when it may have stood, as of now."""
        if self.after is not None:
            return self.after
        return (self.since or now) - UNSEEN_FOR


def coming_of(signs: Sequence[LookSign], own: Chosen, strength: float) -> Coming:
    """Return how a patch came.

    Parameters
    ----------
    signs : sequence of LookSign
        Of the last months, oldest first; those that saw half of the patch count.
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
    per_day = _per_day(seen)
    stands = np.array([value >= STANDING * strength for _, value in seen])
    # A missed cloud is no beginning: most looks from then on must show it standing.
    lasting = [n for n, here in enumerate(stands) if here and stands[n:].mean() > 0.5]
    if not lasting:
        return Coming(NAN, NAN, 0, None, None, per_day)
    stood, after = seen[lasting[0]][0], seen[lasting[0] - 1][0] if lasting[0] else None
    near = [v for at, v in seen if WEEKS_BEFORE[0] <= stood - at <= WEEKS_BEFORE[1]]
    far = [v for at, v in seen if stood - at > WEEKS_BEFORE[1]][-LOOKS_BEFORE:]
    least = max(strength, 1e-3)
    return Coming(
        earlier=float(np.median(near)) / least if near else NAN,
        before=float(np.median(far)) / least if far else NAN,
        looks=sum(at >= stood for at, _ in seen),
        since=stood,
        after=after,
        per_day=per_day,
    )


def _per_day(seen: Sequence[tuple[datetime, float]]) -> float:
    """Return the smaller rise in a day of the last two steps; 0 with too few looks."""
    last = [pair for pair in seen if seen[-1][0] - pair[0] <= FILLING_SPAN][-FILLING:]
    if len(last) < FILLING:
        return 0.0
    steps = [
        (later - value) / max((at_later - at) / timedelta(days=1), 1.0)
        for (at, value), (at_later, later) in pairwise(last)
    ]
    return max(min(steps), 0.0)


def fresh_of(signs: Sequence[LookSign], own: Chosen) -> Chosen:
    """Return the blocks of a place that were less than half as strong two months ago, shape (n,).

    What a camp gained a year ago stands in the same weeks of the last year too, and is no fair
    for that: fairs go again.
    """
    now = signs[-1].at
    older = [sign for sign in signs if now - sign.at >= UNSEEN_FOR]
    newer = [sign for sign in signs if now - sign.at < UNSEEN_FOR]
    if not older:
        return own.copy()
    fresh: Chosen = own & (_mean_strength(older) < 0.5 * _most_strength(newer))
    return fresh


def _mean_strength(signs: Sequence[LookSign]) -> Strengths:
    """Return the mean strength of each block in the looks that saw it; 0 where none did."""
    seen = np.stack([sign.level != UNSEEN for sign in signs])
    strength = np.stack([sign.strength for sign in signs]) * seen
    mean: Strengths = strength.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return mean


def _most_strength(signs: Sequence[LookSign]) -> Strengths:
    """Return the second highest strength of each block: the highest may be a missed cloud."""
    strength = np.stack([np.where(s.level != UNSEEN, s.strength, 0) for s in signs])
    most: Strengths = np.sort(strength, axis=0)[-2:][0].astype(np.float64)
    return most
