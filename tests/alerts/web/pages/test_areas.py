from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import geopandas
import pytest
from shapely.geometry import Polygon
from sqlalchemy import insert

from alerts.web.parts import Parts
from aoi.area import AoiState
from aoi.database import writing
from aoi.drawn import area_from_bbox
from monitor.tables import COVERAGE_DAYS
from tests.alerts.conftest import House
from tests.alerts.web.browsers import NOW, Browser
from tests.alerts.web.conftest import Browse
from tests.alerts.web.pages.test_alert import archive_looks
from tests.builders import a_settlement, an_aoi

BOX = "24.8,12.0,25.0,12.2"
SQUARE = [[24.8, 12.0], [25.0, 12.0], [25.0, 12.2], [24.8, 12.2], [24.8, 12.0]]
BOW_TIE = [[24.8, 12.0], [25.0, 12.2], [25.0, 12.0], [24.8, 12.2], [24.8, 12.0]]


def document(ring: list[list[float]], **properties: object) -> bytes:
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": properties, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def villages(*rows: tuple[str, float, float]) -> bytes:
    features = [
        {"type": "Feature", "properties": {"id": name, "name": name},
         "geometry": {"type": "Point", "coordinates": [x, y]}}
        for name, x, y in rows
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.fixture
def operator(browse: Browse) -> Browser:
    return browse("operator")


def draft_in(text: str) -> str:
    return text.split('name="draft" value="')[1].split('"')[0]


def upload(browser: Browser, path: str, name: str, content: bytes, **fields: str):  # type: ignore[no-untyped-def]
    browser.get("/aois/new")
    return browser.client.post(
        path, data={"form_token": browser.token, **fields}, files={"file": (name, content)}
    )


def test_a_box_is_looked_over_and_saved_only_when_the_operator_says_so(
    parts: Parts, operator: Browser
) -> None:
    operator.get("/aois/new")
    shown = operator.send("/aois/new", bbox=BOX, name="South Darfur")

    assert shown.status_code == 200
    assert "21.8 × 22.1 km" in shown.text
    assert parts.registry.all() == []

    saved = operator.send("/aois", draft=draft_in(shown.text))
    assert saved.headers["location"] == "/aois/south-darfur?said=area_added"
    assert [area.name for area in parts.registry.all()] == ["South Darfur"]
    assert parts.registry.audit("south-darfur")[0][1:3] == ("amina", "add")


def test_a_drawing_becomes_an_area(parts: Parts, operator: Browser) -> None:
    operator.get("/aois/new")
    outline = "24.8, 12.0\n25.0, 12.0\n25.0, 12.2\n"
    shown = operator.send("/aois/new", outline=outline, name="Triangle", revisit="2d")
    operator.send("/aois", draft=draft_in(shown.text))

    area = parts.registry.get("triangle")
    assert area.geometry.bounds == (24.8, 12.0, 25.0, 12.2)
    assert area.revisit == timedelta(days=2)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"bbox": "25,12,24,13"}, "is not west of its east edge", id="N6 edges"),
        pytest.param({"bbox": "1,2,3"}, "3 numbers, not 4", id="N6 three numbers"),
        pytest.param(
            {"outline": "24.8, 12.0\n25.0"}, "corner 2 is no position", id="half a corner"
        ),
        pytest.param({"outline": "nan, 12\n1, 2\n3, 4"}, "not on the earth", id="A15"),
        pytest.param({"outline": "1, 2\n3, 4"}, "2 corners has no area", id="a line"),
        pytest.param({}, "0 of the three ways", id="nothing"),
        pytest.param({"bbox": BOX, "outline": "1,2"}, "2 of the three ways", id="two ways"),
        pytest.param({"bbox": BOX, "name": "قرية"}, "no identifier can be made", id="no Latin"),
        pytest.param({"bbox": BOX, "name": ""}, "has no name", id="no name"),
        pytest.param({"bbox": BOX, "revisit": "soon"}, "revisit", id="a revisit in words"),
        pytest.param({"bbox": BOX, "encoding": "../etc"}, "is no encoding", id="encoding"),
    ],
)
def test_what_cannot_be_an_area_is_refused_and_stays_in_the_form(
    parts: Parts, operator: Browser, fields: dict[str, str], expected: str
) -> None:
    operator.get("/aois/new")
    answer = operator.send("/aois/new", **{"name": "A", **fields})

    assert answer.status_code == 422
    assert expected in answer.text
    assert all(text in answer.text for text in fields.values() if "\n" not in text)
    assert parts.registry.all() == []


