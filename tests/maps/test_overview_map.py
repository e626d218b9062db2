from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from shapely.geometry import Polygon, box

from alerts.ports import OverviewArea
from maps.errors import UnreadableLand
from maps.overview_map import freshness, overview_map, view_of
from tests.maps.conftest import DESK, PHONE, Opener
from tests.maps.pictures import AFTER_AT, an_area
from tests.maps.test_land import a_land

NOW = AFTER_AT + timedelta(days=1)


def three_areas() -> list[OverviewArea]:
    return [
        an_area(),
        an_area(
            aoi_id="b",
            name="Kutum",
            geometry=box(24.4, 14.0, 24.9, 14.4),
            last_seen=NOW - timedelta(days=10),
            state_line="seen once in 14 days",
            open_alerts=[],
        ),
        an_area(
            aoi_id="c",
            name="Jebel Marra",
            geometry=box(24.1, 12.8, 24.6, 13.3),
            last_seen=None,
            state_line="BLIND since 12 Jan 2024: provider down",
            open_alerts=[("P3XD", "Fires at a settlement", box(24.3, 12.9, 24.31, 12.91))],
        ),
    ]


@pytest.mark.parametrize(
    ("days_ago", "state"),
    [
        pytest.param(0, "seen_recently", id="today"),
        pytest.param(6.99, "seen_recently", id="just within a week"),
        pytest.param(7, "seen_late", id="a week"),
        pytest.param(13.99, "seen_late", id="just within two weeks"),
        pytest.param(14, "not_seen", id="two weeks"),
        pytest.param(None, "not_seen", id="never"),
    ],
)
def test_how_fresh_an_area_is(days_ago: float | None, state: str) -> None:
    seen: datetime | None = None if days_ago is None else NOW - timedelta(days=days_ago)

    assert freshness(seen, NOW) == state


def test_every_area_is_a_row_with_when_it_was_seen_and_what_stands() -> None:
    page = overview_map(three_areas(), NOW)
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]

    rows = table.split("<tr>")[1:]
    assert len(rows) == 3
    assert all(text in rows[0] for text in ("South of El Fasher", "23 Jan 2024", "K7QF"))
    assert all(text in rows[1] for text in ("Kutum", "14 Jan 2024", "none"))
    assert all(text in rows[2] for text in ("never", "BLIND since 12 Jan 2024", "P3XD"))


def test_the_overview_says_when_it_was_made_and_what_is_under_it() -> None:
    page = overview_map(three_areas(), NOW)

    assert "24 Jan 2024, 08:31 UTC" in page
    assert "No background map: nothing is fetched" in page


def test_no_area_yet_is_said_and_not_an_empty_page() -> None:
    assert "No area is watched yet." in overview_map([], NOW)


def test_an_area_without_a_shape_is_still_in_the_table() -> None:
    page = overview_map([an_area(geometry=Polygon(), name="Lost")], NOW)

    assert "Lost" in page


def test_land_says_that_it_has_no_roads(tmp_path: Path) -> None:
    land = a_land(tmp_path, box(20, 10, 30, 20))
    page = overview_map(three_areas(), NOW, land=land)

    assert "without roads or place names" in page
    assert "Natural Earth" in page
    assert page.count("L.geoJson(") == overview_map(three_areas(), NOW).count("L.geoJson(") + 1


def test_land_that_cannot_be_read_is_told_to_the_operator(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLand):
        overview_map(three_areas(), NOW, land=tmp_path / "absent.json")


def test_the_sea_around_an_island_is_no_error(tmp_path: Path) -> None:
    land = a_land(tmp_path, box(100, -10, 110, 0))

    assert "Kutum" in overview_map(three_areas(), NOW, land=land)


def test_the_first_view_holds_every_area() -> None:
    west, south, east, north = view_of(three_areas())

    assert west < 24.1
    assert south < 12.8
    assert north > 14.4
    assert east > 27.4
    assert view_of([]) == (-180.0, -60.0, 180.0, 75.0)


def test_two_hundred_areas_stay_below_the_budget() -> None:
    many = [
        an_area(aoi_id=str(n), name=f"Area {n}", geometry=box(n / 10, 10, n / 10 + 0.08, 10.1))
        for n in range(200)
    ]

    assert len(overview_map(many, NOW).encode()) <= 1_500_000


def a_crowd(count: int) -> list[OverviewArea]:
    return [
        an_area(aoi_id=f"area-{n}", name=f"Area {n} of `many` & ${{more}}", open_alerts=[],
                standing=n % 3, last_seen=NOW - timedelta(days=n % 20),
                geometry=box(n % 70 / 2, n // 70 / 2, n % 70 / 2 + 0.2, n // 70 / 2 + 0.2))
        for n in range(count)
    ]  # fmt: skip


def test_five_thousand_areas_stay_below_the_budget() -> None:
    page = overview_map(a_crowd(5_000), NOW)

    assert len(page.encode()) <= 1_500_000
    assert "200 of 5000 areas are listed" in page
    assert page.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>") == 200


def test_of_many_those_with_most_alerts_are_listed_first() -> None:
    table = overview_map(a_crowd(201), NOW).partition("<tbody>")[2].partition("</tbody>")[0]

    assert "Area 2 of" in table.split("<tr>")[1]
    assert ">2</td>" in table.split("<tr>")[1]


def test_many_alerts_in_few_areas_are_counted_and_not_drawn_one_by_one() -> None:
    page = overview_map([an_area(open_alerts=[], standing=20_000)], NOW)

    assert "L.circleMarker([13" not in page
    assert "Alerts that stand: 20000" in page


@pytest.mark.chromium
def test_a_crowd_opens_without_a_complaint_and_says_its_names(visit: Opener) -> None:
    seen = visit(overview_map(a_crowd(300), NOW))

    found = seen.evaluate(
        """() => {
            const map = Object.values(window).find((one) => one instanceof L.Map);
            const said = [];
            map.eachLayer((one) => { if (one.getTooltip && one.getTooltip())
                said.push(one.getTooltip().getContent()); });
            return said;
        }"""
    )

    assert len(found) == 300 + 200
    assert any("Area 299 of" in text for text in found)
    assert (seen.requests, seen.complaints) == ([], [])


@pytest.mark.chromium
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("with_land", [False, True], ids=["bare", "land"])
def test_an_opened_overview_asks_for_nothing_and_complains_of_nothing(
    size: tuple[int, int], with_land: bool, tmp_path: Path, visit: Opener
) -> None:
    land = a_land(tmp_path, box(20, 10, 30, 20)) if with_land else None
    seen = visit(overview_map(three_areas(), NOW, land=land), size)

    assert seen.requests == []
    assert seen.complaints == []
    assert seen.page.locator(".map-name").count() == 3
    assert seen.evaluate("document.documentElement.scrollWidth") <= size[0]
