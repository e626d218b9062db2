from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from shapely import box

from aoi.grid import Grid
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.raster import Layer, averaged, read_layer
from tests.monitor.sources.rasters import EPSG, GRID, write_band

HERE = GRID.outline
COUNT = np.arange(1, 17, dtype=np.uint16).reshape(4, 4)
"""1 2 3 4 / 5 6 7 8 / 9 10 11 12 / 13 14 15 16."""


def layer_of(path: Path, grid: Grid = GRID, **changes: Any) -> Layer:
    return read_layer(str(path), grid, footprint=HERE, **changes)


def test_pixels_of_the_same_grid_are_taken_as_they_stand(tmp_path: Path) -> None:
    layer = layer_of(write_band(tmp_path / "a.tif", COUNT))

    np.testing.assert_array_equal(layer.numbers, COUNT)
    assert layer.integers
    assert not layer.resampled


def test_finer_pixels_are_averaged_over_whole_pixels(tmp_path: Path) -> None:
    coarse = GRID.at(40)

    layer = layer_of(write_band(tmp_path / "a.tif", COUNT), coarse)

    # (1 + 2 + 5 + 6) / 4, (3 + 4 + 7 + 8) / 4, ...
    np.testing.assert_array_equal(layer.numbers, [[3.5, 5.5], [11.5, 13.5]])
    assert not layer.resampled


def test_the_mean_is_over_measured_pixels_only(tmp_path: Path) -> None:
    holed = COUNT.copy()
    holed[0, 0] = holed[2:, 2:] = 0

    layer = layer_of(write_band(tmp_path / "a.tif", holed, nodata=0), GRID.at(40))

    # (2 + 5 + 6) / 3
    assert layer.numbers[0, 0] == pytest.approx(13 / 3)
    assert np.isnan(layer.numbers[1, 1])


def test_coarser_pixels_are_repeated_where_they_nest(tmp_path: Path) -> None:
    layer = layer_of(write_band(tmp_path / "a.tif", COUNT), GRID.at(10))

    assert layer.numbers.shape == (8, 8)
    np.testing.assert_array_equal(layer.numbers[:2, :4], [[1, 1, 2, 2], [1, 1, 2, 2]])
    assert not layer.resampled


def test_a_grid_may_begin_inside_a_coarser_pixel(tmp_path: Path) -> None:
    inside = Grid(EPSG, GRID.left_m + 10, GRID.top_m - 30, 10, height=2, width=3)

    layer = layer_of(write_band(tmp_path / "a.tif", COUNT), inside)

    np.testing.assert_array_equal(layer.numbers, [[5, 6, 6], [9, 10, 10]])


def test_what_lies_beyond_the_file_was_not_measured(tmp_path: Path) -> None:
    shifted = replace(GRID, left_m=GRID.left_m + 40, top_m=GRID.top_m + 20)

    numbers = layer_of(write_band(tmp_path / "a.tif", COUNT), shifted).numbers

    assert np.isnan(numbers[0]).all()
    assert np.isnan(numbers[:, 2:]).all()
    np.testing.assert_array_equal(numbers[1:, :2], [[3, 4], [7, 8], [11, 12]])


def test_a_grid_that_misses_the_file_is_all_unmeasured(tmp_path: Path) -> None:
    far = replace(GRID, left_m=GRID.left_m + 10_000)

    assert np.isnan(layer_of(write_band(tmp_path / "a.tif", COUNT), far).numbers).all()


@pytest.mark.parametrize("window", [(0, 0, 4, 4), (1, 1, 2, 2), (0, 2, 3, 2)])
def test_every_window_gives_the_same_pixels(
    tmp_path: Path, window: tuple[int, int, int, int]
) -> None:
    path = write_band(tmp_path / "a.tif", COUNT)
    row, column, height, width = window
    part = Grid(EPSG, GRID.left_m + 20 * column, GRID.top_m - 20 * row, 20, height, width)

    numbers = layer_of(path, part).numbers

    np.testing.assert_array_equal(numbers, COUNT[row : row + height, column : column + width])


def test_half_a_pixel_off_is_said_to_be_resampled(tmp_path: Path) -> None:
    off = replace(GRID, left_m=GRID.left_m + 10)
    ramp = np.tile(np.array([100, 200, 300, 400], np.uint16), (4, 1))

    layer = layer_of(write_band(tmp_path / "a.tif", ramp), off)

    assert layer.resampled
    # Between two pixels lies their mean.
    np.testing.assert_allclose(layer.numbers[1, :3], [150, 250, 350], atol=0.01)


def test_another_zone_is_resampled_onto_the_grid(tmp_path: Path) -> None:
    wide = Grid(32634, 1_190_000, 1_530_000, 20, 2000, 2000)
    path = write_band(tmp_path / "a.tif", np.full((2000, 2000), 1234, np.uint16), wide)

    layer = read_layer(str(path), GRID, footprint=wide.outline)

    assert layer.resampled
    np.testing.assert_array_equal(layer.numbers, np.full(GRID.shape, 1234))


def test_classes_are_never_averaged(tmp_path: Path) -> None:
    path = write_band(tmp_path / "a.tif", COUNT.astype(np.uint8))

    layer = layer_of(path, GRID.at(40), classes=True)

    assert layer.numbers.shape == (4, 4)
    np.testing.assert_array_equal(layer.numbers, COUNT)


def test_nan_and_infinity_were_not_measured(tmp_path: Path) -> None:
    odd = COUNT.astype(np.float32)
    odd[0, :3] = [np.nan, np.inf, -np.inf]

    layer = layer_of(write_band(tmp_path / "a.tif", odd))

    np.testing.assert_array_equal(np.isnan(layer.numbers[0]), [True, True, True, False])
    assert not layer.integers


