from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from shapely.geometry import box
from sqlalchemy import insert

from alerts.web import crowd
from alerts.web.accounts import Role
from alerts.web.crowd import crowd_of, desk_crowd
from alerts.web.guard import Visitor
from alerts.web.parts import Parts
from alerts.web.speech import SiteSpeech
from aoi.database import writing
from monitor.tables import COVERAGE_DAYS
from tests.alerts.conftest import House
from tests.alerts.web.browsers import NOW
from tests.alerts.web.conftest import Browse
from tests.builders import an_aoi

ANALYST = Visitor("amina", Role.ANALYST)


@pytest.fixture
def crowded(house: House, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """A house with an alert in one of two areas, where one area is already many."""
    monkeypatch.setattr(crowd, "MOST_AREAS", 1)
    house.opened()
    parts.registry.add(
        an_aoi(aoi_id="other", name="Elsewhere", geometry=box(20, 10, 20.1, 10.2)), NOW
    )
    rows = [
        {"aoi_id": "other", "day": (NOW - timedelta(days=age)).date(), "state": state,
         "clear_fraction": 0.5, "reason": "half"}
        for age, state in ((1, "cloudy"), (3, "seen"), (5, "seen"), (20, "seen"))
    ]  # fmt: skip
    with writing(parts.database) as connection:
        connection.execute(insert(COVERAGE_DAYS), rows)
    return parts


def test_few_areas_with_few_alerts_are_no_crowd(house: House, parts: Parts) -> None:
    house.opened()

    assert crowd_of(parts.database, ANALYST) == []


def test_each_of_many_has_its_bounds_and_how_many_alerts_stand(crowded: Parts) -> None:
    found = {one.aoi_id: one for one in crowd_of(crowded.database, ANALYST)}

    assert found["other"].bounds == (20, 10, 20.1, 10.2)
    assert (found["other"].standing, found["sd-test"].standing) == (0, 1)


def test_an_area_that_is_not_theirs_is_not_among_them(crowded: Parts) -> None:
    theirs = replace(ANALYST, areas=frozenset({"other"}))

    # One area is no crowd; nothing of the other is counted.
    assert crowd_of(crowded.database, theirs) == []


def test_the_map_says_when_each_was_seen(crowded: Parts) -> None:
    found = crowd_of(crowded.database, ANALYST)

    page = desk_crowd(crowded.database, found, crowded.renderer, NOW, SiteSpeech("en"))

    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    (other,) = [row for row in rows if "Elsewhere" in row]
    (here,) = [row for row in rows if "Elsewhere" not in row]
    assert "17 May 2024" in other
    assert "seen on 2 of 14 days" in other
    assert "BLIND" in here


def test_the_site_draws_a_crowd_in_the_language_of_its_reader(
    crowded: Parts, browse: Browse
) -> None:
    browser = browse("analyst")
    browser.client.cookies.set("emberwatch-language", "fr")

    answer = browser.get("/map/view")

    assert answer.status_code == 200
    assert "Elsewhere" in answer.text
    assert "emberwatchBoxes" in answer.text
    assert "Zones surveillées" in answer.text
