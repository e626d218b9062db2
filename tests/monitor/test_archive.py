from __future__ import annotations

import hashlib
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from monitor.archive import (
    file_sha256,
    load_chip,
    load_look,
    load_look_part,
    save_chip,
    save_look,
    write_whole,
)
from monitor.errors import ArchiveError
from monitor.looks import Look
from monitor.observation import Flag, Observation
from monitor.reduction import quantised
from monitor.scene import Sensor
from tests.builders import a_look, a_square, an_observation


def assert_same(one: Look, other: Look) -> None:
    for name in ("look_id", "aoi_id", "sensor", "platform", "track", "acquired_at",
                 "available_at", "blocks", "scene_ids", "tags"):  # fmt: skip
        assert getattr(one, name) == getattr(other, name)
    assert list(one.bands) == list(other.bands)
    for band in one.bands:
        np.testing.assert_array_equal(one.bands[band], other.bands[band])
    for name in ("texture", "clear_fraction", "flags"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_look_comes_back_as_it_was(tmp_path: Path) -> None:
    look = a_look(
        cloudy=np.s_[:3, :4],
        scene_ids=("S2_A", "S2_B"),
        tags={"processing_baseline": "", "note": "Schöne Grüße, نيالا", "quote": "'\"<&>"},
    )
    look.bands["red"][0, 0] = look.texture[5, 5] = np.nan

    save_look(look, tmp_path / "look.tif")

    assert_same(load_look(tmp_path / "look.tif"), look)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    arrays.arrays(np.float32, (24, 24), elements=st.floats(-3, 3, width=32)),
    arrays.arrays(np.int16, (24, 24), elements=st.integers(0, 100)),
    arrays.arrays(np.uint16, (24, 24), elements=st.integers(0, 1023)),
)
def test_every_look_comes_back_bit_for_bit(
    tmp_path: Path,
    values: NDArray[np.float32],
    percent: NDArray[np.int16],
    flags: NDArray[np.uint16],
) -> None:
    look = a_look(
        bands={"red": quantised(values)},
        clear_fraction=(percent.astype(np.float64) * 0.01).astype(np.float32),
        flags=flags,
    )

    save_look(look, tmp_path / "look.tif")

    assert_same(load_look(tmp_path / "look.tif"), look)


def test_a_radar_look_keeps_hundredths_of_a_decibel(tmp_path: Path) -> None:
    shape = (24, 24)
    steps = np.arange(-576, 0).reshape(shape)
    look = a_look(
        sensor=Sensor.SENTINEL_1,
        bands={"vv": (steps * 0.01).astype(np.float32)},
        texture=np.full(shape, np.nan, np.float32),
    )

    save_look(look, tmp_path / "look.tif")

    assert_same(load_look(tmp_path / "look.tif"), look)


def test_any_gis_can_read_the_layers(tmp_path: Path) -> None:
    save_look(a_look(cloudy=np.s_[:1, :1]), tmp_path / "look.tif")

    with rasterio.open(tmp_path / "look.tif") as file:
        assert file.descriptions == (
            "blue", "green", "red", "nir08", "swir16", "swir22",
            "sigma10", "clear_fraction", "flags",
        )  # fmt: skip
        assert set(file.dtypes) == {"int16"}
        assert file.nodata == -32768
        assert file.scales == (1e-4,) * 7 + (0.01, 1.0)
        assert file.crs.to_epsg() == 32635
        assert file.res == (40.0, 40.0)
        # Nir 0.25, clear, and the cloud in the corner.
        assert file.read(4)[5, 5] == 2500
        assert file.read(8)[5, 5] == 100
        assert file.read(9)[0, 0] == Flag.CLOUD


def test_the_layer_of_an_absent_band_is_empty_and_stays_absent(tmp_path: Path) -> None:
    look = a_look()
    look = replace(look, bands={b: v for b, v in look.bands.items() if b != "swir22"})

    save_look(look, tmp_path / "look.tif")

    with rasterio.open(tmp_path / "look.tif") as file:
        assert (file.read(6) == -32768).all()
    assert "swir22" not in load_look(tmp_path / "look.tif").bands


def test_the_same_look_gives_the_same_bytes(tmp_path: Path) -> None:
    first = save_look(a_look(), tmp_path / "a.tif")
    second = save_look(a_look(), tmp_path / "b.tif")

    assert first == second == file_sha256(tmp_path / "a.tif")
    assert first == hashlib.sha256((tmp_path / "b.tif").read_bytes()).hexdigest()


