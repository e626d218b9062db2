from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from aoi.grid import to_metres
from monitor.detectors.fire_pixels import counts, fire_pixels, pixel_m2
from tests.builders import CENTRE_M, EPSG, NOW, a_square
from tests.monitor.detectors.fires import a_fire


def test_detections_lie_where_they_were_made() -> None:
    pixels = fire_pixels([a_fire(east_m=100)], EPSG)

    assert pixels.eastings[0] == pytest.approx(CENTRE_M[0] + 100, abs=2)
    assert pixels.northings[0] == pytest.approx(CENTRE_M[1], abs=2)


def test_granules_of_one_overpass_belong_together_and_satellites_do_not() -> None:
    seen = [a_fire(), a_fire(hours=0.1), a_fire(hours=0.05, satellite="N"), a_fire(hours=2)]

    pixels = fire_pixels(seen, EPSG)

    # By time: N20, N (0.05 h), N20 (0.1 h, the same overpass as the first), N20 (2 h).
    assert pixels.overpasses.tolist() == [1, 2, 1, 3]


def test_a_pixel_is_an_ellipse_of_scan_by_track() -> None:
    assert pixel_m2(a_fire(scan_km=0.8, track_km=0.4)) == pytest.approx(math.pi * 400 * 200)


@pytest.mark.parametrize(
    ("instrument", "side_km"), [("VIIRS", 0.375), ("MODIS", 1.0), ("ABI", 0.375)]
)
def test_a_size_that_is_not_said_is_assumed(instrument: str, side_km: float) -> None:
    fire = a_fire(instrument=instrument, scan_km=math.nan, track_km=0.0)

    assert pixel_m2(fire) == pytest.approx(math.pi / 4 * (side_km * 1e3) ** 2)


def test_a_pixel_that_lies_half_outside_has_a_share_of_a_half() -> None:
    outline = to_metres(a_square(400), EPSG)

    shares = fire_pixels([a_fire(), a_fire(north_m=200), a_fire(north_m=600)], EPSG).shares_inside(
        outline
    )

    assert sorted(shares.tolist()) == pytest.approx([0.0, 0.5, 1.0], abs=0.01)


def test_only_some_may_be_asked_for() -> None:
    pixels = fire_pixels([a_fire(), a_fire(hours=5), a_fire(east_m=9_000)], EPSG)

    assert len(pixels.between(NOW, NOW + timedelta(hours=5)).hotspots) == 1
    assert len(pixels.near(to_metres(a_square(400), EPSG), 500).hotspots) == 2
    assert pixels.among(np.zeros(3, dtype=np.bool_)).eastings.size == 0


def test_no_detection_is_no_error() -> None:
    assert fire_pixels([], EPSG).shares_inside(to_metres(a_square(400), EPSG)).size == 0


def test_glint_and_static_heat_do_not_count() -> None:
    assert counts(a_fire())
    assert counts(a_fire(static_type=0))
    assert not counts(a_fire(static_type=3))
    assert not counts(a_fire(confidence="low", is_night=False))
