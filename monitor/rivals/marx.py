"""`marx`, `marx-norm`: near infrared of a village against that of its control."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.alarm import ScoreRows, Scores, seconds
from monitor.rivals.ground import Array, Ground, SeenLook, medians
from monitor.rivals.rule import NO_TIME, QuietRule, Scored

YEAR = np.timedelta64(timedelta(days=365))

LEAST_HISTORY = 5
"""Clear looks without which the median of a year says nothing."""


class TwoLooks:
    """The smaller of two sequential scores of each settlement."""

    def __init__(self, ground: Ground) -> None:
        self._last = np.full(ground.count, np.nan)
        self._when = np.full(ground.count, NO_TIME)

    def rows(self, score: NDArray[np.floating], look: SeenLook) -> ScoreRows:
        """Return the pair's rows at this look, and remember it."""
        present = np.isfinite(score)
        pair = np.where(present, np.minimum(score, self._last), np.nan)
        rows = ScoreRows.at_look(pair, look.at, first=self._when.copy())
        self._last[present] = score[present]
        self._when[present] = seconds(look.at)
        return rows


class Marx(QuietRule):
    """R = median B8A of the settlement / median B8A of its ring, two sequential clear looks.

    Score: 1 - R of the brighter of the two looks, natively above 0.20; `marx-norm`
    divides R by its median over the 12 months before. Published on 3 m images with one
    control village each; here the control is the ring.

    References
    ----------
    .. [1] Marx, A., Windisch, R., Kim, J. S. (2019). Detecting village burnings with
       high-cadence smallsats: a case-study in the Rakhine State of Myanmar. Remote
       Sensing Applications: Society and Environment 14.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._plain, self._normed = TwoLooks(ground), TwoLooks(ground)
        self._history: deque[tuple[np.datetime64, Array]] = deque()
        self._plain_rows: list[ScoreRows] = []
        self._normed_rows: list[ScoreRows] = []

    def see(self, look: SeenLook) -> None:
        """Score this look together with the one before."""
        own = medians(self._ground.own_values(look.nir))
        control = medians(self._ground.ring_values(look.nir))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(look.clear & (control > 0), own / control, np.nan).astype(np.float32)
        now = seconds(look.at)
        while self._history and self._history[0][0] < now - YEAR:
            self._history.popleft()
        self._plain_rows.append(self._plain.rows(1.0 - ratio, look))
        if self._history:
            past = np.stack([values for _, values in self._history], axis=1)
            usual = medians(past)
            usual[np.isfinite(past).sum(axis=1) < LEAST_HISTORY] = np.nan
            self._normed_rows.append(self._normed.rows(1.0 - ratio / usual, look))
        self._history.append((now, ratio))

    def scored(self) -> list[Scored]:
        """Return both variants."""
        ids = self._ground.settlement_ids
        return [
            Scored("marx", Scores.of(ids, self._plain_rows), 0.20),
            Scored("marx-norm", Scores.of(ids, self._normed_rows), 0.20),
        ]
