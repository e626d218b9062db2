"""Radar looks as stacks by orbit, and the guard against scenes whose level moved. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.looks import Look

POLARISATIONS = ("vv", "vh")

Floats = NDArray[np.float32]


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
