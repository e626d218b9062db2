"""Active fires at settlements: footprint-weighted detections against what is usual there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import betainc
from shapely.geometry.base import BaseGeometry

from aoi.grid import to_metres
from aoi.settlement import Settlement
from monitor.detectors.fire_calibration import FireCalibration, shipped_fire_calibration
from monitor.detectors.fire_pixels import REACH_M, FirePixels, fire_pixels, pixel_m2
from monitor.detectors.fire_seasons import FireSeasons, norm_of
from monitor.detectors.heat_sources import HeatSettings, HeatSource, heat_sources, is_static
from monitor.scene import Hotspot

VERSION = "fires/2"


@dataclass(frozen=True, slots=True)
class FireSettings:
    """How detections are counted (DETECTION 4c). From ``[detection.fires]``."""

    reach: timedelta = timedelta(days=1.5)
    """Detections so long before and after an instant count together."""

    near_m: float = 500.0
    """Land around a settlement whose usual rate is its background."""

    ring_m: float = 10_000.0
    """Outer edge of the land whose fires of the same days raise what is expected."""

    kappa: float = 1.0
    """Fires added to both sides of today's ratio, so that one alone says little."""

    size: float = 0.5
    """Size of the negative binomial: fires come in bunches."""

    heat: HeatSettings = field(default_factory=HeatSettings)


@dataclass(frozen=True, slots=True)
class FireHits:
    """What the fire sensors say of one settlement."""

    hits: tuple[Hotspot, ...]
    """Detections whose pixel touches the settlement, oldest first."""

    weight: float
    """Sum over overpasses of the largest share of a pixel that lies in the settlement, each
    as a part of the most that it could be (K)."""

    expected: float
    """The same by chance: the season's rate times today's ratio of the ring."""

    p: float
    """Calibrated probability of at least that weight by chance, 0 to 1; 1 without a hit."""

    overpasses: int = 0
    """Overpasses with a hit in the strongest three days."""

    tail: float = 1.0
    """Tail of the negative binomial that p was read from."""

    ring_ratio: float = 1.0
    """Fires in the ring these days, relative to what is usual."""

    norm_ratio: float = float("nan")
    """Hits relative to the seasonal norm of the place, without the ring; NaN without one."""

    inside_share: float = float("nan")
    """Part of the fire pixels within 2.5 km that touches the settlement, static heat left out:
    small for a front."""

    static: int = 0
    """Detections at the settlement that a static source accounts for; they have no weight."""

    archive_days: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class FireSky:
    """The detections in and near one area over some days, and what is usual there."""

    pixels: FirePixels
    """Those that may be fires; static ones too."""

    static: NDArray[np.bool_]
    """True for those that a static source accounts for."""

    seasons: FireSeasons | None
    sources: tuple[HeatSource, ...]
    window: BaseGeometry
    """Land that the detections come from, in metres."""

    settings: FireSettings
    calibration: FireCalibration


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    """One settlement under the sky: its land, and the detections near it."""

    outline: BaseGeometry
    near_km2: float
    ring_km2: float
    pixels: FirePixels
    shares: NDArray[np.float64]
    """Share of each pixel in the settlement, zero for static heat."""

    heat: NDArray[np.bool_]
    """True for pixels that a static source accounts for."""

    static: int
    ring: FirePixels


def fire_sky(
    hotspots: Sequence[Hotspot],
    window: BaseGeometry,
    epsg: int,
    seasons: FireSeasons | None = None,
    settings: FireSettings | None = None,
    calibration: FireCalibration | None = None,
) -> FireSky:
    """Return the detections of some days, ready to be asked about settlements.

    Parameters
    ----------
    hotspots : sequence of Hotspot
        In and near the area, any order.
    window : geometry
        Land that they come from, EPSG:4326.
    epsg : int
        Projected system of the area.
    seasons : FireSeasons, optional
        What is usual; without it a rate is assumed.
    settings : FireSettings, optional
    calibration : FireCalibration, optional
        The shipped one unless given.
    """
    chosen = settings or FireSettings()
    pixels = fire_pixels(hotspots, epsg)
    sources = heat_sources(seasons.cells, chosen.heat) if seasons is not None else ()
    static = is_static(pixels.eastings, pixels.northings, sources, chosen.heat.reach_m)
    return FireSky(
        pixels=pixels,
        static=static,
        seasons=seasons,
        sources=sources,
        window=to_metres(window, epsg),
        settings=chosen,
        calibration=calibration or shipped_fire_calibration(),
    )


