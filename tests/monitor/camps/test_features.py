from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.camps.features import FEATURES, camp_features, has_texture
from monitor.looks import Look
from tests.monitor.camps.worlds import BLOCKS, START, Stay, a_look, a_region

PLACE = np.s_[20:24], np.s_[30:34]


def at(look: Look, row: int, column: int) -> dict[str, float]:
    values = camp_features(look, a_region())
    assert values is not None
    return dict(zip(FEATURES, values[:, row * BLOCKS.width + column].tolist(), strict=True))


def one_value(**bands: float) -> Look:
    look = a_look(1, [], at=START)
    filled = {name: np.full(BLOCKS.shape, bands.get(name, 0.2), np.float32) for name in look.bands}
    return replace(look, bands=filled, texture=np.full(BLOCKS.shape, 0.02, np.float32))


def test_the_features_are_those_of_the_books() -> None:
    look = one_value(blue=0.1, green=0.15, red=0.2, nir08=0.3, swir16=0.4)

    found = at(look, 5, 5)

    assert found["visible"] == pytest.approx(np.log(0.15))
    assert found["blue_red"] == pytest.approx(np.log(0.5))
    # ((.4 + .2) - (.3 + .1)) / 1.0, and (.3 - .2) / .5.
    assert found["bsi"] == pytest.approx(0.2)
    assert found["ndvi"] == pytest.approx(0.2)
    assert found["texture"] == pytest.approx(np.log(0.02))


def test_shelters_are_brighter_bluer_and_uneven() -> None:
    look = a_look(1, [Stay(*PLACE, first=0)], at=START)

    camp, land = at(look, 21, 31), at(look, 40, 40)

    assert all(camp[name] > land[name] for name in ("visible", "blue_red", "texture"))


def test_water_and_clouded_blocks_are_not_seen() -> None:
    cloudy = replace(one_value(), clear_fraction=np.full(BLOCKS.shape, 0.7, np.float32))

    assert np.isnan(at(cloudy, 5, 5)["visible"])
    assert np.isnan(at(one_value(swir16=0.02), 5, 5)["visible"])


def test_a_look_without_a_band_has_no_features() -> None:
    look = one_value()
    bands = {name: values for name, values in look.bands.items() if name != "blue"}

    assert camp_features(replace(look, bands=bands), a_region()) is None


def test_unknown_texture_is_the_same_everywhere() -> None:
    look = a_look(1, [Stay(*PLACE, first=0)], no_texture=True, at=START)

    assert not has_texture(look)
    assert at(look, 21, 31)["texture"] == at(look, 40, 40)["texture"]
