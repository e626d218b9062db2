from __future__ import annotations

from importlib.resources import files

import pytest

from aoi.land import at_sea


@pytest.mark.parametrize(
    ("place", "longitude", "latitude"),
    [
        ("El Fasher", 25.35, 13.63),
        ("Goma", 29.23, -1.68),
        ("Gaza", 34.45, 31.5),
        ("Sittwe", 92.9, 20.15),
        ("Suva", 178.44, -18.14),
        ("Anadyr", 177.5, 64.7),
    ],
)
def test_places_on_land_are_not_doubted(place: str, longitude: float, latitude: float) -> None:
    assert not at_sea(longitude, latitude), place


@pytest.mark.parametrize(
    ("what", "longitude", "latitude"),
    [
        ("Null Island", 0.0, 0.0),
        ("Gaza with its axes swapped", 31.5, 34.45),
        ("Pacific", -140.0, 20.0),
        ("the eastern edge", 180.0, 30.0),
    ],
)
def test_places_in_the_ocean_are(what: str, longitude: float, latitude: float) -> None:
    assert at_sea(longitude, latitude), what


def test_the_picture_has_the_size_of_the_world() -> None:
    rows = files("aoi").joinpath("land.txt").read_text(encoding="ascii").splitlines()

    assert len(rows) == 90
    assert {len(row) for row in rows} == {180}
    at_sea(-180, -90)
    at_sea(180, 90)
