"""What watching an area will cost, before anything is fetched. Pure.

Numbers are expectations, good to a third or so: how often satellites pass is
geometry, how well pixels compress is experience.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from aoi.area import Aoi
from aoi.grid import Grid
from monitor.sources.whole_tiles import window_grid

MONTH = timedelta(days=30)

# Two Sentinel-2 satellites, each over 143 orbits that repeat every 10 days, 290 km wide
# (ESA, Sentinel-2 user handbook); orbits lie side by side along the equator.
SATELLITES = 2
ORBITS = 143
REPEAT = timedelta(days=10)
SWATH_KM = 290.0
EQUATOR_KM = 40_075.0

# Tiles of 109.8 km begin every 100 km, so that neighbours overlap.
TILE_KM = 109.8
TILE_STEP_KM = 100.0

FINE_M, COARSE_M = 10.0, 20.0
FINE_BANDS, COARSE_BANDS = 3, 3
"""Visible bands; near and short-wave infrared. The classification comes with both."""

# Cloud-optimised files of Earth Search: tiles of 1024 px, some 1.5 bytes a pixel; their
# classifications compress to a twentieth of a byte.
COG_SIDE_PX = 1_024
BYTES_A_PIXEL = 1.5
HEAD_BYTES = 65_536

# Sentinel Hub: 512 x 512 pixels of three bands of 16 bits are one processing unit.
UNIT_PIXELS = 512 * 512
UNIT_BANDS = 3
HUB_SIDE_PX = 2_500

# Two Sentinel-1 satellites, each over 175 orbits that repeat every 12 days, 250 km wide (ESA,
# Sentinel-1 user handbook): at most, for over much of the world not every pass is taken.
RADAR_ORBITS = 175
RADAR_REPEAT = timedelta(days=12)
RADAR_SWATH_KM = 250.0
RADAR_BANDS = 2
RADAR_FACTOR = 2
"""Orthorectification doubles the price."""

RADAR_DETECTOR = "sar"
"""Areas that name it are looked at by radar."""

FIRMS_DAYS_A_REQUEST = 5
FIRMS_SETTLED_AFTER = timedelta(days=10)
FIRMS_LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one provider is asked for, in a month and for the history at the start."""

    provider: str
    scenes_a_month: float
    requests_a_month: float
    bytes_a_month: float
    units_a_month: float
    """Processing units; 0 where the provider counts none."""

    history_scenes: float
    history_bytes: float
    history_units: float


def stac_cost(
    aoi: Aoi, *, runs_a_month: float, history: timedelta, whole_tiles: bool = False
) -> Cost:
    """Return what Sentinel-2 from a STAC catalogue costs.

    Parameters
    ----------
    runs_a_month : float
        How often the catalogue is searched.
    history : timedelta
        Span that the first run reads for the baselines.
    whole_tiles : bool
        True if windows of a quarter degree are asked for.
    """
    width_km, height_km = _extent_km(aoi, whole_tiles)
    overpasses = overpasses_a_month(_latitude(aoi), width_km)
    scenes = overpasses * tiles_expected(width_km, height_km)
    requests, fetched = _files(width_km, height_km)
    per_month = history / MONTH
    return Cost(
        provider="stac",
        scenes_a_month=scenes,
        requests_a_month=scenes * requests + runs_a_month,
        bytes_a_month=scenes * fetched,
        units_a_month=0.0,
        history_scenes=scenes * per_month,
        history_bytes=scenes * fetched * per_month,
        history_units=0.0,
    )


def sentinel_hub_cost(
    aoi: Aoi, *, runs_a_month: float, history: timedelta, whole_tiles: bool = False
) -> Cost:
    """Return what Sentinel Hub costs; parameters as `stac_cost`.

    Sentinel-2, and Sentinel-1 where the area asks for radar: its catalogue is searched too.
    """
    width_km, height_km = _extent_km(aoi, whole_tiles)
    satellites = [(overpasses_a_month(_latitude(aoi), width_km), _optical(width_km, height_km))]
    if RADAR_DETECTOR in aoi.detectors:
        passes = radar_passes_a_month(_latitude(aoi), width_km)
        satellites.append((passes, _radar(width_km, height_km)))
    overpasses = sum(count for count, _ in satellites)
    requests = sum(count * each.requests for count, each in satellites)
    fetched = sum(count * each.fetched_bytes for count, each in satellites)
    units = sum(count * each.units for count, each in satellites)
    per_month = history / MONTH
    return Cost(
        provider="sentinel_hub",
        scenes_a_month=overpasses,
        requests_a_month=requests + runs_a_month * len(satellites),
        bytes_a_month=fetched,
        units_a_month=units,
        history_scenes=overpasses * per_month,
        history_bytes=fetched * per_month,
        history_units=units * per_month,
    )


