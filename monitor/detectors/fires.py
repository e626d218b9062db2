"""Active fires at settlements: footprint-weighted detections against today's land."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from scipy.special import gammaincc, gammaln
from shapely import affinity
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from aoi.grid import to_metres
from aoi.settlement import Settlement
from monitor.scene import Hotspot

VERSION = "fires/1"

BACKGROUND_PER_DAY = 1e-4
"""Weighted detections a day in one footprint where the area shows none: accidents, refuse
fires, sun glint. A choice of this project until an archive gives the rate (DETECTION 4c)."""

REACH = timedelta(days=1.5)


@dataclass(frozen=True, slots=True)
class FireHits:
    """What the fire sensors say of one settlement."""

    hits: tuple[Hotspot, ...]
    """Detections whose pixel touches the settlement, oldest first."""

    weight: float
    """Sum of the shares of their pixels that lie in the settlement."""

    expected: float
    """Weight that today's fires around it would give by chance."""

    p: float
    """Probability of at least that weight by chance, 0 to 1; 1 without a hit."""


def fire_hits(
    settlement: Settlement, hotspots: Sequence[Hotspot], epsg: int, area_km2: float
) -> FireHits:
    """Return the detections at a settlement and how surprising they are.

    Parameters
    ----------
    settlement : Settlement
    hotspots : sequence of Hotspot
        In and near the area over some days; low-confidence and static ones are left out.
    epsg : int
        Projected system of the area.
    area_km2 : float
        Size of the land that the hotspots come from.

    Notes
    -----
    The position of a detection is the centre of a pixel of 0.4 to 0.8 km (VIIRS), so a
    bush fire beside a village hits it too: the expected weight is the density of today's
    detections elsewhere in the area, within 1.5 days, times the footprint that a village
    presents to them. Moving fronts raise it, and with it p.

    References
    ----------
    .. [1] Schroeder, W. et al. (2014). The New VIIRS 375 m active fire detection data
       product. doi:10.1016/j.rse.2013.12.008
    """
    footprint = to_metres(settlement.footprint, epsg)
    usable = [h for h in hotspots if h.confidence != "low" and h.static_type in (None, 0)]
    weights = [(h, _share_inside(h, footprint, epsg)) for h in usable]
    hits = [(h, w) for h, w in weights if w > 0.0]
    if not hits:
        return FireHits((), 0.0, 0.0, 1.0)
    first, last = (f(h.acquired_at for h, _ in hits) for f in (min, max))
    elsewhere = [
        h for h, w in weights if w == 0.0 and first - REACH <= h.acquired_at <= last + REACH
    ]
    pixel_km2 = float(np.mean([h.scan_km * h.track_km for h, _ in hits]))
    touching = (np.sqrt(footprint.area / 1e6) + np.sqrt(pixel_km2)) ** 2
    days = max((last - first) / timedelta(days=1), 1.0)
    expected = len(elsewhere) * touching / max(area_km2, touching) + BACKGROUND_PER_DAY * days
    overpasses = len({(h.satellite, h.acquired_at) for h, _ in hits})
    return FireHits(
        hits=tuple(sorted((h for h, _ in hits), key=lambda h: h.acquired_at)),
        weight=float(sum(w for _, w in hits)),
        expected=float(expected),
        p=_poisson_tail(overpasses, expected),
    )


def _share_inside(hotspot: Hotspot, footprint: BaseGeometry, epsg: int) -> float:
    centre = to_metres(Point(hotspot.longitude, hotspot.latitude), epsg)
    pixel = affinity.scale(
        centre.buffer(500.0, quad_segs=8), hotspot.scan_km, hotspot.track_km, origin="center"
    )
    return float(pixel.intersection(footprint).area / pixel.area)


def _poisson_tail(count: int, expected: float) -> float:
    """Return P(N >= count) of a Poisson law."""
    if count <= 0:
        return 1.0
    below = float(gammaincc(count, expected))
    if below < 1.0 - 1e-9:
        return 1.0 - below
    # The first term carries the tail where the expectation is tiny.
    return float(np.exp(count * np.log(expected) - expected - gammaln(count + 1)))
