from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.alert import Alert, Review, Status
from alerts.web.parts import Parts
from aoi.area import Sensitivity
from aoi.settlement import SettlementKind
from tests.alerts.conftest import House
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.builders import NOW, a_settlement, an_aoi


@pytest.fixture
def alert(house: House) -> Alert:
    """An alert that was published a day ago."""
    opened = house.opened()
    house.desk.confirm(opened.ref, "Ben", NOW - timedelta(days=1))
    house.publish(NOW - timedelta(days=1))
    return house.alerts.alert(opened.event_id)


def program(
    parts: Parts, browse: Browse, clearance: str = "partner-full", role: str = "reader",
    areas: list[str] | None = None,
) -> Browser:  # fmt: skip
    """A program with a key of its own."""
    found = browse()
    secret = parts.api_keys.make("gis", clearance, "olga", NOW, areas, role)[1]
    found.client.headers["authorization"] = f"Bearer {secret}"
    return found


def items(browser: Browser, query: str = "", path: str = "/api/alerts") -> list[dict[str, Any]]:
    answer = browser.get(f"{path}{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["features"])


def test_a_key_reads_what_was_published_for_its_clearance(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    (feature,) = items(program(parts, browse))

    assert feature["id"] == alert.event_id
    assert feature["properties"]["settlement"]["name"] == alert.place.name
    assert parts.alerts.alert(alert.event_id).outside


def test_a_lower_clearance_gets_no_name_no_outline_and_another_id(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    reader = program(parts, browse, "partner")
    (feature,) = items(reader)

    assert feature["id"] != alert.event_id
    assert feature["geometry"] is None
    assert alert.place.name not in str(feature)
    assert reader.get(f"/api/alerts/{alert.event_id}").status_code == 404
    assert reader.get(f"/api/alerts/{feature['id']}").json()["id"] == feature["id"]


def test_a_box_does_not_tell_where_a_hidden_place_is(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    x, y = alert.finding.geometry.centroid.coords[0]
    around = f"?bbox={x - 1},{y - 1},{x + 1},{y + 1}"

    assert items(program(parts, browse), around) != []
    assert items(program(parts, browse, "partner"), around) == []


@pytest.mark.parametrize(
    ("clearance", "areas"), [("public", None), ("partner-full", ["elsewhere"])]
)
def test_who_may_not_know_gets_nothing_and_nothing_is_recorded(
    parts: Parts, browse: Browse, alert: Alert, clearance: str, areas: list[str] | None
) -> None:
    reader = program(parts, browse, clearance, areas=areas)

    assert items(reader) == []
    assert reader.get(f"/api/alerts/{alert.ref}").status_code == 404
    assert not parts.alerts.alert(alert.event_id).outside


def test_what_was_not_released_is_for_the_desk_alone(
    parts: Parts, browse: Browse, house: House
) -> None:
    alert = house.opened()

    assert items(program(parts, browse)) == []
    assert [one["id"] for one in items(browse("analyst"))] == [alert.event_id]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?status=confirmed", 1), ("?status=rejected", 0), ("?kind=burn", 1),
        ("?aoi=sd-test", 1), ("?aoi=other", 0), ("?datetime=../2000-01-01T00:00:00Z", 0),
        ("?datetime=2000-01-01/..", 1), ("?bbox=-10,-10,-9,-9", 0), ("?bbox=170,-80,-170,80", 0),
        ("?limit=1&offset=1", 0),
    ],
)  # fmt: skip
def test_filters_narrow_the_list(
    parts: Parts, browse: Browse, alert: Alert, query: str, count: int
) -> None:
    assert len(items(program(parts, browse), query)) == count
    assert len(items(browse("analyst"), query)) == count


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=nan,0,1,1", "bbox=a,b,c,d", "bbox=0,2,1,1", "bbox=0,0,999,1",
     "datetime=yesterday", "datetime=2024-01-02/2024-01-01", "limit=0", "limit=x", "limit=-1",
     "offset=-1", "offset=99999999999", "colour=red"],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_a_problem_with_a_reason(browse: Browse, query: str) -> None:
    analyst = browse("analyst")
    for path in ("/api/alerts", "/ogc/collections/alerts/items"):
        answer = analyst.get(f"{path}?{query}")

        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.json()["detail"]) > 10


def test_an_analysts_key_decides_in_the_name_of_who_made_it(
    parts: Parts, browse: Browse, house: House
) -> None:
    alert = house.opened()
    machine = program(parts, browse, role="analyst")
    path = f"/api/alerts/{alert.event_id}/verdict"

    made = machine.client.post(path, json={"verdict": "confirm", "revision": alert.revision})
    again = machine.client.post(path, json={"verdict": "reject", "revision": alert.revision,
                                            "reason": "water"})  # fmt: skip

    assert made.json()["properties"]["status"] == "confirmed"
    assert parts.alerts.alert(alert.event_id).reviewed_by == ("olga",)
    assert (again.status_code, again.json()["status"]) == (409, 409)
    assert parts.alerts.alert(alert.event_id).status is Status.CONFIRMED


