from __future__ import annotations

import re
from dataclasses import replace

import pytest

from alerts.alert import Alert
from alerts.web.parts import Parts
from monitor.finding import FindingKind
from tests.alerts.conftest import House
from tests.alerts.test_queue import keep, several
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.builders import NOW


def refs(browser: Browser, path: str = "/") -> list[str]:
    return re.findall(r'data-ref="(\w+)"', browser.get(path).text)


@pytest.fixture
def alert(house: House) -> Alert:
    return house.opened()


def test_the_most_pressing_stands_first(parts: Parts, house: House, browse: Browse) -> None:
    several(parts.database, house)

    assert refs(browse("analyst")) == ["REF2", "REF1", "REF0"]


def test_a_row_says_what_where_when_and_how_long_it_waits(alert: Alert, browse: Browse) -> None:
    page = browse("analyst").get("/").text

    for words in ("Burned settlement", alert.place.name, alert.ref, "partners", "waits", "between"):
        assert words in page


def test_how_sure_the_detector_is_stays_hidden_until_the_first_verdict(
    alert: Alert, house: House, browse: Browse
) -> None:
    browser = browse("analyst")
    tier = f"tier {alert.finding.tier}"
    row = re.compile(r'<li class="row".*?</li>', re.DOTALL)

    before = row.search(browser.get("/").text)
    house.desk.unsure(alert.ref, "amina", NOW)
    after = row.search(browser.get("/").text)

    assert before is not None
    assert after is not None
    assert tier not in before[0]
    assert tier in after[0]


def test_a_setting_shows_scores_to_everybody(parts: Parts, alert: Alert, browse: Browse) -> None:
    open_parts = replace(parts, settings=replace(parts.settings, hide_scores=False))
    browser = browse("analyst")
    browser.client.app.state.parts = open_parts  # type: ignore[attr-defined]

    assert f"tier {alert.finding.tier} ·" in browser.get("/").text


def test_filters_narrow_the_list_and_count_what_others_would_show(
    parts: Parts, house: House, browse: Browse
) -> None:
    several(parts.database, house)
    browser = browse("analyst")

    assert len(refs(browser, "/?view=all")) == 4
    assert len(refs(browser, "/?view=all&status=rejected")) == 1
    assert refs(browser, "/?kind=camp_new") == []
    assert "No alert is like that" in browser.get("/?kind=camp_new").text
    assert "rejected (1)" in browser.get("/?view=all").text


def test_a_filter_that_nobody_knows_is_no_filter(alert: Alert, browse: Browse) -> None:
    assert refs(browse("analyst"), "/?kind=<script>") == [alert.ref]


def test_long_lists_have_pages(parts: Parts, house: House, browse: Browse) -> None:
    several(parts.database, house)
    small = replace(parts, settings=replace(parts.settings, page_size=2))
    browser = browse("analyst")
    browser.client.app.state.parts = small  # type: ignore[attr-defined]

    assert refs(browser, "/") == ["REF2", "REF1"]
    assert refs(browser, "/?at=2") == ["REF0"]
    assert 'rel="next" href="/?at=2"' in browser.get("/").text


def test_an_empty_queue_is_not_called_an_all_clear(browse: Browse) -> None:
    assert "This is no all-clear" in browse("analyst").get("/").text


def test_a_person_sees_the_alerts_of_their_areas_alone(alert: Alert, browse: Browse) -> None:
    assert refs(browse("analyst", name="ben", areas=["elsewhere"])) == []
    assert refs(browse("analyst", name="amina", areas=["sd-test"])) == [alert.ref]


def test_what_waits_for_a_second_person_says_so(parts: Parts, house: House, browse: Browse) -> None:
    camp = house.opened(kind=FindingKind.CAMP_EMPTYING)
    house.desk.confirm(camp.ref, "amina", NOW)

    assert "you confirmed it: another person must agree" in browse("analyst").get("/").text
    other = browse("analyst", name="ben").get("/").text
    assert "amina confirmed it: a second person must agree" in other


def test_a_name_that_holds_markup_stays_text(parts: Parts, alert: Alert, browse: Browse) -> None:
    place = replace(alert.place, name="<img src=x onerror=alert(1)>")
    keep(parts.database, replace(alert, event_id="fire-x", ref="XXXX", place=place))

    page = browse("analyst").get("/").text

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_page_loads_nothing_from_anywhere_else(alert: Alert, browse: Browse) -> None:
    page = browse("analyst").get("/").text

    assert re.findall(r'(?:src|href|action)="(?:https?:)?//', page) == []
    assert re.findall(r"<script(?![^>]* src=)|\son\w+=|style=", page) == []