def fire_hits(
    settlement: Settlement,
    sky: FireSky,
    after: datetime | None = None,
    until: datetime | None = None,
) -> FireHits:
    """Return the detections at a settlement and how surprising they are.

    What burns radiates at 4 micrometres (VIIRS I4, MODIS 21 and 22); a detection is the
    centre of a pixel of 0.4 to 0.8 km (VIIRS), so that a bush fire beside a village hits it
    too. Each overpass counts once, with the largest share of a pixel that lies in the
    settlement; the strongest three days (`FireSettings.reach` twice) are compared with the
    rate that the archive gives for this time of the year, times the ratio of fires around it
    in these days. K is real, so that the tail of the negative binomial is an incomplete
    beta function; p is the rank of that tail among places where nothing burned.

    Parameters
    ----------
    settlement : Settlement
    sky : FireSky
    after, until : datetime, optional
        Hits after the one and until the other count; all unless given.

    Notes
    -----
    Burning of fields and refuse, kilns, hot roofs and gas flares look the same; static
    sources are learned and have no weight. Silence says little: fires of huts last an hour
    or two, between passes and under clouds.

    References
    ----------
    .. [1] Schroeder, W. et al. (2014). The New VIIRS 375 m active fire detection data
       product. doi:10.1016/j.rse.2013.12.008
    """
    site = _site(settlement, sky)
    touching = [
        index
        for index, (spot, share) in enumerate(zip(site.pixels.hotspots, site.shares, strict=True))
        if share > 0
        and (after is None or spot.acquired_at > after)
        and (until is None or spot.acquired_at <= until)
    ]
    if not touching:
        return FireHits((), 0.0, 0.0, 1.0, static=site.static)
    ends = sorted({site.pixels.hotspots[i].acquired_at for i in touching})
    windows = [_window(settlement.settlement_id, site, sky, end, after) for end in ends]
    best = min(windows, key=lambda found: (found.p, found.tail))
    hits = tuple(site.pixels.hotspots[i] for i in touching)
    return replace(best, hits=hits)


def hits_at(settlement: Settlement, sky: FireSky, end: datetime) -> FireHits:
    """Return what the three days up to an instant say of a settlement."""
    return _window(settlement.settlement_id, _site(settlement, sky), sky, end, None)


def negative_binomial_tail(weight: float, mean: float, size: float) -> float:
    """Return P(N >= weight) of a negative binomial, weight being real; 1 at a weight of 0."""
    if weight <= 0:
        return 1.0
    return float(betainc(weight, size, mean / (mean + size)))


def ring_of(settlement: Settlement, sky: FireSky) -> tuple[BaseGeometry, BaseGeometry]:
    """Return a settlement with the land that is near it, and its ring, in metres."""
    outline = to_metres(settlement.footprint, sky.pixels.epsg)
    near = outline.buffer(sky.settings.near_m)
    ring = outline.buffer(sky.settings.ring_m).difference(near).intersection(sky.window)
    return near, ring