@pytest.mark.parametrize(
    "body",
    [{"verdict": "praise", "revision": 1}, {"verdict": "confirm"}, {"verdict": "confirm",
     "revision": 0}, {"verdict": "confirm", "revision": 1, "by": "amina"}],
)  # fmt: skip
def test_a_verdict_that_is_none_changes_nothing(
    parts: Parts, browse: Browse, house: House, body: dict[str, Any]
) -> None:
    alert = house.opened()
    machine = program(parts, browse, role="analyst")

    answer = machine.client.post(f"/api/alerts/{alert.event_id}/verdict", json=body)

    assert answer.status_code == 422
    assert parts.alerts.alert(alert.event_id).review is not Review.YES


def test_a_readers_key_decides_nothing(parts: Parts, browse: Browse, house: House) -> None:
    alert = house.opened()
    body = {"verdict": "confirm", "revision": alert.revision}
    path = f"/api/alerts/{alert.event_id}/verdict"

    assert program(parts, browse).client.post(path, json=body).status_code == 403


def test_a_session_without_the_token_of_its_forms_decides_nothing(
    parts: Parts, browse: Browse, house: House
) -> None:
    alert = house.opened()
    body = {"verdict": "confirm", "revision": alert.revision}
    path = f"/api/alerts/{alert.event_id}/verdict"
    analyst = browse("analyst")
    analyst.get("/")

    assert analyst.client.post(path, json=body).status_code == 403
    headers = {"x-form-token": analyst.token}
    assert analyst.client.post(path, json=body, headers=headers).status_code == 200


def test_outlines_of_areas_are_for_those_who_may_know_places(
    parts: Parts, browse: Browse, house: House
) -> None:
    parts.registry.add(
        replace(an_aoi(aoi_id="secret"), sensitivity=Sensitivity.RESTRICTED,
                geometry=an_aoi().geometry.buffer(0.01)), NOW
    )  # fmt: skip
    names = {
        clearance: [one["id"] for one in items(program(parts, browse, clearance), "", "/api/areas")]
        for clearance in ("public", "partner", "partner-full", "restricted")
    }

    assert names["public"] == names["partner"] == []
    assert names["partner-full"] == ["sd-test"]
    assert sorted(names["restricted"]) == ["sd-test", "secret"]


def test_camps_are_more_restricted_than_their_area(
    parts: Parts, browse: Browse, house: House
) -> None:
    camp = replace(a_settlement(), settlement_id="camp", kind=SettlementKind.CAMP)
    parts.registry.add_settlements("sd-test", [camp], NOW)
    path = "/api/areas/sd-test/settlements"

    known = [one["id"] for one in items(program(parts, browse), "", path)]
    all_of_them = [one["id"] for one in items(program(parts, browse, "restricted"), "", path)]

    assert "camp" not in known
    assert {"camp", *known} == set(all_of_them)


def test_coverage_has_a_row_for_every_day(parts: Parts, browse: Browse, house: House) -> None:
    answer = program(parts, browse).get(
        "/api/areas/sd-test/coverage?first=2024-05-01&last=2024-05-03"
    )

    assert [day["state"] for day in answer.json()["days"]] == ["not_run"] * 3
    wrong = program(parts, browse).get(
        "/api/areas/sd-test/coverage?first=2024-05-03&last=2024-05-01"
    )
    assert wrong.status_code == 422


def test_numbers_for_prometheus_need_a_key_to_everything(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    page = program(parts, browse).get("/metrics")

    assert 'emberwatch_alerts{state="confirmed"} 1.0' in page.text
    assert 'emberwatch_areas{state="active"} 1.0' in page.text
    assert program(parts, browse, areas=["sd-test"]).get("/metrics").status_code == 403
    assert browse().get("/metrics").status_code == 401


def test_the_description_is_for_those_with_a_key(parts: Parts, browse: Browse) -> None:
    paths = program(parts, browse).get("/api/openapi.json").json()["paths"]

    assert browse().get("/api/openapi.json").status_code == 401
    assert set(paths) == {
        "/api/alerts", "/api/alerts/{event_id}", "/api/alerts/{event_id}/verdict", "/api/areas",
        "/api/areas/{aoi_id}", "/api/areas/{aoi_id}/settlements", "/api/areas/{aoi_id}/coverage",
    }  # fmt: skip
