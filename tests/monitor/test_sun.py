from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.sun import sun_position


def test_at_the_equinox_the_noon_sun_stands_over_the_equator() -> None:
    # 20 March 2024, 03:06 UTC; the sun crosses longitude 0 at about 12:07 on that day.
    position = sun_position(datetime(2024, 3, 20, 12, 7, 25, tzinfo=UTC), 0.0, 0.0)

    assert position.elevation_deg == pytest.approx(90.0, abs=0.4)


@pytest.mark.parametrize(
    ("at", "azimuth", "elevation"),
    [
        # Sun angles in the metadata of the two Landsat scenes of Cold Springs, whose
        # centres lie at 40.33 N, 105.4 W.
        pytest.param(datetime(2016, 7, 7, 17, 43, 23, tzinfo=UTC), 128.57, 64.72, id="7 July"),
        pytest.param(datetime(2016, 7, 23, 17, 43, 28, tzinfo=UTC), 131.68, 62.49, id="23 July"),
    ],
)
def test_the_sun_stands_where_landsat_says(at: datetime, azimuth: float, elevation: float) -> None:
    position = sun_position(at, -105.4, 40.33)

    assert position.azimuth_deg == pytest.approx(azimuth, abs=1.0)
    assert position.elevation_deg == pytest.approx(elevation, abs=0.5)


def test_at_night_the_sun_is_below_the_horizon() -> None:
    assert sun_position(datetime(2024, 6, 21, 0, 0, tzinfo=UTC), 0.0, 10.0).elevation_deg < -40
