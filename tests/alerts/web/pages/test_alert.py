from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import insert

from alerts.alert import Alert
from alerts.web.parts import Parts
from aoi.database import writing
from monitor.archive import save_chip, save_look
from monitor.area_job import ArchivedLook
from monitor.rows import look_row
from monitor.tables import LOOKS
from tests.alerts.conftest import House
from tests.alerts.test_queue import keep
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.builders import NOW, a_look, an_observation, days_ago

HOSTILE = "<script>alert(1)</script>"


def archive_looks(parts: Parts, *ages: float, burnt_after: float = 3) -> None:
    """Archive a look for each age in days; those younger than `burnt_after` show char."""
    for age in ages:
        burnt = (slice(8, 16), slice(8, 16)) if age < burnt_after else None
        look = a_look(look_id=f"look-{age:g}", acquired_at=days_ago(age), burnt=burnt)
        path = f"looks/sd-test/{look.look_id}.tif"
        sha256 = save_look(look, parts.settings.data_folder / path)
        row = ArchivedLook(
            look_id=look.look_id, aoi_id="sd-test", track=look.track, platform=look.platform,
            acquired_at=look.acquired_at, available_at=look.available_at, known_at=NOW,
            path=path, sha256=sha256, clear_fraction=0.97, held_reason="", provider="folder",
            scene_ids=("S2",),
        )  # fmt: skip
        with writing(parts.database) as connection:
            connection.execute(insert(LOOKS).values(**look_row(row)))


@pytest.fixture
def alert(house: House, parts: Parts) -> Alert:
    """An alert whose chips and looks are archived."""
    for role in ("before", "after"):
        save_chip(an_observation(), parts.settings.data_folder / f"chips/{role}.tif")
    archive_looks(parts, 22, 12, 7, 2)
    return house.opened()


@pytest.fixture
def browser(browse: Browse) -> Browser:
    return browse("analyst")


def text_of(browser: Browser, alert: Alert, rest: str = "") -> str:
    answer = browser.get(f"/alerts/{alert.event_id}{rest}")
    assert answer.status_code == 200
    return answer.text


def test_the_page_says_what_when_where_and_what_else_it_could_be(
    browser: Browser, alert: Alert
) -> None:
    page = text_of(browser, alert)

    for words in (alert.ref, alert.place.name, "TLP:AMBER", "What else it could be", "Evidence"):
        assert words in page


def test_it_is_found_by_the_reference_that_people_say_on_the_phone(
    browser: Browser, alert: Alert
) -> None:
    assert browser.get(f"/alerts/{alert.ref}").status_code == 200


def test_the_map_stands_in_a_frame_that_may_run_scripts_and_nothing_else(
    browser: Browser, alert: Alert
) -> None:
    page = text_of(browser, alert)

    assert f'src="/alerts/{alert.event_id}/map" sandbox="allow-scripts"' in page
    assert "allow-same-origin" not in page


def test_every_look_around_it_stands_in_the_strip(browser: Browser, alert: Alert) -> None:
    page = text_of(browser, alert)

    assert re.findall(r'looks/(look-[\d]+)\.png"', page) == [
        "look-22",
        "look-12",
        "look-7",
        "look-2",
    ]
    assert "97 % clear" in page


def test_any_two_looks_can_be_compared(browser: Browser, alert: Alert) -> None:
    page = text_of(browser, alert, "?before=look-22&after=look-12")

    large = re.findall(r"looks/(look-\d+)\.png\?size=large", page)
    assert large == ["look-12", "look-22"]


def test_a_picture_of_a_look_shows_its_blocks(browser: Browser, alert: Alert) -> None:
    answer = browser.get(f"/alerts/{alert.event_id}/looks/look-2.png?size=large")

    image = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == "image/png"
    # 24 blocks of 40 m: 22 pixels a block are 528 pixels.
    assert image.size == (528, 528)
    assert len(image.getcolors(maxcolors=528 * 528) or ()) > 1


def test_a_look_of_another_area_is_not_shown(browser: Browser, alert: Alert) -> None:
    path = f"/alerts/{alert.event_id}/looks"

    assert browser.get(f"{path}/look-x.png").status_code == 404
    assert browser.get(f"{path}/..%2F..%2Fkeys%2Fmaster.png").status_code == 404
    assert browser.get(f"{path}/look-2.png?size=huge").status_code == 404


