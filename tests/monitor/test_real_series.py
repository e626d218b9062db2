from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ArchiveError
from monitor.real_series import BLOCKS, RealSeries, looks_of, romania

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_real_images = pytest.mark.skipif(
    not REAL.is_dir(), reason="the development images are not beside the repository"
)


def a_series(images: int = 1) -> RealSeries:
    """Images of 50 x 50 pixels of 20 m, near infrared 0.2, everything clear."""
    start = datetime(2018, 3, 1, 9, 30, tzinfo=UTC)
    shape = (images, 50, 50)
    return RealSeries(
        name="flat",
        acquired_at=tuple(start + timedelta(days=5 * n) for n in range(images)),
        bands={"nir08": np.full(shape, 0.2, np.float32)},
        clear=np.ones(shape, dtype=np.bool_),
    )


def test_blocks_are_means_over_clear_pixels() -> None:
    series = a_series()
    series.bands["nir08"][0, 0, 0] = 0.8  # a cloud that is known to be one
    series.clear[0, 0, 0] = False

    (look,) = looks_of(series, series.bands)

    assert look.blocks == BLOCKS
    assert look.bands["nir08"][0, 0] == pytest.approx(0.2)
    assert look.clear_fraction[0, 0] == 0.75
    assert look.clear_fraction[1, 1] == 1.0


def test_a_block_without_a_clear_pixel_holds_nothing() -> None:
    series = a_series()
    series.clear[0, :2, :2] = False

    (look,) = looks_of(series, series.bands)

    assert np.isnan(look.bands["nir08"][0, 0])


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="sentinel2_cube_subset_romania_20m"):
        romania(tmp_path)


@needs_real_images
def test_the_romanian_series_is_read_whole() -> None:
    series = romania(REAL)

    assert len(series.acquired_at) == 140
    assert series.acquired_at[0].date().isoformat() == "2015-08-01"
    assert series.acquired_at[-1].date().isoformat() == "2021-01-01"
    assert set(series.bands) == {"green", "red", "nir08", "swir16"}
    # Forest in summer: near infrared of a clear image is about 0.3.
    assert 0.15 < float(np.median(series.bands["nir08"][series.clear])) < 0.45
