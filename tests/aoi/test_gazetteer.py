from __future__ import annotations

from pathlib import Path

import pytest

from aoi.errors import InvalidAoi
from aoi.gazetteer import Gazetteer, NearestPlace, direction

HEADER = "lat,lon,name,admin1,admin2,cc\n"


def write(tmp_path: Path, lines: str) -> Path:
    path = tmp_path / "places.csv"
    path.write_text(lines, encoding="utf-8")
    return path


def test_the_nearest_place_with_distance_and_direction(tmp_path: Path) -> None:
    places = HEADER + "0,0,Null Island,,,\n0,2,Two East,Province,,XX\n"
    gazetteer = Gazetteer.from_csv(write(tmp_path, places))

    nearest = gazetteer.nearest(1.5, 0)

    # Half a degree of the equator: 6,378,137 m x pi / 360 = 55,660 m.
    assert nearest.name == "Two East"
    assert nearest.distance_m == pytest.approx(55_660, abs=1)
    assert nearest.direction == "W"
    assert str(nearest) == "56 km W of Two East, Province, XX"


def test_a_place_nearer_than_a_kilometre_is_where_it_is() -> None:
    assert str(NearestPlace("El Fasher", "", "SD", 400, "N")) == "at El Fasher, SD"


def test_places_across_the_antimeridian_are_near(tmp_path: Path) -> None:
    gazetteer = Gazetteer.from_csv(write(tmp_path, HEADER + "0,-179.9,Far West,,,\n0,170,E,,,\n"))

    nearest = gazetteer.nearest(179.9, 0)

    assert nearest.name == "Far West"
    assert nearest.distance_m == pytest.approx(22_264, abs=1)


@pytest.mark.parametrize("place", range(20))
def test_among_many_places_the_nearest_is_found(tmp_path: Path, place: int) -> None:
    rows = "".join(f"0,{longitude},P{longitude},,,\n" for longitude in range(20))
    gazetteer = Gazetteer.from_csv(write(tmp_path, HEADER + rows))

    assert gazetteer.nearest(place + 0.3, 0.1).name == f"P{place}"


def test_near_a_pole_the_shortest_way_counts(tmp_path: Path) -> None:
    gazetteer = Gazetteer.from_csv(write(tmp_path, HEADER + "89,180,Over,,,\n80,0,Same,,,\n"))

    assert gazetteer.nearest(0, 89).name == "Over"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "no column lat, lon, name"),
        ("lat,name\n1,x\n", "no column lon"),
        (HEADER, "has no place"),
        (HEADER + "x,0,A,,,\n", "line 2 .* is not a place: lat 'x'"),
        (HEADER + "0,0,A,,,\n95,0,B,,,\n", "line 3 .* is not a place: lat '95'"),
        (HEADER + "0\n", "line 2"),
    ],
)
def test_a_gazetteer_that_cannot_be_used(tmp_path: Path, lines: str, says: str) -> None:
    with pytest.raises(InvalidAoi, match=f"places.csv.*{says}|{says}"):
        Gazetteer.from_csv(write(tmp_path, lines))


def test_a_gazetteer_that_is_missing_or_not_text(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"lat,lon,name\n0,0,\xff\n")

    for name in ("a.csv", "b.csv"):
        with pytest.raises(InvalidAoi, match=f"the gazetteer {name} cannot be read"):
            Gazetteer.from_csv(tmp_path / name)


@pytest.mark.parametrize(
    ("azimuth_deg", "point"), [(0, "N"), (44, "NE"), (-90, "W"), (181, "S"), (350, "N")]
)
def test_points_of_the_compass(azimuth_deg: float, point: str) -> None:
    assert direction(azimuth_deg) == point


def test_el_fasher_is_found_in_geonames(shared: Path) -> None:
    gazetteer = Gazetteer.from_csv(shared / "data/gazetteer-geonames/rg_cities1000.csv")

    assert str(gazetteer.nearest(25.349, 13.628)) == "at El Fasher, Northern Darfur, SD"
    assert gazetteer.nearest(25.37, 13.75).direction == "N"
