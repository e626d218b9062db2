from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely import get_num_coordinates
from shapely.geometry import Point, box, mapping

from maps.errors import UnreadableLand
from maps.land import land_within


def a_land(folder: Path, *geometries: Any, name: str = "land.geojson") -> Path:
    features = [
        {"type": "Feature", "properties": {}, "geometry": mapping(geometry)}
        for geometry in geometries
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_land_is_cut_to_the_view(tmp_path: Path) -> None:
    path = a_land(tmp_path, box(-10, -10, 10, 10), box(50, 50, 60, 60))

    assert land_within(path, (5, 5, 20, 20)).equals(box(5, 5, 10, 10))


def test_no_border_is_drawn_between_neighbours(tmp_path: Path) -> None:
    path = a_land(tmp_path, box(0, 0, 5, 10), box(5, 0, 10, 10))

    assert land_within(path, (0, 0, 10, 10)).geom_type == "Polygon"


def test_detail_that_the_view_cannot_show_is_left_out(tmp_path: Path) -> None:
    path = a_land(tmp_path, Point(0, 0).buffer(10, quad_segs=5_000))

    assert get_num_coordinates(land_within(path, (-10, -10, 10, 10))) < 400


def test_open_sea_is_no_error(tmp_path: Path) -> None:
    assert land_within(a_land(tmp_path, box(0, 0, 1, 1)), (20, 20, 30, 30)).is_empty


def test_natural_earth_as_it_is_delivered_can_be_read(shared: Path) -> None:
    land = land_within(shared / "data/base-world-atlas/countries-110m.json", (20, 5, 40, 25))

    # Sudan and its neighbours: the view is land but for the Red Sea in its corner.
    assert 0.9 < land.area / 400 < 1.0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("missing.json", None, "not a readable file", id="missing"),
        pytest.param("land.vrt", "<OGRVRTDataSource/>", "not a readable file", id="virtual file"),
        pytest.param("land.json", "{", "cannot be read", id="damaged"),
        pytest.param("land.geojson", "", "cannot be read", id="empty"),
    ],
)
def test_a_file_that_cannot_be_drawn_is_refused_by_name(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises(UnreadableLand, match=said) as refusal:
        land_within(path, (0, 0, 1, 1))

    assert name in refusal.value.message
    assert str(tmp_path) not in refusal.value.message
    assert refusal.value.hint


def test_points_are_no_land(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLand, match="no polygons"):
        land_within(a_land(tmp_path, Point(0, 0)), (0, 0, 1, 1))


def test_an_address_is_not_fetched() -> None:
    with pytest.raises(UnreadableLand):
        land_within(Path("/vsicurl/http://127.0.0.1:9/land.json"), (0, 0, 1, 1))
