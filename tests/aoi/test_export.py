from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from aoi.area import Aoi, Sensitivity
from aoi.export import areas_geojson, duration_text, settlements_geojson
from aoi.files import epsg_of, read_areas, read_settlements
from aoi.settlement import Settlement, SettlementKind
from aoi.text import INVISIBLE, cleaned
from tests.builders import a_settlement, an_aoi

REPEATED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_clean(text: str) -> bool:
    return bool(text) and cleaned(text, "name") == (text, False)


NAMES = st.text(min_size=1, max_size=20).map(lambda text: normalize("NFC", text)).filter(is_clean)
SLUGS = st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True)


@st.composite
def outlines(draw: Callable[..., Any]) -> Polygon | MultiPolygon:
    west, south = draw(st.floats(-170, 160)), draw(st.floats(-70, 70))
    width, height = draw(st.floats(0.01, 2)), draw(st.floats(0.01, 2))
    outer = box(west, south, west + width, south + height)
    if draw(st.booleans()):
        hole = box(west + width / 4, south + height / 4, west + width / 2, south + height / 2)
        return Polygon(outer.exterior, [hole.exterior])
    if draw(st.booleans()):
        return MultiPolygon([outer, box(west + 3, south, west + 3 + width, south + height)])
    return outer


@st.composite
def areas(draw: Callable[..., Any]) -> Aoi:
    geometry = draw(outlines())
    return Aoi(
        aoi_id=draw(SLUGS),
        name=draw(NAMES),
        geometry=geometry,
        epsg=epsg_of(geometry),
        revisit=timedelta(minutes=draw(st.integers(60, 9_999))),
        sensitivity=draw(st.sampled_from(Sensitivity)),
        detectors=draw(st.sampled_from([("burn",), ("burn", "camp"), ("sar",)])),
    )


@REPEATED
@given(st.lists(areas(), min_size=1, max_size=3, unique_by=lambda area: area.aoi_id))
def test_areas_read_in_again_are_the_same(tmp_path: Path, drawn: list[Aoi]) -> None:
    path = tmp_path / "areas.geojson"
    path.write_text(areas_geojson(drawn), encoding="utf-8")

    assert list(read_areas(path).areas) == drawn


@st.composite
def villages(draw: Callable[..., Any]) -> Settlement:
    west, south = draw(st.floats(-170, 160)), draw(st.floats(-70, 70))
    return Settlement(
        settlement_id=draw(SLUGS),
        aoi_id="sd-test",
        name=draw(NAMES),
        footprint=box(west, south, west + 0.01, south + 0.01),
        name_local=draw(st.just("") | NAMES),
        kind=draw(st.sampled_from(SettlementKind)),
        structures=draw(st.none() | st.integers(0, 1_000_000)),
        footprint_assumed=draw(st.booleans()),
        admin_pcode=draw(st.sampled_from(["", "SD03042"])),
    )


@REPEATED
@given(st.lists(villages(), min_size=1, max_size=4, unique_by=lambda one: one.settlement_id))
def test_settlements_read_in_again_are_the_same(tmp_path: Path, drawn: list[Settlement]) -> None:
    path = tmp_path / "villages.geojson"
    path.write_text(settlements_geojson(drawn), encoding="utf-8")

    assert list(read_settlements(path, an_aoi()).settlements) == drawn


def test_the_disc_of_a_point_stays_a_disc_that_is_assumed(tmp_path: Path) -> None:
    path = tmp_path / "villages.geojson"
    path.write_text(settlements_geojson([a_settlement(footprint_assumed=True)]), encoding="utf-8")

    assert read_settlements(path, an_aoi()).settlements[0].footprint_assumed


def test_the_export_is_geojson_with_the_names_of_the_contract() -> None:
    document = json.loads(areas_geojson([an_aoi()]))

    assert document["type"] == "FeatureCollection"
    assert document["features"][0]["properties"] == {
        "id": "sd-test",
        "name": "Test area",
        "sensitivity": "partners",
        "revisit": "1d",
        "detectors": ["burn"],
    }


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=14), "14d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
    ],
)
def test_durations_are_written_in_their_greatest_unit(span: timedelta, text: str) -> None:
    assert duration_text(span) == text


def test_a_revisit_of_seconds_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="whole number of minutes"):
        duration_text(timedelta(seconds=30))


def test_what_is_invisible_is_known_to_the_test_too() -> None:
    assert INVISIBLE.search("\u202e")
