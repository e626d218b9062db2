"""The recent past: how far each block has lately been from its season.

No two rainy seasons are alike: a dry year looks, week after week, like a little less
green everywhere, and a baseline of two years cannot know. What the last few looks had in
common is taken off before a look is judged; a fire is what is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.control import masked_quantile
from monitor.features import FeatureSet

Array = NDArray[np.float32]

KEPT_LOOKS = 6
REACH = timedelta(days=60)
LEAST_LOOKS = 2
RELAXATION = 0.95
"""What a settlement that shows a sign keeps, per look, of the level before it: the sign
must not become its own normal, nor stay for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """Residuals of the last looks of an area, all tracks, over the watched blocks (n)."""

    sets_version: str
    features: FeatureSet
    at: tuple[datetime, ...]
    """Acquisitions, ascending, at most six."""

    residual: NDArray[np.float16]
    """Observed minus seasonal expectation, shape (looks, features, n); NaN where unseen."""

    @classmethod
    def empty(cls, sets_version: str, features: FeatureSet, blocks: int) -> Recent:
        """Return a recent past without looks."""
        nothing = np.empty((0, features.count, blocks), dtype=np.float16)
        return cls(sets_version, features, (), nothing)

    def level(self, on: datetime) -> Array:
        """Return what the last looks before a day had in common, shape (features, n).

        The median over the looks of the 60 days before, half of it where only two or
        three saw a block, and 0 where fewer did.
        """
        near = [i for i, at in enumerate(self.at) if timedelta(0) < on - at <= REACH]
        if len(near) < LEAST_LOOKS:
            return np.zeros(self.residual.shape[1:], dtype=np.float32)
        return level_of(self.residual[near].astype(np.float32))

    def followed_by(
        self, on: datetime, residual: Array, signed: Sequence[NDArray[np.int32]]
    ) -> Recent:
        """Return the recent past with one more look.

        Parameters
        ----------
        on : datetime
            Its acquisition; a look that is older than any kept one changes nothing.
        residual : array
            Observed minus seasonal expectation, shape (features, n).
        signed : sequence of array
            Own blocks of each settlement that shows a sign in it: they keep their level.
        """
        if self.at and on <= self.at[-1]:
            return self
        entry = residual.astype(np.float32)
        if signed:
            blocks = np.concatenate(signed)
            entry = entry.copy()
            entry[:, blocks] = RELAXATION * self.level(on)[:, blocks]
        kept = np.concatenate([self.residual[-(KEPT_LOOKS - 1) :], entry[None].astype(np.float16)])
        return Recent(self.sets_version, self.features, (*self.at[-(KEPT_LOOKS - 1) :], on), kept)


def level_of(residuals: Array) -> Array:
    """Return the median over looks (looks, features, n), shrunk where few saw a block."""
    stack = np.moveaxis(residuals, 0, -1)
    seen = np.isfinite(stack)
    count = seen.sum(axis=-1)
    median = np.nan_to_num(masked_quantile(stack, seen, 0.5))
    weight = np.where(count < LEAST_LOOKS, 0.0, np.where(count < 4, 0.5, 1.0))
    level: Array = (weight * median).astype(np.float32)
    return level
