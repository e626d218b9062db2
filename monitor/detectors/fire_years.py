"""Detections over years, and at each moment the archive as it was then: for studies. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from aoi.area import Aoi
from aoi.settlement import Settlement
from monitor.detectors.fire_archive import counted, places_of
from monitor.detectors.fire_seasons import FireSeasons
from monitor.detectors.fires import FireSettings, FireSky, fire_sky
from monitor.scene import Hotspot

COMPLETE_AFTER = timedelta(days=3)
"""As in the service: detections of a day have all come by then."""

COUNTED_EVERY = timedelta(days=30)
"""The service counts every day; half of its quarantine makes no difference to what is usual."""

WINDOW = timedelta(days=60)
"""Detections of this span before a look may stand beside it, as in the pipeline."""


class FireYears:
    """The detections of one area, asked about one moment after another.

    Parameters
    ----------
    aoi : Aoi
    settlements : sequence of Settlement
    hotspots : iterable of Hotspot
        Of all the years, any order. What came after a moment is not used for it.
    settings : FireSettings, optional

    Notes
    -----
    A settlement's own burn is counted into what is usual there; the service leaves it out.
    """

    def __init__(
        self,
        aoi: Aoi,
        settlements: Sequence[Settlement],
        hotspots: Iterable[Hotspot],
        settings: FireSettings | None = None,
    ) -> None:
        self._aoi = aoi
        self._settlements = settlements
        self._spots = sorted(hotspots, key=lambda spot: spot.acquired_at)
        self._times = [spot.acquired_at for spot in self._spots]
        self._settings = settings
        self._seasons = FireSeasons(aoi.aoi_id, places_of(settlements))
        self._asked: datetime | None = None

    def sky(self, now: datetime) -> FireSky:
        """Return the detections of the 60 days up to an instant, and what was usual by then.

        Raises
        ------
        ValueError
            If a later instant was asked about before: the archive would know the future.
        """
        if self._asked is not None and now < self._asked:
            raise ValueError(f"asked about {now} after {self._asked}")
        self._asked = now
        self._count_until(now)
        return self._sky(bisect_left(self._times, now - WINDOW), bisect_right(self._times, now))

    def _count_until(self, now: datetime) -> None:
        through, known = (now - COMPLETE_AFTER).date(), self._seasons.through
        if known is not None and through - known < COUNTED_EVERY:
            return
        first = 0 if known is None else bisect_left(self._times, _after(known))
        last = bisect_left(self._times, _after(through))
        self._seasons = counted(
            self._seasons, self._settlements, self._sky(first, last), through=through
        )

    def _sky(self, first: int, last: int) -> FireSky:
        return fire_sky(
            self._spots[first:last], self._aoi.blocks.outline, self._aoi.epsg, self._seasons,
            self._settings,
        )  # fmt: skip


def _after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