def test_a_look_whose_file_is_gone_is_said_and_the_page_stands(
    parts: Parts, browser: Browser, alert: Alert
) -> None:
    (parts.settings.data_folder / "looks/sd-test/look-2.tif").unlink()

    assert browser.get(f"/alerts/{alert.event_id}/looks/look-2.png").status_code == 500
    assert text_of(browser, alert)


def test_the_series_is_drawn_by_the_server(browser: Browser, alert: Alert) -> None:
    answer = browser.get(f"/alerts/{alert.event_id}/series.svg")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.count("<circle") >= 4
    assert "<script" not in answer.text


def test_the_score_comes_after_the_first_verdict(
    house: House, browser: Browser, alert: Alert
) -> None:
    hidden = text_of(browser, alert)
    house.desk.unsure(alert.ref, "amina", NOW)
    shown = text_of(browser, alert)

    assert "Shown after your first verdict" in hidden
    assert "Chance of this without the change" not in hidden
    assert f"tier {alert.finding.tier}" in shown
    assert "Chance of this without the change" in shown


def test_the_map_hides_the_score_too(house: House, browser: Browser, alert: Alert) -> None:
    sure = "How sure"
    hidden = text_of(browser, alert, "/map")
    house.desk.unsure(alert.ref, "amina", NOW)

    assert sure not in hidden
    assert sure in text_of(browser, alert, "/map")


def test_what_happened_to_it_is_told_with_names_and_notes(
    house: House, browser: Browser, alert: Alert
) -> None:
    house.desk.unsure(alert.ref, "Ben", NOW, note=f"smoke? {HOSTILE}")

    page = text_of(browser, alert)

    assert "unsure, asks for a second reader" in page
    assert "smoke? &lt;script&gt;" in page
    assert HOSTILE not in page


def test_analysts_see_that_somebody_got_it_and_operators_see_who(
    house: House, browse: Browse, alert: Alert
) -> None:
    house.subscribe("reader@ngo.example", organisation="An NGO")
    house.desk.confirm(alert.ref, "Ben", NOW)
    house.publish()
    house.deliver(NOW + timedelta(hours=1))

    analyst = text_of(browse("analyst"), alert)
    operator = text_of(browse("operator", name="olga"), alert)

    assert "An NGO" in analyst
    assert "reader@ngo.example" not in analyst
    assert "reader@ngo.example" in operator


def test_what_somebody_outside_has_can_only_be_retracted(
    house: House, browser: Browser, alert: Alert
) -> None:
    house.subscribe()
    house.desk.confirm(alert.ref, "Ben", NOW)
    house.publish()
    house.deliver(NOW + timedelta(hours=1))

    page = text_of(browser, alert)

    assert 'value="retract"' in page
    assert 'value="reject"' not in page
    assert "Taking it back tells exactly those who do" in page


def test_explain_lists_findings_and_readings(browser: Browser, alert: Alert) -> None:
    page = text_of(browser, alert, "/explain")

    assert alert.finding_ids[0] in page
    assert "opened alert" in page


def test_the_alert_can_be_taken_along_for_a_gis(browser: Browser, alert: Alert) -> None:
    answer = browser.get(f"/alerts/{alert.event_id}/alert.geojson")

    assert answer.json()["properties"]["ref"] == alert.ref
    assert f'filename="{alert.ref}.geojson"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("rest", ["", "/map", "/explain", "/series.svg", "/alert.geojson",
                                  "/looks/look-2.png"])  # fmt: skip
def test_an_alert_of_another_area_is_nowhere_to_be_seen(
    rest: str, browse: Browse, alert: Alert
) -> None:
    stranger = browse("analyst", name="ben", areas=["elsewhere"])

    assert stranger.get(f"/alerts/{alert.event_id}{rest}").status_code == 404


def test_a_place_without_looks_still_has_a_page(house: House, browser: Browser) -> None:
    alert = house.opened()

    assert "No look is on record around it" in text_of(browser, alert)
    assert "Too few clear looks" in text_of(browser, alert, "/series.svg")


def test_names_in_the_page_stay_text(parts: Parts, browser: Browser, alert: Alert) -> None:
    place = replace(alert.place, name=HOSTILE)
    keep(parts.database, replace(alert, event_id="fire-x", ref="XXXX", place=place))

    page = text_of(browser, replace(alert, event_id="fire-x"))

    assert HOSTILE not in page
    assert re.findall(r"<script(?![^>]* src=)|\son\w+=|style=", page) == []
