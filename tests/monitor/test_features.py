"""The signed features of a block."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features import FULL, REDUCED, feature_set_of, features_of
from tests.monitor.detectors.worlds import BURNED, LAND, THATCH

NAMES = ("blue", "green", "red", "nir08", "swir16", "swir22")


def bands_of(spectrum: np.ndarray) -> dict[str, np.ndarray]:
    return {n: np.array([v], dtype=np.float32) for n, v in zip(NAMES, spectrum, strict=True)}


def test_every_feature_of_a_burning_thatch_village_rises() -> None:
    rise = features_of(bands_of(BURNED), FULL) - features_of(bands_of(THATCH), FULL)

    # -ln NIR .2715 -> .2120 is .247; every other feature rises too (DETECTION 3.2).
    assert rise[FULL.nir, 0] == pytest.approx(np.log(0.2715 / 0.2120), abs=1e-5)
    assert (rise[[0, 2, 3, 4, 5], 0] > 0).all()


def test_the_formulas_are_those_of_the_literature() -> None:
    found = dict(zip(FULL.features, features_of(bands_of(LAND), FULL)[:, 0], strict=True))

    assert found["mirbi"] == pytest.approx(10 * 0.34 - 9.8 * 0.40 + 2, abs=1e-5)
    assert found["nbr"] == pytest.approx(-(0.29 - 0.34) / (0.29 + 0.34), abs=1e-5)
    assert found["nbr2"] == pytest.approx(-(0.40 - 0.34) / (0.40 + 0.34), abs=1e-5)
    assert found["ndvi"] == pytest.approx(-(0.29 - 0.20) / (0.29 + 0.20), abs=1e-5)
    assert found["visible"] == pytest.approx(-np.log((0.09 + 0.14 + 0.20) / 3), abs=1e-5)


def test_indices_agree_with_the_published_ones() -> None:
    spyndex = pytest.importorskip("spyndex")
    bands = bands_of(LAND)
    found = dict(zip(FULL.features, features_of(bands, FULL)[:, 0], strict=True))
    published = {
        "N": bands["nir08"],
        "S1": bands["swir16"],
        "S2": bands["swir22"],
        "R": bands["red"],
    }

    for name, ours in (("NBR", "nbr"), ("NBR2", "nbr2"), ("NDVI", "ndvi")):
        assert found[ours] == pytest.approx(-spyndex.computeIndex(name, published)[0], abs=1e-5)
    assert found["mirbi"] == pytest.approx(spyndex.computeIndex("MIRBI", published)[0], abs=1e-5)


def test_a_scene_without_the_long_short_wave_band_gets_the_reduced_set() -> None:
    bands = bands_of(LAND)
    del bands["swir22"], bands["blue"]

    assert feature_set_of(bands) is REDUCED
    assert features_of(bands, REDUCED).shape == (4, 1)


def test_a_scene_without_near_infrared_has_no_features() -> None:
    bands = bands_of(LAND)
    del bands["nir08"]

    assert feature_set_of(bands) is None


def test_what_was_not_seen_stays_unknown_and_zero_does_not_break_a_logarithm() -> None:
    bands = {n: np.array([np.nan, 0.0], dtype=np.float32) for n in NAMES}
    found = features_of(bands, FULL)

    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()
