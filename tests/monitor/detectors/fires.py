"""Detections for the tests of fires: valid ones, changed by keyword."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shapely import affinity

from aoi.grid import to_degrees, to_metres
from monitor.detectors.fire_calibration import UNCALIBRATED
from monitor.detectors.fires import FireSky, fire_sky
from monitor.scene import Hotspot
from tests.builders import EPSG, NOW, a_settlement, a_square, an_aoi

VILLAGE = a_settlement(footprint=a_square(400))
CENTRE = VILLAGE.footprint.centroid
WINDOW = an_aoi().blocks.outline


def a_fire(
    *, east_m: float = 0.0, north_m: float = 0.0, hours: float = 0.0, **changes: Any
) -> Hotspot:
    """Return a detection in the middle of the village, or so far from it, so long after NOW."""
    moved = affinity.translate(to_metres(CENTRE, EPSG), east_m, north_m)
    place = to_degrees(moved, EPSG).centroid
    at = NOW + timedelta(hours=hours)
    fire = Hotspot(
        longitude=place.x, latitude=place.y, acquired_at=at, satellite="N20",
        instrument="VIIRS", confidence="nominal", frp_mw=8.0, brightness_k=340.0, scan_km=0.4,
        track_km=0.4, is_night=True, available_at=at + timedelta(hours=3), static_type=None,
    )  # fmt: skip
    return replace(fire, **changes)


def a_sky(*fires: Hotspot, **changes: Any) -> FireSky:
    """Return the sky over the test area, p not calibrated unless asked for."""
    return fire_sky(fires, WINDOW, EPSG, **{"calibration": UNCALIBRATED, **changes})
