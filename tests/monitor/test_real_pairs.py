from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from monitor.errors import ArchiveError
from monitor.real_pairs import BurnPair, california_fires, cold_springs, hls_fire, on_blocks

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_real_images = pytest.mark.skipif(
    not REAL.is_dir(), reason="the development images are not beside the repository"
)


def a_pair(valid: np.ndarray | None = None, inside: np.ndarray | None = None) -> BurnPair:
    """4 x 4 pixels of 20 m on a corner of blocks: near infrared 0.3 before, 0.1 after."""
    shape = (4, 4)
    return BurnPair(
        name="square",
        sensor="Sentinel-2",
        transform=rasterio.Affine(20, 0, 540_000, 0, -20, 1_510_000),
        crs=CRS.from_epsg(32635),
        before={"nir08": np.full(shape, 0.3, np.float32)},
        after={"nir08": np.full(shape, 0.1, np.float32)},
        valid=np.ones(shape, dtype=np.bool_) if valid is None else valid,
        inside=inside,
    )


def at_corner(values: np.ndarray, left_m: float, top_m: float) -> np.ndarray:
    """The two by two blocks of `a_pair` in its grid of blocks."""
    row, column = round((top_m - 1_510_000) / 40), round((540_000 - left_m) / 40)
    return values[row : row + 2, column : column + 2]


def test_blocks_are_means_of_the_valid_pixels() -> None:
    valid = np.ones((4, 4), dtype=np.bool_)
    valid[0, 0] = False
    valid[:2, 2:] = False

    blocks, grid = on_blocks(a_pair(valid))

    # Three of four pixels are enough, none is not.
    corner = at_corner(blocks.valid, grid.left_m, grid.top_m)
    assert corner.tolist() == [[True, False], [True, True]]
    assert at_corner(blocks.before["nir08"], grid.left_m, grid.top_m)[0, 0] == pytest.approx(0.3)


def test_a_block_is_inside_if_more_than_half_of_it_is() -> None:
    inside = np.zeros((4, 4), dtype=np.bool_)
    inside[:, 0] = True  # half of the left blocks
    inside[2, 1] = True  # three quarters of the lower left one

    blocks, grid = on_blocks(a_pair(inside=inside))

    assert blocks.inside is not None
    corner = at_corner(blocks.inside, grid.left_m, grid.top_m)
    assert corner.tolist() == [[False, False], [True, False]]


def test_a_folder_without_the_files_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no file"):
        cold_springs(tmp_path)


@needs_real_images
def test_cold_springs_has_the_pixels_that_its_description_counts() -> None:
    pair = cold_springs(REAL)

    assert pair.inside is not None
    assert int((pair.valid & pair.inside).sum()) == 1_981
    assert int((pair.valid & ~pair.inside).sum()) == 32_544


@needs_real_images
def test_the_hls_fire_is_dark_where_it_burned() -> None:
    pair = hls_fire(REAL)

    nir, swir = (pair.after[name][pair.valid] for name in ("nir08", "swir22"))
    before_nir, before_swir = (pair.before[name][pair.valid] for name in ("nir08", "swir22"))
    dnbr = (before_nir - before_swir) / (before_nir + before_swir) - (nir - swir) / (nir + swir)
    # With the bands in the order of the sensor there would be no fire at all.
    assert 0.02 < np.mean(dnbr > 0.44) < 0.03


@needs_real_images
def test_the_fire_whose_image_shows_none_is_marked() -> None:
    notes = {pair.name: pair.note for pair in california_fires(REAL)}

    assert len(notes) == 10
    assert [name for name, note in notes.items() if note.startswith("broken")] == ["kenneth"]