def firms_requests_a_month(products: int, runs_a_month: float) -> float:
    """Return how many transactions hotspots cost at most; settled days come from the cache."""
    # Days that are not settled lie in one span more than fills them.
    fresh = math.ceil(FIRMS_SETTLED_AFTER.days / FIRMS_DAYS_A_REQUEST) + 1
    first = math.ceil(FIRMS_LOOK_BACK.days / FIRMS_DAYS_A_REQUEST)
    return products * (runs_a_month * fresh + first)


def overpasses_a_month(latitude_deg: float, width_km: float) -> float:
    """Return how many overpasses of Sentinel-2 see some of an area in a month.

    Towards the poles orbits crowd together and places lie in several; a wider area
    meets more of them.
    """
    step_km = EQUATOR_KM * math.cos(math.radians(latitude_deg)) / ORBITS
    return SATELLITES * (MONTH / REPEAT) * (SWATH_KM + width_km) / step_km


def radar_passes_a_month(latitude_deg: float, width_km: float) -> float:
    """Return how many overpasses of Sentinel-1 see some of an area in a month, at most.

    By day and by night: each orbit is counted on its way north and on its way south.
    """
    step_km = EQUATOR_KM * math.cos(math.radians(latitude_deg)) / RADAR_ORBITS
    return 2 * SATELLITES * (MONTH / RADAR_REPEAT) * (RADAR_SWATH_KM + width_km) / step_km


def tiles_expected(width_km: float, height_km: float) -> float:
    """Return how many tiles an area of that size meets on average, wherever it lies."""
    return (width_km + TILE_KM) / TILE_STEP_KM * (height_km + TILE_KM) / TILE_STEP_KM


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one overpass through Sentinel Hub costs."""

    requests: int
    fetched_bytes: float
    units: float


def _optical(width_km: float, height_km: float) -> _Pass:
    # The classification is paid for, the data mask comes free; both are sent.
    fine = _asked(width_km, height_km, FINE_M, FINE_BANDS + 1)
    coarse = _asked(width_km, height_km, COARSE_M, COARSE_BANDS + 1)
    return _Pass(
        fine.requests + coarse.requests,
        fine.fetched_bytes + coarse.fetched_bytes,
        fine.units + coarse.units,
    )


def _radar(width_km: float, height_km: float) -> _Pass:
    once = _asked(width_km, height_km, FINE_M, RADAR_BANDS)
    return _Pass(once.requests, once.fetched_bytes, once.units * RADAR_FACTOR)


def _asked(width_km: float, height_km: float, resolution_m: float, paid_bands: int) -> _Pass:
    width, height = width_km * 1_000 / resolution_m, height_km * 1_000 / resolution_m
    return _Pass(
        requests=math.ceil(width / HUB_SIDE_PX) * math.ceil(height / HUB_SIDE_PX),
        fetched_bytes=width * height * (paid_bands + 1) * 2,
        units=width * height / UNIT_PIXELS * paid_bands / UNIT_BANDS,
    )


def _extent_km(aoi: Aoi, whole_tiles: bool) -> tuple[float, float]:
    grid: Grid = aoi.blocks
    if whole_tiles:
        grid = window_grid(grid)
    return grid.width * grid.resolution_m / 1_000, grid.height * grid.resolution_m / 1_000


def _files(width_km: float, height_km: float) -> tuple[float, float]:
    """Return requests and bytes of one scene from cloud-optimised files."""
    requests = fetched = 0.0
    for resolution_m, bands in ((FINE_M, FINE_BANDS), (COARSE_M, COARSE_BANDS)):
        # A window that lies anywhere meets one tile more than fit into it.
        across = width_km * 1_000 / resolution_m / COG_SIDE_PX + 1
        down = height_km * 1_000 / resolution_m / COG_SIDE_PX + 1
        # One request for the head and one for each row of tiles; the classification too.
        requests += (bands + 1) * (1 + down)
        fetched += bands * (across * down * COG_SIDE_PX**2 * BYTES_A_PIXEL)
        fetched += (bands + 1) * HEAD_BYTES
    return requests, fetched


def _latitude(aoi: Aoi) -> float:
    return float(aoi.geometry.centroid.y)