def test_an_uploaded_file_is_read_by_its_content(parts: Parts, operator: Browser) -> None:
    body = document(SQUARE, id="sd-x", name="X", sensitivity="restricted")
    shown = upload(operator, "/aois/new", "../../etc/x.geojson", body)
    operator.send("/aois", draft=draft_in(shown.text))

    assert parts.registry.get("sd-x").sensitivity == "restricted"


def test_a_crossed_outline_is_repaired_only_with_the_operators_word(
    parts: Parts, operator: Browser
) -> None:
    shown = upload(operator, "/aois/new", "tie.geojson", document(BOW_TIE, id="tie", name="Tie"))
    assert shown.status_code == 200
    assert "crosses itself" in shown.text

    refused = operator.send("/aois", draft=draft_in(shown.text))
    assert refused.status_code == 422
    assert parts.registry.all() == []

    operator.send("/aois", draft=draft_in(refused.text), repaired="yes")
    assert parts.registry.get("tie").geometry.is_valid


def test_a_zip_bomb_is_refused(parts: Parts, operator: Browser) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", bytes(30_000_000))

    answer = upload(operator, "/aois/new", "a.zip", packed.getvalue())

    assert answer.status_code == 422
    assert parts.registry.all() == []


def test_a_shape_that_is_watched_already_is_not_saved_twice(
    parts: Parts, operator: Browser
) -> None:
    operator.get("/aois/new")
    shown = operator.send("/aois/new", bbox=BOX, name="One")
    operator.send("/aois", draft=draft_in(shown.text))
    operator.get("/aois/new")
    again = operator.send("/aois/new", bbox=BOX, name="Two")
    answer = operator.send("/aois", draft=draft_in(again.text))

    assert answer.status_code == 422
    assert "has the same shape as" in answer.text
    assert [area.aoi_id for area in parts.registry.all()] == ["one"]


@pytest.mark.parametrize("draft", ["0" * 32, "../../x", "", "A" * 32])
def test_a_draft_that_is_not_there_saves_nothing(operator: Browser, draft: str) -> None:
    operator.get("/aois/new")

    assert operator.send("/aois", draft=draft).status_code in (404, 422)


def test_a_draft_is_its_makers_alone_and_for_a_day(
    parts: Parts, browse: Browse, operator: Browser
) -> None:
    operator.get("/aois/new")
    token = draft_in(operator.send("/aois/new", bbox=BOX, name="One").text)
    other = browse("operator", name="omar")
    other.get("/aois/new")

    assert other.send("/aois", draft=token).status_code == 404


def test_who_sees_some_areas_adds_none(browse: Browse) -> None:
    limited = browse("operator", areas=["sd-test"])

    assert limited.get("/aois/new").status_code == 403


def test_the_doctor_says_what_an_area_costs(parts: Parts, browse: Browse) -> None:
    object.__setattr__(parts, "settings", replace(parts.settings, providers=("stac",)))
    operator = browse("operator")
    operator.get("/aois/new")
    shown = operator.send("/aois/new", bbox=BOX, name="One").text

    assert "stac: some" in shown
    assert "overpasses of Sentinel-2 a month" in shown


def test_the_doctor_says_how_many_alerts_to_expect_and_from_which_orbits(
    parts: Parts, house: House, browse: Browse
) -> None:
    archive_looks(parts, 12, 2)
    operator = browse("operator")
    operator.get("/aois/new")
    west, south, east, north = parts.registry.get("sd-test").geometry.bounds

    over = operator.send("/aois/new", bbox=f"{west},{south},{east},{north}", name="Over").text
    apart = operator.send("/aois/new", bbox=BOX, name="Apart").text

    # One village is known in the first: a tenth of it burns in a year, a twelfth of that a month.
    assert "some 0.01 a month of burning for 1 settlements" in over
    assert "sentinel-2-093" in over.split("Looks here so far are of:")[1][:60]
    assert "0.83 true" in apart
    assert "for every 100 settlements" in apart
    assert "Looks here so far" not in apart
    assert "of 143 relative orbits" in apart


