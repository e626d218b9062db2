"""From detections to the archive of an area: what each day saw at each settlement. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import shapely

from aoi.settlement import Settlement
from monitor.detectors.fire_pixels import REACH_M, FirePixels
from monitor.detectors.fire_seasons import DayCount, FireSeasons, with_days
from monitor.detectors.fires import FireSky, ring_of, thinned
from monitor.detectors.heat_sources import sighted


def places_of(settlements: Sequence[Settlement]) -> str:
    """Return the digest of settlements that an archive is counted for."""
    digest = hashlib.sha256()
    for one in sorted(settlements, key=lambda s: s.settlement_id):
        digest.update(one.settlement_id.encode() + shapely.to_wkb(one.footprint))
    return digest.hexdigest()[:16]


def counted(
    seasons: FireSeasons,
    settlements: Sequence[Settlement],
    sky: FireSky,
    *,
    through: date,
    frozen_ids: Collection[str] = (),
) -> FireSeasons:
    """Return the archive with the days after its last one, until `through`, counted.

    Parameters
    ----------
    seasons : FireSeasons
    settlements : sequence of Settlement
        Those that it is counted for.
    sky : FireSky
        The detections of at least these days; older ones are left out.
    through : date
        The last day that is complete.
    frozen_ids : collection of str
        Settlements that may have burned lately.
    """
    fresh = _of_days(sky.pixels, seasons.through, through)
    moving = sky.pixels.among(~sky.static)
    # What a static source gives is no norm of a season, but it keeps the source known.
    usual = _of_days(moving, seasons.through, through)
    days: dict[date, dict[str, DayCount]] = defaultdict(dict)
    latest = dict(seasons.latest)
    for settlement in settlements:
        place = settlement.settlement_id
        for day, count in _counts(settlement, replace(sky, pixels=usual), latest).items():
            days[day][place] = count
    seen = thinned(fresh)
    for spot in seen.hotspots:
        days.setdefault(spot.acquired_at.date(), {})
    return replace(
        with_days(seasons, days, through=through, frozen_ids=frozen_ids),
        latest=latest,
        cells=sighted(
            seasons.cells,
            zip(
                seen.eastings.tolist(),
                seen.northings.tolist(),
                (h.acquired_at for h in seen.hotspots),
                strict=True,
            ),
        ),
    )


def _of_days(pixels: FirePixels, after: date | None, through: date) -> FirePixels:
    chosen = [
        (after is None or h.acquired_at.date() > after) and h.acquired_at.date() <= through
        for h in pixels.hotspots
    ]
    return pixels.among(np.array(chosen, dtype=np.bool_))


def _counts(
    settlement: Settlement, sky: FireSky, latest: dict[str, datetime]
) -> dict[date, DayCount]:
    """Return what each day saw; note the latest detection that touched the settlement."""
    near, ring = ring_of(settlement, sky)
    close = sky.pixels.near(near, REACH_M)
    within = close.among(shapely.contains_xy(near, close.eastings, close.northings))
    around = sky.pixels.near(ring, 0.0)
    of_ring = thinned(around.among(shapely.contains_xy(ring, around.eastings, around.northings)))
    overpasses: dict[date, set[int]] = defaultdict(set)
    for spot, overpass in zip(within.hotspots, within.overpasses.tolist(), strict=True):
        overpasses[spot.acquired_at.date()].add(overpass)
        known = latest.get(settlement.settlement_id)
        if known is None or spot.acquired_at > known:
            latest[settlement.settlement_id] = spot.acquired_at
    rings: dict[date, int] = defaultdict(int)
    for spot in of_ring.hotspots:
        rings[spot.acquired_at.date()] += 1
    return {
        day: DayCount(len(overpasses.get(day, ())), rings.get(day, 0))
        for day in {*overpasses, *rings}
    }
