"""The camp detector over a stream of looks: what studies, backtests and calibration run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from monitor.camps.features import camp_features, has_texture
from monitor.camps.recurrence import YEAR, Seen
from monitor.camps.region import KnownCamp, Region
from monitor.camps.season import absorbed, fitted, history_of
from monitor.camps.settings import CampSettings
from monitor.camps.verdict import CampState, CampVerdict
from monitor.detectors.camps import camp_verdict, frozen_blocks
from monitor.looks import Look

QUARANTINE = timedelta(days=60)
YEARS = 3


def same_season(earlier: datetime, since: datetime, until: datetime, reach_days: float) -> bool:
    """Return True if an instant lies in one season of one of the last three years.

    The season is that from `since` to `until`, so many days wider on both sides.
    """
    reach = timedelta(days=reach_days)
    return any(
        since - reach <= earlier + years * YEAR <= until + reach for years in range(1, YEARS + 1)
    )


class CampStream:
    """Takes looks one after another, without files or a database."""

    def __init__(
        self,
        region: Region,
        settings: CampSettings,
        train_until: datetime,
        *,
        relaxed: bool = False,
    ) -> None:
        self._region = region
        self._settings = settings
        self._train_until = train_until
        self._relaxed = relaxed
        self._past: list[Seen] = []
        self._texture: dict[str, bool] = defaultdict(bool)
        self.state = CampState(region.version)

    def take(self, look: Look, found: Sequence[KnownCamp]) -> CampVerdict | None:
        """Return what a look says, None for one that only teaches."""
        values = camp_features(look, self._region)
        if values is None:
            return None
        seen = Seen(look.look_id, look.track, look.acquired_at, values.astype(np.float16))
        self._texture[look.track] |= has_texture(look)
        verdict = None
        if look.acquired_at >= self._train_until:
            self._teach(look.track, look.acquired_at, found)
            self._prime(look.acquired_at, found)
            verdict = camp_verdict(
                replace(seen, values=values), self.state, self._region, found, self._settings,
                self._same_season, relaxed=self._relaxed,
            )  # fmt: skip
            self.state = verdict.state
        if verdict is None or not verdict.held:
            self._past.append(seen)
        return verdict

    def _prime(self, now: datetime, found: Sequence[KnownCamp]) -> None:
        """Let the looks of the last months say what stood before anybody watched."""
        if self.state.signs:
            return
        for seen in self._past:
            if now - seen.at > self._settings.memory:
                continue
            self._teach(seen.track, now, found)
            look = replace(seen, values=seen.values.astype(np.float32))
            self.state = camp_verdict(
                look, self.state, self._region, found, self._settings, no_past
            ).state

    def _teach(self, track: str, now: datetime, found: Sequence[KnownCamp]) -> None:
        ripe = [s for s in self._past if s.track == track and now - s.at >= QUARANTINE]
        season = self.state.seasons.get(track)
        if season is None:
            pairs = [(s.at, s.values.astype(np.float32)) for s in ripe]
            if not pairs:
                return
            history = history_of(track, pairs, has_texture=self._texture[track])
            season = fitted(history, self._region)
        else:
            for seen in ripe:
                if seen.at > season.through:
                    frozen = frozen_blocks(
                        self.state, self._region, found, seen.look_id, self._settings
                    )
                    season = absorbed(season, seen.at, seen.values.astype(np.float32), frozen)
        if season is not None:
            self.state = replace(self.state, seasons={**self.state.seasons, track: season})

    def _same_season(self, since: datetime, until: datetime) -> Iterator[Seen]:
        reach = self._settings.season_days
        return (s for s in self._past if same_season(s.at, since, until, reach))


def no_past(since: datetime, until: datetime) -> Iterator[Seen]:
    """Return no looks of earlier years: what priming finds is not reported."""
    return iter(())