DRIVERS = {
    ".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".geojson": "GeoJSON", ".kml": "KML",
    ".shp": "ESRI Shapefile",
}  # fmt: skip
PACKED = {"areas.zip": "areas.shp", "areas.kmz": "doc.kml"}


def written(folder: Path, name: str) -> bytes:
    """One area, in one of the formats that the page takes."""
    frame = geopandas.GeoDataFrame(
        {"id": ["wadi"], "name": ["Wadi"]}, geometry=[Polygon(SQUARE)], crs=4326
    )
    inside = folder / PACKED.get(name, name)
    frame.to_file(inside, driver=DRIVERS[inside.suffix])
    if name not in PACKED:
        return inside.read_bytes()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(folder.glob(f"{inside.stem}.*")):
            archive.write(part, part.name)
    return packed.getvalue()


KINDS = ("areas.geojson", "areas.gpkg", "areas.zip", "areas.kml", "areas.kmz", "areas.fgb")


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_file_is_looked_over_and_saved(
    name: str, parts: Parts, operator: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()

    shown = upload(operator, "/aois/new", name, written(folder, name), aoi_id="wadi")
    operator.send("/aois", draft=draft_in(shown.text))

    assert parts.registry.get("wadi").geometry.equals_exact(Polygon(SQUARE), 1e-9, normalize=True)


def test_the_list_says_what_was_seen_and_what_was_not(
    parts: Parts, house: House, browse: Browse
) -> None:
    with writing(parts.database) as connection:
        connection.execute(
            insert(COVERAGE_DAYS),
            [{"aoi_id": "sd-test", "day": NOW.date() - timedelta(days=n), "state": state,
              "clear_fraction": 0.9, "reason": "90% of the area was clear"}
             for n, state in ((0, "cloudy"), (1, "seen"), (3, "seen"))],
        )  # fmt: skip
    house.opened()

    page = browse("analyst").get("/aois").text

    assert "seen on 2 of 30 days" in page
    assert "2024-05-19" in page
    assert page.count('class="day not_run"') == 27


def test_an_area_that_is_not_theirs_is_as_if_it_were_not(house: House, browse: Browse) -> None:
    stranger = browse("analyst", areas=["elsewhere"])

    theirs, none = stranger.get("/aois/sd-test"), stranger.get("/aois/nowhere")

    assert theirs.status_code == none.status_code == 404
    assert theirs.text.replace("sd-test", "nowhere") == none.text
    assert "sd-test" not in stranger.get("/aois").text
    assert "sd-test" not in stranger.get("/coverage").text
    assert "sd-test" not in stranger.get("/coverage.csv").text


def test_an_area_is_paused_resumed_and_archived_and_the_audit_says_by_whom(
    parts: Parts, house: House, operator: Browser
) -> None:
    for act in ("pause", "resume", "archive"):
        operator.get("/aois/sd-test")
        assert operator.send("/aois/sd-test/state", state=act).status_code == 303

    assert parts.registry.get("sd-test").state is AoiState.ARCHIVED
    told = [(actor, action) for _, actor, action, _ in parts.registry.audit("sd-test")]
    assert told[-3:] == [("amina", "paused"), ("amina", "active"), ("amina", "archived")]
    assert "sd-test" in operator.get("/aois?view=archived").text


def test_who_has_one_tile_sees_it_and_changes_nothing_of_the_whole(
    parts: Parts, browse: Browse
) -> None:
    (big,) = area_from_bbox("24.0,12.0,25.0,12.4", aoi_id="big", name="Big").areas
    parts.registry.add(big, NOW)
    first, *others = (tile.aoi_id for tile in parts.registry.group("big"))
    village = {"settlement_id": "v", "aoi_id": "big", "name": "Hidden"}
    centre = parts.registry.get(others[-1]).geometry.centroid
    parts.registry.add_settlements(
        "big", [a_settlement(**village, footprint=centre.buffer(0.001))], NOW
    )
    limited = browse("operator", areas=[first])
    page = limited.get("/aois/big")

    assert page.status_code == 200
    assert "Hidden" not in page.text
    assert limited.send("/aois/big/state", state="archive").status_code == 403
    assert limited.get("/aois/big/settlements").status_code == 403
    assert parts.registry.get(first).state is AoiState.ACTIVE


def test_an_analyst_sees_areas_and_changes_none(house: House, browse: Browse) -> None:
    analyst = browse("analyst")
    page = analyst.get("/aois/sd-test")

    assert "/aois/sd-test/state" not in page.text
    assert analyst.send("/aois/sd-test/state", state="archive").status_code == 403


def test_a_name_is_no_formula_in_a_spreadsheet(parts: Parts, browse: Browse) -> None:
    parts.registry.add(an_aoi(name='=HYPERLINK("http://evil")'), NOW)

    sheet = browse("analyst").get("/aois.csv")

    assert sheet.headers["content-type"].startswith("text/csv")
    assert "\"'=HYPERLINK(" in sheet.text


def test_a_name_is_no_markup_on_the_pages(parts: Parts, browse: Browse) -> None:
    parts.registry.add(an_aoi(name="<script>alert(1)</script>"), NOW)
    analyst = browse("analyst")

    for path in ("/aois", "/aois/sd-test", "/coverage"):
        assert "<script>alert" not in analyst.get(path).text


def test_settlements_are_shown_and_then_imported(
    parts: Parts, operator: Browser, tmp_path: Path
) -> None:
    parts.registry.add(an_aoi(), NOW)
    x, y = parts.registry.get("sd-test").geometry.centroid.coords[0]
    body = villages(("a", x, y), ("b", x + 0.001, y))

    shown = upload(operator, "/aois/sd-test/settlements/preview", "v.geojson", body)
    assert "2 new, 0 different" in shown.text
    assert parts.registry.settlements("sd-test") == []

    operator.send("/aois/sd-test/settlements", draft=draft_in(shown.text))
    assert [one.name for one in parts.registry.settlements("sd-test")] == ["a", "b"]
    assert list((tmp_path / "drafts").iterdir()) == []


def test_each_wrong_row_is_named_and_none_is_saved(parts: Parts, operator: Browser) -> None:
    parts.registry.add(an_aoi(), NOW)
    x, y = parts.registry.get("sd-test").geometry.centroid.coords[0]
    body = villages(("good", x, y), ("far", 1.0, 1.0), ("further", 2.0, 2.0))

    answer = upload(operator, "/aois/sd-test/settlements/preview", "v.geojson", body)

    assert answer.status_code == 422
    assert "2 of 3 rows are wrong" in answer.text
    assert "&#39;far&#39;" in answer.text
    assert "&#39;further&#39;" in answer.text
    assert parts.registry.settlements("sd-test") == []


def test_a_settlement_that_differs_is_replaced_only_when_asked(
    parts: Parts, operator: Browser
) -> None:
    parts.registry.add(an_aoi(), NOW)
    x, y = parts.registry.get("sd-test").geometry.centroid.coords[0]
    for longitude, more in ((x, {}), (x + 0.002, {}), (x + 0.002, {"replace_them": "yes"})):
        body = villages(("a", longitude, y))
        shown = upload(operator, "/aois/sd-test/settlements/preview", "v.geojson", body)
        answer = operator.send("/aois/sd-test/settlements", draft=draft_in(shown.text), **more)
        assert answer.status_code == (422 if longitude != x and not more else 303)

    (one,) = parts.registry.settlements("sd-test")
    assert one.footprint.centroid.x == pytest.approx(x + 0.002, abs=1e-6)


def test_fields_of_the_file_can_be_named(parts: Parts, operator: Browser) -> None:
    parts.registry.add(an_aoi(), NOW)
    x, y = parts.registry.get("sd-test").geometry.centroid.coords[0]
    body = villages(("a", x, y)).replace(b'"name": "a"', b'"NOM": "Tama"')

    path = "/aois/sd-test/settlements/preview"
    shown = upload(operator, path, "v.geojson", body, fields="name=NOM")
    wrong = upload(operator, path, "v.geojson", body, fields="shoe=NOM")

    assert "Tama" in shown.text
    assert wrong.status_code == 422
    assert "names no field" in wrong.text


def test_coverage_gives_reasons_in_words(parts: Parts, house: House, browse: Browse) -> None:
    analyst = browse("analyst")

    page, sheet = analyst.get("/coverage").text, analyst.get("/coverage.csv?days=2").text

    assert "not seen for 30 days and more" in page
    assert "the service did not run for this area on this day" in page
    assert sheet.splitlines()[1].startswith("sd-test,2024-05-19,not_run,0,")
