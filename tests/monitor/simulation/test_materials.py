from __future__ import annotations

import numpy as np
import pytest

from monitor.simulation.materials import CHAR, DUST_ON_TARPAULIN, MATERIALS, NIR, Cover, jittered


def test_without_jitter_a_place_has_the_materials_of_the_table() -> None:
    place = jittered(1, scale=0.0)

    for name, spectrum in MATERIALS.items():
        assert np.allclose(place[name], spectrum)


def test_materials_differ_from_place_to_place_by_eight_percent() -> None:
    ratios = np.array([jittered(seed)["sand"] / MATERIALS["sand"] for seed in range(400)])

    assert ratios.std() == pytest.approx(0.08, abs=0.008)
    # Correlated 0.8 between bands.
    assert np.corrcoef(ratios.T)[0, 5] == pytest.approx(0.8, abs=0.08)


def test_char_varies_half_as_much() -> None:
    ratios = np.array([jittered(seed)["char"] / CHAR for seed in range(400)])

    assert ratios.std() == pytest.approx(0.04, abs=0.004)


def test_dust_dulls_old_tarpaulin() -> None:
    place = jittered(1, scale=0.0)

    # 0.65 * 0.53 + 0.35 * 0.30
    assert DUST_ON_TARPAULIN == 0.35
    assert place["dusty_tarpaulin"][NIR] == pytest.approx(0.4495, abs=1e-4)


def test_kinds_of_cover_number_the_rows_of_an_array() -> None:
    assert [cover.value for cover in Cover] == list(range(14))
