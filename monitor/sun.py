"""Where the sun stands. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from aoi.interval import require_utc

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SunPosition:
    """Direction of the sun as seen from the ground."""

    azimuth_deg: float
    """Clockwise from north, 0 to 360."""

    elevation_deg: float
    """Above the horizon, -90 to 90."""


def sun_position(at: datetime, longitude: float, latitude: float) -> SunPosition:
    """Return where the sun stands at an instant over a place, to about 0.1 degree.

    Low-precision formulas of the Astronomical Almanac, without refraction: enough to
    project shadows where an item does not say its sun angles.

    References
    ----------
    .. [1] Michalsky, J. (1988). The Astronomical Almanac's algorithm for approximate
       solar position. Solar Energy 40(3), doi:10.1016/0038-092X(88)90045-X.
    """
    days = (require_utc(at) - _J2000).total_seconds() / 86_400
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    mean_longitude = 280.460 + 0.9856474 * days
    ecliptic = math.radians(
        (mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly)) % 360
    )
    tilt = math.radians(23.439 - 4e-7 * days)
    right_ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal_deg = (280.46062 + 360.98564737 * days + longitude) % 360
    hour_angle = math.radians(sidereal_deg) - right_ascension
    phi = math.radians(latitude)
    elevation = math.asin(
        math.sin(phi) * math.sin(declination)
        + math.cos(phi) * math.cos(declination) * math.cos(hour_angle)
    )
    azimuth = math.atan2(
        -math.sin(hour_angle),
        math.tan(declination) * math.cos(phi) - math.sin(phi) * math.cos(hour_angle),
    )
    return SunPosition(math.degrees(azimuth) % 360, math.degrees(elevation))
