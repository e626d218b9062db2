from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from aoi.interval import Interval
from monitor.simulation.fields import block_means
from monitor.simulation.pixels import COARSE, Painter
from monitor.simulation.radar import radar_looks, radar_passes
from monitor.simulation.radar_files import RadarWriter
from monitor.simulation.world import World

MARCH = Interval(datetime(2022, 3, 1, tzinfo=UTC), datetime(2022, 3, 20, tzinfo=UTC))


@pytest.fixture(scope="module")
def writer(quiet_world: World) -> RadarWriter:
    return RadarWriter.of(quiet_world, Painter.of(quiet_world, COARSE))


def test_a_scene_is_linear_power_of_two_polarisations(writer: RadarWriter, tmp_path: Path) -> None:
    passing = next(radar_passes(writer.world.seed, MARCH))
    files = writer.write(passing, tmp_path)

    assert {Path(name).name for name in files} == {"vv.tif", "vh.tif", f"{passing.scene_id}.json"}
    with rasterio.open(tmp_path / passing.scene_id / "vv.tif") as file:
        power = file.read(1)
        assert file.res == (20.0, 20.0)
    # -13 to -9 dB.
    assert 0.04 < np.median(power) < 0.15


def test_pixels_average_to_radar_looks(writer: RadarWriter) -> None:
    passes = list(radar_passes(writer.world.seed, MARCH))
    for passing, look in zip(passes, radar_looks(writer.world, MARCH), strict=True):
        vv = 10 * np.log10(block_means(writer.paint(passing), 2)[0])
        # Two independent speckles of 1.085 dB.
        difference = vv - look.bands["vv"]
        assert abs(float(np.median(difference))) < 0.1
        assert float(difference.std()) == pytest.approx(1.53, abs=0.12)


def test_four_looks_fall_on_a_pixel_of_twenty_metres(writer: RadarWriter) -> None:
    one, other = (writer.paint(p)[0] for p in list(radar_passes(writer.world.seed, MARCH))[::2][:2])
    ratio = np.log(one / other)

    # trigamma(4) is .2838, twice for two looks.
    assert float(ratio.std()) == pytest.approx(np.sqrt(2 * 0.2838), abs=0.05)
