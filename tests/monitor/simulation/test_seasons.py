from __future__ import annotations

import numpy as np
import pytest

from monitor.simulation.clock import new_year
from monitor.simulation.materials import BANDS, NIR, Cover, jittered
from monitor.simulation.presets import preset
from monitor.simulation.seasons import GrowingYear, Seasons

SHORTWAVE = 5


def exact() -> Seasons:
    """Seasons that green on day 170 and dry on day 300 of each year, materials of the table."""
    years = tuple(
        GrowingYear(new_year(y) + 170, new_year(y) + 300, new_year(y) + 318, 1.0)
        for y in range(2020, 2025)
    )
    return Seasons(years, jittered(1, scale=0.0), sand=1.0)


def test_grass_is_green_in_the_rains_and_straw_after_them() -> None:
    seasons = exact()

    assert seasons.green(new_year(2022) + 235) == pytest.approx(1.0, abs=0.01)
    assert seasons.green(new_year(2022) + 80) == pytest.approx(0.0, abs=0.01)
    # exp(-60/120) of the straw is left after 60 days.
    assert seasons.straw(new_year(2022) + 360) == pytest.approx(0.607, abs=0.01)


def test_harvest_leaves_stubble_on_fields_alone() -> None:
    seasons, day = exact(), new_year(2022) + 345

    assert seasons.straw(day, field=True) == pytest.approx(0.3 * seasons.straw(day), rel=0.02)


def test_a_year_has_its_own_onset_within_two_standard_deviations() -> None:
    years = Seasons.of(preset("quiet"), 5).years

    for index, year in enumerate(years):
        assert abs(year.onset - new_year(2020 + index) - 170) <= 24.0
    assert len({round(year.onset - new_year(2020 + i), 3) for i, year in enumerate(years)}) > 3


def test_spectra_add_up_to_the_reflectance_of_a_material() -> None:
    spectra = exact().spectra(new_year(2022) + 80)

    sand, thatch = spectra[:, Cover.SAND], spectra[:, Cover.THATCH]

    # Rain wets sand and not thatch, so each stands in its own half.
    assert np.allclose(sand[: len(BANDS)], [0.10, 0.15, 0.22, 0.30, 0.42, 0.38])
    assert not sand[len(BANDS) :].any()
    assert np.allclose(thatch[len(BANDS) :], [0.07, 0.10, 0.14, 0.25, 0.32, 0.24])


def test_green_grass_raises_the_near_infrared_and_lowers_the_shortwave() -> None:
    seasons = exact()
    dry, green = (
        spectra[: len(BANDS)] + spectra[len(BANDS) :]
        for spectra in (seasons.spectra(new_year(2022) + d) for d in (100, 235))
    )

    assert green[NIR, Cover.GRASS_LATE] > dry[NIR, Cover.GRASS_LATE] + 0.03
    assert green[SHORTWAVE, Cover.GRASS_LATE] < dry[SHORTWAVE, Cover.GRASS_LATE] - 0.1


def test_there_is_fuel_after_the_rains_and_none_in_them() -> None:
    seasons = exact()

    assert seasons.fuel(new_year(2022) + 330) > 0.6
    assert seasons.fuel(new_year(2022) + 235) < 0.05


def test_the_next_onset_is_this_year_or_the_next() -> None:
    seasons = exact()

    assert seasons.next_onset(new_year(2022) + 10) == new_year(2022) + 170
    assert seasons.next_onset(new_year(2022) + 330) == new_year(2023) + 170
