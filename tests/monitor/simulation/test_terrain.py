from __future__ import annotations

import numpy as np
import pytest

from monitor.simulation.materials import Cover
from monitor.simulation.presets import preset
from monitor.simulation.terrain import natural_cover, replace_cover


def test_the_cover_of_every_pixel_adds_up_to_one() -> None:
    shares = natural_cover(preset("quiet"), 5, (400, 400))

    assert np.allclose(shares.sum(axis=0), 1.0, atol=1e-5)
    assert shares.min() > -1e-6


def test_a_region_has_the_cover_that_its_settings_say() -> None:
    shares = natural_cover(preset("quiet"), 5, (800, 800)).mean(axis=(1, 2))

    grass = shares[Cover.GRASS_EARLY] + shares[Cover.GRASS_LATE]
    # Half of three quarters that are not fields, less bush and trees.
    assert grass == pytest.approx(0.5 * 0.75 * 0.85, abs=0.08)
    assert shares[Cover.FIELD] == pytest.approx(0.25 * 0.85 * 0.8, abs=0.06)
    assert shares[Cover.WATER] > 0
    assert shares[Cover.THATCH] == 0


def test_the_wood_preset_is_greener_than_the_sahel() -> None:
    sahel, wood = (
        natural_cover(preset(name), 5, (400, 400)).mean(axis=(1, 2))
        for name in ("sahel_thatch", "rakhine_wood")
    )

    assert wood[Cover.WOODLAND] > 2 * sahel[Cover.WOODLAND]


def test_replacing_cover_keeps_the_sum() -> None:
    shares = np.zeros((len(Cover), 2, 2), dtype=np.float32)
    shares[Cover.SAND] = 1.0
    weight = np.array([[0.0, 0.5], [1.0, 0.25]], dtype=np.float32)

    replace_cover(shares, weight, {Cover.WATER: 0.8, Cover.CLAY: 0.2})

    assert np.allclose(shares.sum(axis=0), 1.0)
    assert shares[Cover.WATER].tolist() == pytest.approx(np.array([[0, 0.4], [0.8, 0.2]]))
