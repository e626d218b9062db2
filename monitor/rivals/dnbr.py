"""`dnbr10`, `dnbr27`, `dnbr10-px`: the difference of the burn ratio to the look before."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from monitor.alarm import ScoreRows, Scores, seconds
from monitor.rivals.ground import Array, Ground, SeenLook, largest, medians
from monitor.rivals.rule import NO_TIME, QuietRule, Scored

MAX_AGE = np.timedelta64(timedelta(days=30))

PIXEL_BLOCKS = 3
"""Ten pixels of 20 m are 4,000 m2: three blocks of 40 m are the least that cover them."""


class Dnbr(QuietRule):
    """Fall of NBR since the last clear look of the same orbit within 30 days.

    Score: median dNBR over the clear blocks of the settlement, natively above 0.10
    (`dnbr10`) or 0.27 (`dnbr27`); of `dnbr10-px` the third largest dNBR of a block. The
    published pixel rule counts ten 20 m pixels; looks hold 40 m blocks, of which three
    have that area.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._before: dict[str, Array] = {}
        self._when: dict[str, np.ndarray] = {}
        self._median_rows: list[ScoreRows] = []
        self._block_rows: list[ScoreRows] = []

    def see(self, look: SeenLook) -> None:
        """Compare with the last clear look of each settlement, then replace it."""
        if look.nbr is None:
            return
        track, now = look.look.track, seconds(look.at)
        values = self._ground.own_values(look.nbr)
        before = self._before.setdefault(track, np.full_like(values, np.nan))
        when = self._when.setdefault(track, np.full(self._ground.count, NO_TIME))
        usable = look.clear & (now - when <= MAX_AGE)
        change = np.where(usable[:, None], before - values, np.nan)
        self._median_rows.append(ScoreRows.at_look(medians(change), look.at))
        self._block_rows.append(ScoreRows.at_look(largest(change, PIXEL_BLOCKS), look.at))
        before[look.clear] = values[look.clear]
        when[look.clear] = now

    def scored(self) -> list[Scored]:
        """Return the three variants."""
        ids = self._ground.settlement_ids
        by_median = Scores.of(ids, self._median_rows)
        by_block = Scores.of(ids, self._block_rows)
        return [
            Scored("dnbr10", by_median, 0.10),
            Scored("dnbr27", by_median, 0.27),
            Scored("dnbr10-px", by_block, 0.10),
        ]
