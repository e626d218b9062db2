from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point

from aoi.area import Sensitivity
from aoi.errors import InvalidAoi
from aoi.files import ReadSettlements, read_areas, read_settlements
from aoi.settlement import SettlementKind
from aoi.tiling import area_km2
from tests.aoi.documents import a_feature, collection, polygon, rectangle
from tests.builders import a_square, an_aoi


def write(tmp_path: Path, *features: dict[str, Any], name: str = "areas.geojson") -> Path:
    path = tmp_path / name
    path.write_bytes(collection(*features))
    return path


def settlements(tmp_path: Path, *features: dict[str, Any], **options: Any) -> ReadSettlements:
    return read_settlements(write(tmp_path, *features), an_aoi(), **options)


def point(longitude: float = 25.0, latitude: float = 13.0, **properties: Any) -> dict[str, Any]:
    shape = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def test_every_property_of_an_area_is_read(tmp_path: Path) -> None:
    (area,) = read_areas(
        write(
            tmp_path,
            a_feature(
                name="South Darfur", revisit="12h", sensitivity="restricted", detectors=["burn"]
            ),
        )
    ).areas

    assert (area.aoi_id, area.name) == ("sd-test", "South Darfur")
    assert area.revisit == timedelta(hours=12)
    assert area.sensitivity is Sensitivity.RESTRICTED
    assert area.detectors == ("burn",)
    assert area.epsg == 32635


@pytest.mark.parametrize(
    ("properties", "aoi_id", "name"),
    [
        ({"name": "Nord Kivu"}, "nord-kivu", "Nord Kivu"),
        ({"id": "cd-nk"}, "cd-nk", "cd-nk"),
        ({}, "east-darfur", "east-darfur"),
        ({"name": "الفاشر"}, "east-darfur", "الفاشر"),
    ],
)
def test_an_area_without_an_id_is_called_after_its_name_or_its_file(
    tmp_path: Path, properties: dict[str, str], aoi_id: str, name: str
) -> None:
    feature = {**a_feature(), "properties": properties}

    (area,) = read_areas(write(tmp_path, feature, name="East Darfur.geojson")).areas

    assert (area.aoi_id, area.name) == (aoi_id, name)


def test_nameless_areas_of_a_file_are_numbered(tmp_path: Path) -> None:
    nameless = [
        {**a_feature(polygon(rectangle(25 + i, 13, 25.1 + i, 13.1))), "properties": {}}
        for i in range(3)
    ]

    found = read_areas(write(tmp_path, *nameless))

    assert [area.aoi_id for area in found.areas] == ["areas", "areas-2", "areas-3"]


@pytest.mark.parametrize("name", ["", "   "], ids=["E15-empty", "E15-spaces"])
def test_an_empty_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidAoi, match=r"feature 0 .id 'sd-test'.: its name is empty"):
        read_areas(write(tmp_path, a_feature(name=name)))


def test_an_unknown_detector_is_refused_where_they_are_known(tmp_path: Path) -> None:
    path = write(tmp_path, a_feature(detectors=["burn", "flood"]))

    assert read_areas(path).areas[0].detectors == ("burn", "flood")
    with pytest.raises(InvalidAoi, match="no detector 'flood'") as refused:
        read_areas(path, detectors=("burn", "camp"))
    assert refused.value.hint == "detectors: burn, camp"


def test_a_big_area_says_how_it_will_be_watched(tmp_path: Path) -> None:
    found = read_areas(write(tmp_path, a_feature(polygon(rectangle(25, 0, 26, 0.5)))))

    assert found.areas[0].group_id == ""
    assert found.notices == (
        "feature 0 (id 'sd-test'): 111 x 55 km: it is watched in 6 tiles of about 50 x 50 km "
        "at most, and shown as one",
    )


@pytest.mark.parametrize("name", ["missing.geojson", "."], ids=["missing", "folder"])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidAoi, match=r"No such file|it is a folder"):
        read_areas(tmp_path / name)


def test_every_property_of_a_settlement_is_read(tmp_path: Path) -> None:
    feature = a_feature(
        id="sd-1", name="Shagra", name_local="شقرة", kind="camp", structures=40, admin_pcode="SD03"
    )

    (camp,) = settlements(tmp_path, feature).settlements

    assert (camp.settlement_id, camp.aoi_id, camp.name) == ("sd-1", "sd-test", "Shagra")
    assert (camp.name_local, camp.kind, camp.structures) == ("شقرة", SettlementKind.CAMP, 40)
    assert camp.admin_pcode == "SD03"
    assert not camp.footprint_assumed