def test_declared_nodata_wins_over_that_of_the_file(tmp_path: Path) -> None:
    path = write_band(tmp_path / "a.tif", COUNT, nodata=1)

    numbers = layer_of(path, nodata=2).numbers

    assert np.isnan(numbers[0, 1])
    assert numbers[0, 0] == 1


def test_a_file_that_is_not_there_may_come_yet(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="is not there"):
        layer_of(tmp_path / "gone.tif")


def test_a_file_is_found_by_its_web_scheme_too(tmp_path: Path) -> None:
    path = write_band(tmp_path / "a.tif", COUNT)

    layer = read_layer(f"file://{path}", GRID, footprint=HERE)

    np.testing.assert_array_equal(layer.numbers, COUNT)


@pytest.mark.parametrize(
    "address", ["/vsicurl/https://x/a.tif", "/vsizip/a.zip/a.tif", "ftp://x/a.tif"]
)
def test_other_addresses_are_not_opened(address: str) -> None:
    with pytest.raises(SourceRefused, match="not one of ours"):
        read_layer(address, GRID, footprint=HERE)


def test_an_error_page_saved_as_an_image_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "a.tif"
    page.write_text("<html>503 Service Unavailable</html>")

    with pytest.raises(SourceRefused, match="neither GeoTIFF nor JPEG 2000"):
        layer_of(page)


def test_a_virtual_raster_is_never_followed(tmp_path: Path) -> None:
    target = write_band(tmp_path / "real.tif", COUNT)
    vrt = tmp_path / "a.tif"
    vrt.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="UInt16" band="1">'
        f"<SimpleSource><SourceFilename>{target}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )

    with pytest.raises(SourceRefused, match="neither"):
        layer_of(vrt)


@pytest.fixture
def tiled(tmp_path: Path) -> Path:
    """A compressed file of 64 x 64 pixels in 16 tiles, with content that does not shrink."""
    noise = np.random.default_rng(1).integers(1, 60_000, (64, 64), dtype=np.uint16)
    grid = Grid(EPSG, GRID.left_m, GRID.top_m, 20, 64, 64)
    return write_band(
        tmp_path / "a.tif",
        noise,
        grid,
        tiled=True,
        blockxsize=16,
        blockysize=16,
        compress="deflate",
    )


WHOLE = Grid(EPSG, GRID.left_m, GRID.top_m, 20, 64, 64)


def test_a_file_cut_anywhere_is_an_error_and_never_zeros(tiled: Path) -> None:
    content = tiled.read_bytes()

    for share in (0, 1, 8, 100, len(content) // 4, len(content) // 2, len(content) - 1):
        tiled.write_bytes(content[:share])
        with pytest.raises(SourceError):
            layer_of(tiled, WHOLE)


def test_a_damaged_tile_refuses_the_whole_layer(tiled: Path) -> None:
    content = bytearray(tiled.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\xff" * 200
    tiled.write_bytes(bytes(content))

    with pytest.raises(SourceRefused, match="is damaged"):
        layer_of(tiled, WHOLE)


def test_a_damaged_tile_refuses_a_warped_layer_too(tiled: Path) -> None:
    content = bytearray(tiled.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\xff" * 200
    tiled.write_bytes(bytes(content))

    with pytest.raises(SourceRefused, match="is damaged"):
        layer_of(tiled, replace(WHOLE, left_m=WHOLE.left_m + 7))


def test_a_header_that_declares_too_much_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=200_000, width=200_000, count=1, dtype="uint8",
        crs=f"EPSG:{EPSG}", transform=GRID.transform, sparse_ok=True, tiled=True, bigtiff="yes",
    ):  # fmt: skip
        pass

    with pytest.raises(SourceRefused, match="200000x200000"):
        layer_of(path)


def test_a_file_without_a_reference_system_is_refused(tmp_path: Path) -> None:
    path = write_band(tmp_path / "a.tif", COUNT, crs=None)

    with pytest.raises(SourceRefused, match="where on the earth"):
        layer_of(path)


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param({"crs": "EPSG:32601"}, id="another zone"),
        pytest.param(
            {"transform": rasterio.transform.from_origin(GRID.top_m, GRID.left_m, 20, 20)},
            id="swapped axes",
        ),
        pytest.param({"crs": "EPSG:4326"}, id="metres called degrees"),
    ],
)
def test_a_file_outside_the_geometry_of_its_item_is_refused(
    tmp_path: Path, profile: dict[str, Any]
) -> None:
    path = write_band(tmp_path / "a.tif", COUNT, **profile)

    with pytest.raises(SourceRefused, match=r"outside the geometry|cannot be used"):
        layer_of(path)


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    path = write_band(tmp_path / "a.tif", COUNT.astype(np.complex64))

    with pytest.raises(SourceRefused, match="plain numbers"):
        layer_of(path)


def test_the_footprint_may_merely_touch(tmp_path: Path) -> None:
    path = write_band(tmp_path / "a.tif", COUNT)
    _, south, east, north = GRID.outline.bounds
    beside = box(east - 1e-6, south, east + 1, north)

    assert read_layer(str(path), GRID, footprint=beside).numbers.shape == (4, 4)


@given(arrays.arrays(np.float32, (6, 9), elements=st.floats(0, 1, width=32)))
def test_averaging_conserves_the_mean(values: NDArray[np.float32]) -> None:
    means = averaged(values, 3)

    assert means.shape == (2, 3)
    assert means.mean() == pytest.approx(values.mean(), abs=1e-6)
