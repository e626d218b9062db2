from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import insert

from alerts.web.parts import Parts
from aoi.database import writing
from monitor.tables import COVERAGE_DAYS
from tests.alerts.conftest import House
from tests.alerts.web.browsers import NOW
from tests.alerts.web.conftest import Browse

MAY = "first=2024-05-01&last=2024-05-20"


def seen_on(parts: Parts, *days: int) -> None:
    rows = [
        {"aoi_id": "sd-test", "day": NOW.date() - timedelta(days=n), "state": "seen",
         "clear_fraction": 0.9, "reason": "90% of the area was clear"} for n in days
    ]  # fmt: skip
    with writing(parts.database) as connection:
        connection.execute(insert(COVERAGE_DAYS), rows)


def test_a_report_has_alerts_coverage_and_limits(
    parts: Parts, house: House, browse: Browse
) -> None:
    seen_on(parts, 0, 1, 5)
    alert = house.confirmed()

    page = browse("analyst").get(f"/aois/sd-test/report?{MAY}").text

    assert alert.ref in page
    assert "1 alerts in the period: 1 confirmed, 0 not yet seen" in page
    assert "Seen on 3 of 20 days of watching (15 %)" in page
    assert "17 not looked at" in page
    assert "not verified on the ground" in page
    assert "TLP:AMBER" in page


def test_what_was_rejected_is_counted_and_not_listed(
    parts: Parts, house: House, browse: Browse
) -> None:
    alert = house.opened()
    house.desk.reject(alert.event_id, "Ben", "water", NOW)

    page = browse("analyst").get(f"/report?{MAY}").text

    assert alert.ref not in page
    assert "1 rejected or retracted" in page
    assert "This is no all-clear" in page


def test_an_alert_of_another_time_or_country_is_not_in_it(house: House, browse: Browse) -> None:
    alert = house.confirmed()
    analyst = browse("analyst")

    assert alert.ref not in analyst.get("/report?first=2020-01-01&last=2020-01-31").text
    assert alert.ref not in analyst.get(f"/report?prefix=mm-&{MAY}").text
    assert alert.ref in analyst.get(f"/report?prefix=SD-&{MAY}").text


def test_a_report_holds_nothing_of_areas_of_others(house: House, browse: Browse) -> None:
    alert = house.confirmed()
    stranger = browse("analyst", areas=["elsewhere"])

    assert alert.ref not in stranger.get(f"/report?{MAY}").text
    assert alert.ref not in stranger.get(f"/report.csv?{MAY}").text
    assert stranger.get("/aois/sd-test/report").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["first=2024-05-20&last=2024-05-01", "first=2020-01-01&last=2024-01-01", "first=soon",
     "last=0001-01-01&first=9999-12-31"],
)  # fmt: skip
def test_a_period_that_is_none_is_refused(browse: Browse, query: str) -> None:
    assert browse("analyst").get(f"/report?{query}").status_code == 422


def test_the_table_of_a_report_opens_in_a_spreadsheet(house: House, browse: Browse) -> None:
    alert = house.confirmed()

    sheet = browse("analyst").get(f"/report.csv?{MAY}").text

    (row,) = csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff")))
    assert (row["ref"], row["area"], row["kind"]) == (alert.ref, "sd-test", "burn")