def test_a_chip_comes_back_as_it_was(tmp_path: Path) -> None:
    chip = an_observation(burnt=np.s_[:4, :4], cloudy=np.s_[9:, 9:])
    chip.bands["red"][0, 0] = np.nan

    digest = save_chip(chip, tmp_path / "chips" / "chip.tif")

    back = load_chip(tmp_path / "chips" / "chip.tif")
    assert digest == file_sha256(tmp_path / "chips" / "chip.tif")
    assert (back.grid, back.acquired_at, back.scene_ids) == (
        chip.grid, chip.acquired_at, chip.scene_ids,
    )  # fmt: skip
    assert list(back.bands) == list(chip.bands)
    for band, values in chip.bands.items():
        np.testing.assert_array_equal(back.bands[band], values)
    np.testing.assert_array_equal(back.flags, chip.flags)


@pytest.mark.parametrize("kind", ["look", "chip"])
def test_a_missing_file_is_an_error_of_the_archive(tmp_path: Path, kind: str) -> None:
    load = {"look": load_look, "chip": load_chip}[kind]

    with pytest.raises(ArchiveError, match=r"gone\.tif") as failed:
        load(tmp_path / "gone.tif")

    assert failed.value.hint
    with pytest.raises(ArchiveError, match=r"gone\.tif"):
        file_sha256(tmp_path / "gone.tif")


def test_a_cut_file_is_an_error_of_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "look.tif"
    save_look(a_look(), path)
    content = path.read_bytes()

    for length in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(ArchiveError, match=r"look\.tif"):
            load_look(path)


def test_a_chip_is_not_taken_for_a_look(tmp_path: Path) -> None:
    save_chip(an_observation(), tmp_path / "x.tif")

    with pytest.raises(ArchiveError, match="is not a look"):
        load_look(tmp_path / "x.tif")


def test_a_foreign_raster_is_not_taken_for_a_chip(tmp_path: Path) -> None:
    chip: Observation = an_observation()
    with rasterio.open(
        tmp_path / "x.tif", "w", driver="GTiff", height=48, width=48, count=1, dtype="float32",
        crs="EPSG:32635", transform=chip.grid.transform,
    ) as file:  # fmt: skip
        file.write(chip.bands["red"], 1)

    with pytest.raises(ArchiveError, match="is not a chip"):
        load_chip(tmp_path / "x.tif")


@contextmanager
def a_full_disk(limit_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a limit: the nearest to a full disk without one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handled)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "look.tif"
    write_whole(path, b"old")

    with a_full_disk(100), pytest.raises(ArchiveError, match=r"cannot write .*look\.tif"):
        save_look(a_look(), path)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, which this system has not")
    # The device that is always full stands where the archive writes first.
    (tmp_path / f".look.tif.{os.getpid()}.part").symlink_to("/dev/full")

    with pytest.raises(ArchiveError, match="the disk is full") as failed:
        save_look(a_look(), tmp_path / "look.tif")

    assert "nothing was lost" in failed.value.hint
    assert not list(tmp_path.iterdir())


def test_a_folder_without_rights_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(ArchiveError, match="cannot write") as failed:
        save_look(a_look(), tmp_path / "file" / "look.tif")

    assert "rights" in failed.value.hint


def test_a_part_of_a_look_is_the_same_blocks_read_alone(tmp_path: Path) -> None:
    look = a_look()
    save_look(look, tmp_path / "look.tif")

    part = load_look_part(tmp_path / "look.tif", a_square(400), margin_m=0.0)

    # 400 m in the middle of 24 blocks of 40 m, some of them cut by its edge.
    rows = round((look.blocks.top_m - part.blocks.top_m) / 40)
    columns = round((part.blocks.left_m - look.blocks.left_m) / 40)
    assert part.blocks.height in (10, 11, 12)
    expected = look.bands["nir08"][rows:, columns:][: part.blocks.height, : part.blocks.width]
    np.testing.assert_array_equal(part.bands["nir08"], expected)
    assert part.clear_fraction.shape == part.blocks.shape


def test_a_place_that_a_look_does_not_reach_is_refused(tmp_path: Path) -> None:
    save_look(a_look(), tmp_path / "look.tif")

    with pytest.raises(ArchiveError, match="does not reach"):
        load_look_part(tmp_path / "look.tif", a_square(400, east_m=50_000), margin_m=0.0)
