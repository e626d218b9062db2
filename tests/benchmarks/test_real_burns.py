from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.real_burns import Row, auc, markdown, rows_of
from monitor.real_pairs import on_blocks

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_real_images = pytest.mark.skipif(
    not REAL.is_dir(), reason="the development images are not beside the repository"
)


def test_auc_counts_pairs_in_order_and_ties_half() -> None:
    burned = np.array([2.0, 3.0, np.nan], dtype=np.float32)
    unburned = np.array([1.0, 2.0], dtype=np.float32)

    # Pairs: 2>1, 2=2, 3>1, 3>2: three and a half of four.
    assert auc(burned, unburned) == 3.5 / 4


def test_auc_of_nothing_is_unknown() -> None:
    assert np.isnan(auc(np.empty(0, np.float32), np.ones(3, np.float32)))


def test_an_index_without_its_bands_is_a_dash() -> None:
    table = markdown("Pixels", [Row("sky (Sentinel-2)", "perimeter", 10, 20, {"dnbr": 0.9})])

    assert "| sky (Sentinel-2) | perimeter | 10 | 20 | 0.900 | - |" in table


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.fire: row for row in rows_of(REAL, lambda pair: on_blocks(pair)[0])}


@needs_real_images
@pytest.mark.slow
def test_the_filter_separates_a_real_fire_better_than_near_infrared(rows: dict[str, Row]) -> None:
    cold_springs = rows["cold-springs (Landsat 8)"].auc

    assert cold_springs["filter"] >= 0.95
    assert cold_springs["filter"] > cold_springs["nir"]


@needs_real_images
@pytest.mark.slow
def test_vetoes_cost_little_on_fires_that_left_char(rows: dict[str, Row]) -> None:
    assert rows["cold-springs (Landsat 8)"].auc["vetoed"] >= 0.83
    assert rows["devil-slater (HLS)"].auc["vetoed"] >= 0.93


@needs_real_images
@pytest.mark.slow
def test_sentinel_2_scars_separate_from_the_towns_beside_them(rows: dict[str, Row]) -> None:
    dnbr = [row.auc["dnbr"] for row in rows.values() if "Sentinel-2" in row.fire]

    assert len(dnbr) == 9
    assert min(dnbr) >= 0.85
    assert np.median(dnbr) >= 0.97


@needs_real_images
@pytest.mark.slow
def test_the_filter_separates_thirteen_of_fourteen_old_fires(rows: dict[str, Row]) -> None:
    # The images of `lb` show hardly any burn in any index.
    scores = sorted(row.auc["filter"] for row in rows.values() if "Landsat 7" in row.fire)

    assert len(scores) == 14
    assert scores[1] >= 0.80
    assert np.median(scores) >= 0.95
