from __future__ import annotations

import re
from dataclasses import replace

import pytest
from shapely.geometry import Polygon

from alerts.ports import AlertPicture, Outline
from maps.alert_map import alert_map, view_of
from tests.maps.conftest import DESK, PHONE, Opener
from tests.maps.pictures import a_patch, a_picture, cold_springs

MAX_PAGE_BYTES = 1_500_000

LAYERS = """() => {
  const map = Object.values(window).find((value) => value instanceof L.Map);
  const found = {paths: 0, dots: 0, images: 0, names: 0};
  map.eachLayer((layer) => {
    if (layer instanceof L.ImageOverlay) found.images += 1;
    else if (layer instanceof L.CircleMarker) found.dots += 1;
    else if (layer instanceof L.Path) found.paths += 1;
    else if (layer instanceof L.Marker) found.names += 1;
  });
  return found;
}"""


def test_a_page_with_four_pictures_stays_below_its_budget(alert_page: str) -> None:
    assert alert_page.count("data:image/webp") == 4
    assert len(alert_page.encode()) <= MAX_PAGE_BYTES


def test_the_cold_springs_fire_stays_below_its_budget() -> None:
    page = alert_map(cold_springs())

    assert page.count("data:image/webp") == 4
    assert len(page.encode()) <= MAX_PAGE_BYTES
    assert "7 Jul 2016" in page
    assert "23 Jul 2016" in page


def test_the_marking_and_the_status_come_before_everything_else(alert_page: str) -> None:
    body = alert_page.partition("<body>")[2]

    order = [body.index(text) for text in ("TLP:AMBER", "PRELIMINARY", "K7QF", "Seen 6 times")]
    assert order == sorted(order)


def test_an_alert_without_a_marking_shows_no_empty_box() -> None:
    assert 'class="tlp"' not in alert_map(a_picture(tlp="", before=None, after=None))


def test_every_fact_stands_in_the_table(alert_page: str) -> None:
    for label, value in a_picture().facts:
        row = f'<th scope="row"><bdi>{label}</bdi></th><td><bdi>{value}</bdi></td>'
        assert row in alert_page


def test_every_shape_stands_in_a_table_too(alert_page: str) -> None:
    table = alert_page.partition('class="shapes"')[2].partition("</table>")[0]

    for outline in a_picture().outlines:
        assert outline.label in table
    assert "VIIRS, 20 Jan 2024 11:12 UTC, nominal" in table


def test_the_page_says_which_bands_it_shows_and_that_both_dates_share_a_scale(
    alert_page: str,
) -> None:
    assert "False colour (shortwave and near infrared)" in alert_page
    assert "Both dates have the same brightness scale" in alert_page
    assert "One pixel is <bdi>20 m</bdi>." in alert_page


@pytest.mark.parametrize(
    ("changes", "notice", "images"),
    [
        pytest.param({"before": None}, "No picture from before is shown.", 2, id="no before"),
        pytest.param({"after": None}, "No picture from after is shown.", 2, id="no after"),
        pytest.param(
            {"before": None, "after": None}, "No satellite picture is shown", 0, id="withheld"
        ),
    ],
)
def test_a_missing_picture_is_told_and_the_rest_is_drawn(
    changes: dict[str, None], notice: str, images: int
) -> None:
    page = alert_map(a_picture(**changes))

    assert notice in page
    assert page.count("data:image/webp") == images
    assert page.count("L.geoJson(") >= 4
    assert "emberwatchSwipe(map" not in page


def test_credit_for_imagery_is_not_given_where_there_is_none() -> None:
    page = alert_map(a_picture(before=None, after=None))

    assert "Contains modified Copernicus" not in page


def test_an_alert_without_any_place_still_makes_a_page() -> None:
    page = alert_map(a_picture(outlines=[], hotspots=[], before=None, after=None, facts=[]))

    assert "K7QF" in page


def test_a_hamlet_is_shown_with_ground_around_it() -> None:
    hamlet = Outline("settlement", "A", a_patch(40))
    (south, west), (north, east) = view_of(a_picture(outlines=[hamlet]))

    assert north - south == pytest.approx(0.012)
    assert east - west == pytest.approx(0.012)


def test_the_view_holds_the_place_with_a_margin() -> None:
    picture = a_picture(outlines=[Outline("settlement", "A", a_patch(2_000))])
    (south, west), (north, east) = view_of(picture)
    bounds = a_patch(2_000).bounds

    assert west < bounds[0] < bounds[2] < east
    assert north - south == pytest.approx((bounds[3] - bounds[1]) * 2.8)


@pytest.mark.parametrize(
    ("language", "direction", "before"),
    [("en", "ltr", "Before"), ("fr", "ltr", "Avant"), ("ar", "rtl", "قبل"), ("my", "ltr", "မတိုင်မီ")],
)
def test_the_page_speaks_the_language_of_the_alert(
    language: str, direction: str, before: str
) -> None:
    page = alert_map(a_picture(language=language))

    assert f'<html lang="{language}" dir="{direction}">' in page
    assert before in page


def test_a_draft_translation_says_so_to_the_reader() -> None:
    assert "ترجمة أولية" in alert_map(a_picture(language="ar", before=None, after=None))


