"""How a patch of shelters came: fast or slowly, and whether it is still filling. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from monitor.camps.region import Chosen
from monitor.camps.sign import STEPS, UNSEEN, LookSign

NAN = float("nan")

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

    per_day: float
    """Strength that it gained in a day through the last three looks: the smaller of the two
    steps between them, 0 or more. What comes at once, as herders and fairs do, gains in one."""


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
        return Coming(NAN, NAN, 0, None, per_day)
    stood = seen[lasting[0]][0]
    near = [v for at, v in seen if WEEKS_BEFORE[0] <= stood - at <= WEEKS_BEFORE[1]]
    far = [v for at, v in seen if stood - at > WEEKS_BEFORE[1]][-LOOKS_BEFORE:]
    least = max(strength, 1e-3)
    return Coming(
        earlier=float(np.median(near)) / least if near else NAN,
        before=float(np.median(far)) / least if far else NAN,
        looks=sum(at >= stood for at, _ in seen),
        since=stood,
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