@pytest.mark.parametrize(
    ("properties", "radius_m"),
    [
        ({"id": "a"}, 150),
        ({"id": "a", "radius_m": 300}, 300),
        ({"id": "a", "structures": 120}, 123.6),
    ],
)
def test_a_point_becomes_a_disc_and_says_so(
    tmp_path: Path, properties: dict[str, Any], radius_m: float
) -> None:
    (village,) = settlements(tmp_path, point(**properties)).settlements

    assert village.footprint_assumed
    # A polygon of 32 corners has 0.9936 of its circle.
    assert area_km2(village.footprint) * 1e6 == pytest.approx(3.1214 * radius_m**2, rel=1e-3)
    assert village.footprint.contains(Point(25, 13))


def test_several_points_are_one_settlement(tmp_path: Path) -> None:
    feature = point(id="a")
    feature["geometry"] = {"type": "MultiPoint", "coordinates": [[25, 13], [25.01, 13]]}

    (village,) = settlements(tmp_path, feature).settlements

    assert village.footprint.geom_type == "MultiPolygon"


def test_settlements_without_an_id_are_called_the_same_however_sorted(tmp_path: Path) -> None:
    here, there = point(25, 13, name="Umm Kedada"), point(25.5, 13, name="Umm Kedada")

    first = settlements(tmp_path, here, there).settlements
    second = settlements(tmp_path, there, here, point(26, 13)).settlements

    assert {one.settlement_id for one in first} < {one.settlement_id for one in second}
    assert len({one.settlement_id for one in second}) == 3
    assert first[0].settlement_id.startswith("sd-test-umm-kedada-")
    assert second[2].name == second[2].settlement_id  # nobody gave it a name


def test_a_nameless_settlement_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    found = settlements(tmp_path, point(name="A"), point(name="A"))

    assert len(found.settlements) == 1
    assert found.notices == ("1 settlements stand twice, name and place, and are taken once",)


def test_properties_of_other_names_are_read_where_a_person_says_which(tmp_path: Path) -> None:
    feature = point(localite="Ombatsi", grid3id="sttl_1")

    (village,) = settlements(
        tmp_path, feature, fields={"name": "localite", "id": "grid3id"}
    ).settlements

    assert (village.name, village.settlement_id) == ("Ombatsi", "sttl_1")
    with pytest.raises(InvalidAoi, match="no property 'nom'") as refused:
        settlements(tmp_path, feature, fields={"name": "nom"})
    assert refused.value.hint == "its properties are 'localite', 'grid3id'"


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"kind": "city"}, "its kind is 'city'"),
        ({"structures": -3}, "its structures is -3"),
        ({"radius_m": 5}, "its radius_m is 5"),
        ({"radius_m": "wide"}, "its radius_m is 'wide'"),
        ({"id": "نيالا"}, "no Latin letter"),
        ({"name": "x" * 201}, "the name has 201 characters"),
        ({"name": "\u202e"}, "nothing but control or invisible characters"),
    ],
)
def test_what_no_settlement_can_be(tmp_path: Path, properties: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidAoi, match=f"areas.geojson: feature 1.*{says}"):
        settlements(tmp_path, point(id="good"), point(24, 12, **properties))


def test_a_misspelt_key_in_a_thousand_features_is_told_once(tmp_path: Path) -> None:
    found = settlements(tmp_path, *(point(id=f"v{i}", structure=3) for i in range(1_000)))

    assert found.notices == (
        "feature 0 (id 'v0') and 999 more: the property 'structure' is not used; "
        "meant 'structures'?",
    )


def test_the_villages_of_bidi_bidi_are_read(shared: Path) -> None:
    path = shared / "data/camps-uganda-osm/villages.geojson"

    found = read_settlements(path, an_aoi())

    assert len(found.settlements) == 200
    assert found.settlements[0].name == "Akpokoa"
    assert found.notices == ()


def test_a_gazetteer_of_congo_is_read_with_its_own_names(shared: Path) -> None:
    path = shared / "data/gazetteer-grid3-drc/grid3_ituri.geojson"

    found = read_settlements(path, an_aoi(), fields={"name": "localite", "id": "grid3id"})

    assert len(found.settlements) == len(json.loads(path.read_text())["features"])
    assert "Ombatsi" in {one.name for one in found.settlements}


def test_a_file_with_one_feature_without_shape_is_refused_by_index(shared: Path) -> None:
    with pytest.raises(InvalidAoi, match=r"feature 17 \(id 'way/616917358'\): it has no geometry"):
        read_settlements(shared / "data/camps-uganda-osm/settlements.json", an_aoi())


def test_a_footprint_that_was_drawn_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    corners = [list(position) for position in a_square(333).exterior.coords]

    (village,) = settlements(tmp_path, a_feature(polygon(corners))).settlements

    assert village.footprint == a_square(333)
