from __future__ import annotations

import pytest

from monitor.settings import CATALOGUES
from monitor.sources.stac_presets import CDSE, EARTH_SEARCH, PRESETS, Preset, preset_of


@pytest.mark.parametrize(
    ("catalogue", "expected"),
    [
        pytest.param("earth-search", EARTH_SEARCH, id="by name"),
        pytest.param("https://stac.dataspace.copernicus.eu/v1", CDSE, id="by address"),
        pytest.param("https://stac.dataspace.copernicus.eu/v1/", CDSE, id="with a slash"),
        pytest.param(
            "https://stac.example:8443/v1",
            Preset("stac.example:8443", "https://stac.example:8443/v1", ()),
            id="not known",
        ),
    ],
)
def test_a_catalogue_is_known_by_name_or_address(catalogue: str, expected: Preset) -> None:
    assert preset_of(catalogue) == expected


def test_the_settings_accept_exactly_the_names_that_are_known() -> None:
    assert set(CATALOGUES) == set(PRESETS)


def test_every_catalogue_that_is_known_has_sentinel_2() -> None:
    assert all("sentinel-2-l2a" in preset.collections for preset in PRESETS.values())