def thinned(pixels: FirePixels) -> FirePixels:
    """Return one detection an overpass and square kilometre: a front is not many fires."""
    first: dict[tuple[int, float, float], int] = {}
    kilometres = zip(
        pixels.overpasses.tolist(),
        (pixels.eastings // 1_000.0).tolist(),
        (pixels.northings // 1_000.0).tolist(),
        strict=True,
    )
    for index, key in enumerate(kilometres):
        first.setdefault(key, index)
    chosen = np.zeros(len(pixels.hotspots), dtype=np.bool_)
    chosen[list(first.values())] = True
    return pixels.among(chosen)


def _site(settlement: Settlement, sky: FireSky) -> _Site:
    outline = to_metres(settlement.footprint, sky.pixels.epsg)
    near, ring = ring_of(settlement, sky)
    close = sky.pixels.near(outline, REACH_M)
    static = is_static(close.eastings, close.northings, sky.sources, sky.settings.heat.reach_m)
    shares = close.shares_inside(outline)
    around = sky.pixels.among(~sky.static).near(outline, sky.settings.ring_m)
    return _Site(
        outline=outline,
        near_km2=near.area / 1e6,
        ring_km2=ring.area / 1e6,
        pixels=close,
        shares=np.where(static, 0.0, shares),
        heat=static,
        static=int(np.count_nonzero(static & (shares > 0))),
        ring=thinned(around.among(_inside(around, ring))),
    )


def _inside(pixels: FirePixels, outline: BaseGeometry) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = shapely.contains_xy(outline, pixels.eastings, pixels.northings)
    return np.asarray(inside, dtype=np.bool_).reshape(pixels.eastings.shape)


def _window(
    settlement_id: str, site: _Site, sky: FireSky, end: datetime, after: datetime | None
) -> FireHits:
    """Return what the days before `end` say: twice the reach, none of them before `after`."""
    settings = sky.settings
    span = 2 * settings.reach
    start = end - span if after is None else max(end - span, after)
    chosen = np.array([start < h.acquired_at <= end for h in site.pixels.hotspots], dtype=np.bool_)
    touching = chosen & (site.shares > 0)
    weight = _weight(site, touching)
    if weight <= 0:
        return FireHits((), 0.0, 0.0, 1.0, static=site.static)
    norm = norm_of(sky.seasons, settlement_id, end.date(), site.near_km2, site.ring_km2)
    days = span / timedelta(days=1)
    ring = sum(end - span < h.acquired_at <= end for h in site.ring.hotspots)
    ratio = (ring + settings.kappa) / (days * norm.ring_per_day + settings.kappa)
    usual = days * norm.near_per_day * _presented(site, touching)
    tail = negative_binomial_tail(weight, usual * ratio, settings.size)
    overpasses = len(set(site.pixels.overpasses[touching].tolist()))
    return FireHits(
        hits=site.pixels.among(touching).hotspots,
        weight=weight,
        expected=usual * ratio,
        p=sky.calibration.p(tail, usual * ratio, norm.archive_days),
        overpasses=overpasses,
        tail=tail,
        ring_ratio=ratio,
        norm_ratio=overpasses / (days * norm.near_per_day),
        inside_share=float(np.count_nonzero(touching) / np.count_nonzero(chosen & ~site.heat)),
        static=site.static,
        archive_days=norm.archive_days,
    )


def _weight(site: _Site, touching: NDArray[np.bool_]) -> float:
    """Return K: each overpass once, with the most of a pixel that lies in the settlement."""
    best: dict[int, float] = {}
    for index in np.flatnonzero(touching):
        most = min(site.outline.area / pixel_m2(site.pixels.hotspots[index]), 1.0)
        overpass = int(site.pixels.overpasses[index])
        share = min(float(site.shares[index]) / max(most, 1e-9), 1.0)
        best[overpass] = max(best.get(overpass, 0.0), share)
    return sum(best.values())


def _presented(site: _Site, touching: NDArray[np.bool_]) -> float:
    """Return the land whose fires weigh in the settlement, as a share of that near it.

    A pixel weighs in full where it covers the settlement or lies in it whole: summed over
    all places of its centre that is the larger of the two areas.
    """
    pixels = [pixel_m2(site.pixels.hotspots[i]) for i in np.flatnonzero(touching)]
    presented = max(site.outline.area, float(np.mean(pixels)))
    return min(presented / (site.near_km2 * 1e6), 1.0)
