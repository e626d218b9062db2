from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from shapely.geometry import shape

from aoi.interval import Interval
from monitor.simulation.orbits import Acquisition, acquisitions
from monitor.simulation.presets import Faults
from monitor.simulation.scene_files import SceneWriter, seen_outline, write_raster
from monitor.simulation.world import World

MARCH = Interval(datetime(2022, 3, 1, tzinfo=UTC), datetime(2022, 4, 1, tzinfo=UTC))


def passing(world: World, orbit: int) -> Acquisition:
    return next(
        p for p in acquisitions(world.settings, world.seed, MARCH) if p.relative_orbit == orbit
    )


@pytest.fixture(scope="module")
def scene(quiet_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    partial = passing(quiet_world, 136)
    SceneWriter.of(quiet_world).write(partial, folder)
    return folder / partial.scene_id


def test_each_band_has_its_native_pixels(scene: Path) -> None:
    for band, size, kind in (
        ("blue", 10.0, "uint16"), ("nir", 10.0, "uint16"), ("nir08", 20.0, "uint16"),
        ("swir22", 20.0, "uint16"), ("scl", 20.0, "uint8"),
    ):  # fmt: skip
        with rasterio.open(scene / f"{band}.tif") as file:
            assert file.res == (size, size)
            assert file.dtypes == (kind,)
            assert file.width * size == 7_200
            assert file.crs.to_epsg() == 32635
            assert file.profile["tiled"]
            assert file.compression.name == "deflate"


def test_nothing_is_stored_where_the_orbit_sees_nothing(scene: Path) -> None:
    with rasterio.open(scene / "red.tif") as file:
        red = file.read(1)

    # The western 40 % of 720 columns.
    assert not red[:, :288].any()
    assert red[:, 288:].all()


def test_numbers_of_baseline_four_carry_the_offset_and_the_item_says_so(scene: Path) -> None:
    item = json.loads((scene / f"{scene.name}.json").read_text())
    band = item["assets"]["red"]["raster:bands"][0]
    with rasterio.open(scene / "red.tif") as file:
        red = file.read(1)[:, 288:] * band["scale"] + band["offset"]

    assert item["properties"]["s2:processing_baseline"] == "04.00"
    assert (band["scale"], band["offset"], band["nodata"]) == (1e-4, -0.1, 0)
    assert 0.08 < np.median(red) < 0.4


def test_the_footprint_is_what_was_seen(quiet_world: World) -> None:
    whole, part = (shape(seen_outline(quiet_world.blocks, orbit)) for orbit in (93, 136))

    assert part.area / whole.area == pytest.approx(0.6, abs=0.01)
    # A straight edge in metres bends by some centimetres in degrees.
    assert whole.buffer(1e-5).covers(part)


@pytest.mark.parametrize(
    ("faults", "in_numbers", "declared", "applied"),
    [
        pytest.param(Faults(), True, -0.1, False, id="as it should be"),
        pytest.param(Faults(offset_forgotten=MARCH), True, -0.1, True, id="left in, told gone"),
        pytest.param(Faults(offset_doubled=MARCH), False, -0.1, False, id="gone, told in"),
    ],
)
def test_faults_make_numbers_and_description_disagree(
    quiet_world: World, faults: Faults, in_numbers: bool, declared: float, applied: bool
) -> None:
    world = replace(quiet_world, settings=replace(quiet_world.settings, faults=faults))
    writer = replace(SceneWriter.of(quiet_world), world=world)

    encoding = writer.encoding(passing(world, 93))

    assert encoding.offset_in_numbers is in_numbers
    assert encoding.offset_declared == declared
    assert encoding.applied_upstream is applied


def test_before_baseline_four_there_is_no_offset(quiet_world: World) -> None:
    old = replace(passing(quiet_world, 93), baseline="03.01")
    encoding = SceneWriter.of(quiet_world).encoding(old)

    assert not encoding.offset_in_numbers
    assert encoding.offset_declared == 0.0


def test_a_raster_is_written_with_its_checksum(quiet_world: World, tmp_path: Path) -> None:
    grid = quiet_world.blocks
    values = np.arange(grid.height * grid.width, dtype=np.uint16).reshape(grid.shape)

    one = write_raster(tmp_path / "one.tif", grid, values)
    other = write_raster(tmp_path / "other.tif", grid, values)

    assert one == other
    assert len(one) == 64
    with rasterio.open(tmp_path / "one.tif") as file:
        assert np.array_equal(file.read(1), values)
        assert file.transform == grid.transform


def test_items_are_dated_in_utc(scene: Path) -> None:
    properties = json.loads((scene / f"{scene.name}.json").read_text())["properties"]
    acquired, created = (datetime.fromisoformat(properties[key]) for key in ("datetime", "created"))

    assert timedelta(hours=3) <= created - acquired < timedelta(hours=15)
    assert properties["emberwatch:simulated"] is True