def degraded() -> list[AlertPicture]:
    full = a_picture()
    return [
        replace(full, before=None),
        replace(full, before=None, after=None, severity="moderate"),
        replace(full, outlines=[], hotspots=[], before=None, after=None, facts=[]),
        replace(full, outlines=[Outline("settlement", "Gone", Polygon())], language="ar"),
    ]


@pytest.mark.chromium
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_an_opened_map_asks_for_nothing_and_complains_of_nothing(
    size: tuple[int, int], alert_page: str, visit: Opener
) -> None:
    seen = visit(alert_page, size)

    assert seen.requests == []
    assert seen.complaints == []


@pytest.mark.chromium
@pytest.mark.parametrize("number", range(4))
def test_a_poorer_map_asks_for_nothing_and_complains_of_nothing(number: int, visit: Opener) -> None:
    seen = visit(alert_map(degraded()[number]))

    assert seen.requests == []
    assert seen.complaints == []
    assert seen.page.locator(".leaflet-control-scale-line").count() == 1


@pytest.mark.chromium
def test_every_layer_is_on_the_map(alert_page: str, visit: Opener) -> None:
    found = visit(alert_page).evaluate(LAYERS)

    # Four outlines, each a casing and a stroke; one hotspot, a dot on a dot; two names.
    assert found == {"paths": 8, "dots": 2, "images": 2, "names": 2}


@pytest.mark.chromium
def test_the_real_fire_is_drawn_whole(visit: Opener) -> None:
    seen = visit(alert_map(cold_springs()))

    assert seen.requests == []
    assert seen.complaints == []
    assert seen.evaluate(LAYERS)["images"] == 2
    widths = seen.evaluate(
        "[...document.querySelectorAll('.leaflet-image-layer')].map((image) => image.naturalWidth)"
    )
    assert min(widths) > 500, "both pictures could be decoded"


@pytest.mark.chromium
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_covers_the_village(size: tuple[int, int], alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page, size)
    village = seen.evaluate(
        """() => {
          const [x, y] = [27.36986, 13.6586];
          const map = Object.values(window).find((value) => value instanceof L.Map);
          const at = map.latLngToContainerPoint([y, x]);
          const frame = map.getContainer().getBoundingClientRect();
          const corner = map.latLngToContainerPoint([y + 0.003, x + 0.003]);
          return [frame.left + at.x, frame.top + at.y, corner.x - at.x, at.y - corner.y];
        }"""
    )
    x, y, right, up = village
    covered = [
        seen.evaluate(
            """([x, y]) => document.elementFromPoint(x, y).closest(
              '.leaflet-control, .panel, .top, .swipe-handle, .swipe-date') !== null""",
            [x + i * right, y + j * up],
        )
        for i, j in ((-1, -1), (1, -1), (-1, 1), (1, 1), (0.5, 0))
    ]

    assert covered == [False] * 5


@pytest.mark.chromium
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_page_is_wider_than_its_screen(language: str, width: int, visit: Opener) -> None:
    long = "x" * 400
    picture = a_picture(language=language, before=None, after=None, facts=[("What", long)])
    seen = visit(alert_map(replace(picture, title=long, coverage_line=long)), (width, 800))

    assert seen.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.chromium
def test_on_a_phone_the_facts_follow_the_map_and_fold(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page, PHONE)
    canvas, facts = seen.box(".canvas"), seen.box(".facts")

    assert canvas["width"] == PHONE[0]
    assert facts["y"] >= canvas["y"] + canvas["height"]
    seen.page.click(".facts summary")
    assert seen.box(".facts")["height"] < 60


@pytest.mark.chromium
def test_in_arabic_the_panel_is_on_the_left_and_before_stays_left(visit: Opener) -> None:
    seen = visit(alert_map(a_picture(language="ar")))

    assert seen.box(".panel")["x"] == 0
    assert seen.box(".swipe-before")["x"] < seen.box(".swipe-after")["x"]
    assert "7 يناير 2024" in seen.text(".swipe-before")
    assert seen.complaints == []


@pytest.mark.chromium
def test_a_reader_of_tables_alone_finds_headings_and_labels(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)

    unnamed = seen.evaluate(
        """[...document.querySelectorAll('button, input, a, [role], [tabindex="0"]')].filter(
          (part) => !(part.getAttribute('aria-label') || part.title || part.textContent.trim()
            || (part.labels && part.labels.length) || part.closest('label')
            || part.getAttribute('role') === 'presentation' || part.matches('.folium-map')))
          .map((part) => part.outerHTML)"""
    )
    assert unnamed == []
    assert seen.page.locator("h1").count() == 1
    assert seen.page.locator("th:not([scope])").count() == 0
    assert re.search(r"Map: Possible burned settlement", alert_page)


@pytest.mark.chromium
def test_without_scripts_the_facts_are_still_there(alert_page: str, visit: Opener) -> None:
    """Mail programs that preview a page run no script."""
    seen = visit(alert_page, scripts=False)

    assert "Burn signature over 62 %" in seen.text(".facts")
    assert "The moving map needs JavaScript" in seen.text(".canvas")
    assert seen.box(".legend li")["height"] > 0
