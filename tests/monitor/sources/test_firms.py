"""The FIRMS service, played by a server of ours with real rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from shapely.geometry import box

from aoi.grid import utm_epsg
from aoi.interval import Interval
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.settings import FirmsSection
from monitor.sources import firms
from monitor.sources.cache import Cache
from monitor.sources.firms import Firms, KeyStatus, firms_source, spans
from monitor.sources.web import WebSettings
from tests.builders import an_aoi
from tests.monitor.sources.servers import Asked, Reply, Server, page, running, told

KEY = "0123456789abcdef0123456789abcdef"
HEADER = (
    "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,"
    "confidence,version,bright_ti5,frp,daynight"
)
QUICK = WebSettings(connect_s=0.3, silence_s=0.3, total_s=5, tries=2, first_wait_s=0.001)

# 13.66 N, 27.37 E is the middle of the test area.
NEAR = "13.66,27.37,340.1,0.4,0.4,2024-05-17,{time},{satellite},VIIRS,n,2.0NRT,300.2,6.5,D"
FAR = "14.60,27.37,340.1,0.4,0.4,2024-05-17,1130,N,VIIRS,n,2.0NRT,300.2,6.5,D"
WEEK = Interval(datetime(2024, 5, 14, tzinfo=UTC), datetime(2024, 5, 20, tzinfo=UTC))


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        server.routes["/api/area/csv/"] = lambda _: csv(
            NEAR.format(time="1130", satellite="N"), FAR
        )
        yield server


def csv(*rows: str) -> Reply:
    return Reply(200, "\n".join((HEADER, *rows)).encode(), {"Content-Type": "text/csv"})


def a_service(server: Server, **changes: object) -> Firms:
    service = Firms(server.url, SecretStr(KEY), ("VIIRS_SNPP_NRT",), QUICK, days_a_request=10)
    return replace(service, **changes)  # type: ignore[arg-type]


def test_the_area_its_margin_and_the_days_are_asked_for(server: Server) -> None:
    [spot] = a_service(server).hotspots(an_aoi(), WEEK)

    [path] = server.paths()
    place = path.split("/")[4:]
    west, south, east, north = (float(edge) for edge in place[2].split(","))
    # 2 km of area and 3 km of margin on each side are 0.074 degrees of longitude.
    assert 0.07 <= east - west <= 0.1
    assert west < 27.37 < east and south < 13.66 < north
    assert place[:2] == [KEY, "VIIRS_SNPP_NRT"]
    assert (spot.latitude, spot.longitude, spot.frp_mw) == (13.66, 27.37, 6.5)
    assert spot.acquired_at == datetime(2024, 5, 17, 11, 30, tzinfo=UTC)


def test_every_product_is_asked_and_each_detection_given_once(server: Server) -> None:
    products = ("VIIRS_SNPP_NRT", "VIIRS_NOAA20_NRT")
    server.fail("NOAA20", csv(NEAR.format(time="1040", satellite="N20")))
    server.fail("SNPP", csv(*[NEAR.format(time="1130", satellite="N")] * 2))

    found = a_service(server, products=products).hotspots(an_aoi(), WEEK)

    assert [(spot.satellite, spot.acquired_at.hour) for spot in found] == [("N20", 10), ("N", 11)]


def test_nothing_detected_is_an_empty_list(server: Server) -> None:
    server.fail("", csv())

    assert a_service(server).hotspots(an_aoi(), WEEK) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Requests begin on 4 May, the 739,010th day of the calendar, and every ten days.
        pytest.param("2024-05-04", "2024-05-05", [("2024-05-04", 1)], id="one day"),
        pytest.param("2024-05-06", "2024-05-07", [("2024-05-04", 3)], id="a day further on"),
        pytest.param("2024-05-04", "2024-05-14", [("2024-05-04", 10)], id="ten days"),
        pytest.param(
            "2024-05-04", "2024-05-15", [("2024-05-04", 10), ("2024-05-14", 1)], id="eleven"
        ),
    ],
)
def test_a_request_covers_no_more_days_than_allowed(
    start: str, end: str, expected: list[tuple[str, int]]
) -> None:
    interval = Interval(
        datetime.fromisoformat(f"{start}T00:00:00+00:00"),
        datetime.fromisoformat(f"{end}T00:00:00+00:00"),
    )

    assert [(day.isoformat(), days) for day, days in spans(interval, 10)] == expected


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        pytest.param(Reply(200, b"Invalid MAP_KEY."), SourceRefused, "Invalid MAP_KEY", id="key"),
        pytest.param(Reply(400, b"Invalid API call."), SourceRefused, "Invalid API", id="call"),
        pytest.param(
            Reply(200, b"Exceeding allowed transaction limit"),
            SourceUnavailable,
            "limit",
            id="quota",
        ),
        pytest.param(page(), SourceUnavailable, "error page", id="HTML with status 200"),
        pytest.param(Reply(200, b""), SourceUnavailable, "empty", id="nothing"),
        pytest.param(Reply(200, b"a,b\n1,2"), SourceRefused, "not a table", id="other columns"),
        pytest.param(Reply(403), SourceRefused, "access refused", id="403"),
        pytest.param(Reply(429), SourceUnavailable, "too many", id="429"),
        pytest.param(Reply(500), SourceUnavailable, "500", id="500"),
        pytest.param(Reply(reset=True), SourceUnavailable, "FIRMS", id="reset"),
        pytest.param(Reply(silent_after=-1), SourceUnavailable, "no answer", id="hang"),
        pytest.param(
            Reply(200, HEADER.encode(), declared_bytes=9000), SourceUnavailable, "FIRMS", id="cut"
        ),
    ],
)
def test_an_error_is_never_taken_for_no_fires(
    server: Server, tmp_path: Path, reply: Reply, kind: type[SourceError], words: str
) -> None:
    server.fail("", reply, times=2)

    with pytest.raises(kind, match=words):
        a_service(server, cache=Cache(tmp_path)).hotspots(an_aoi(), WEEK)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_one_product_that_fails_fails_all(server: Server) -> None:
    server.fail("NOAA20", Reply(500), times=2)
    service = a_service(server, products=("VIIRS_SNPP_NRT", "VIIRS_NOAA20_NRT"))

    with pytest.raises(SourceUnavailable, match="VIIRS_NOAA20_NRT"):
        service.hotspots(an_aoi(), WEEK)


def test_key_and_place_are_in_no_message_and_no_log(
    server: Server, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    service = a_service(server)

    def echo(asked: Asked) -> Reply:
        return Reply(200, f"no such thing: {asked.path}".encode())

    server.routes["/api/area/csv/"] = echo
    with pytest.raises(SourceRefused) as caught:
        service.hotspots(an_aoi(), WEEK)

    printed = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(service)
    assert KEY not in printed
    assert "27.3" not in printed and "13.6" not in printed


def test_settled_days_are_asked_for_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = a_service(server, cache=Cache(tmp_path))
    monkeypatch.setattr(firms, "utc_today", lambda: date(2024, 5, 20))
    service.hotspots(an_aoi(), WEEK)
    service.hotspots(an_aoi(), WEEK)
    assert len(server.log) == 2

    monkeypatch.setattr(firms, "utc_today", lambda: date(2024, 7, 1))
    first = service.hotspots(an_aoi(), WEEK)
    again = service.hotspots(an_aoi(), WEEK)

    assert first == again and len(first) == 1
    assert len(server.log) == 3


def test_the_allowance_of_the_key_is_told(server: Server) -> None:
    server.routes["/mapserver/mapkey_status/"] = lambda _: told(
        {
            "transaction_limit": 5000,
            "current_transactions": 12,
            "transaction_interval": "10 minutes",
        }
    )

    assert a_service(server).key_status() == KeyStatus(12, 5000, "10 minutes")


@pytest.mark.parametrize("answer", [{}, [], {"transaction_limit": "many"}])
def test_an_odd_status_is_unavailable(server: Server, answer: object) -> None:
    server.routes["/mapserver/mapkey_status/"] = lambda _: told(answer)

    with pytest.raises(SourceUnavailable, match="does not say"):
        a_service(server).key_status()


def test_the_source_follows_the_settings() -> None:
    source = firms_source(
        FirmsSection(map_key=SecretStr(KEY), products=("MODIS_NRT",), timeout_s=9)
    )

    assert source.name == "firms"
    assert source.products == ("MODIS_NRT",)
    assert (source.web.silence_s, source.days_a_request) == (9, 5)
    assert KEY not in repr(source)


def test_real_rows_come_through_unchanged(server: Server, shared: Path) -> None:
    text = (shared / "data/viirs-firms-nrt-samples/mozambique_2026_viirs_nrt.csv").read_bytes()
    server.routes["/api/area/csv/"] = lambda _: Reply(200, text)
    west, south, east, north = 34.0, -20.0, 35.0, -19.0
    area = an_aoi(geometry=box(west, south, east, north), epsg=utm_epsg(34.5, -19.5))
    winter = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 19, tzinfo=UTC))

    found = a_service(server).hotspots(area, winter)

    rows = [line.split(",") for line in text.decode().splitlines()[1:]]
    inside = {
        (float(row[0]), float(row[1]), row[5], row[6])
        for row in rows
        if west <= float(row[1]) <= east and south <= float(row[0]) <= north
    }
    assert len(inside) > 50
    assert inside <= {
        (h.latitude, h.longitude, f"{h.acquired_at:%Y-%m-%d}", str(int(f"{h.acquired_at:%H%M}")))
        for h in found
    }
