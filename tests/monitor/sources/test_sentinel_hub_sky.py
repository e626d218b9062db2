"""The clear sky, counted by a server of ours that runs our evalscript on real rasters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aoi.interval import Interval
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.cache import Cache
from monitor.sources.folder import Folder
from monitor.sources.sentinel_hub import SentinelHub
from monitor.sources.sentinel_hub_sky import clear_sky, sky_question
from tests.builders import NOW, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.hub import BY_RULE, Hub, a_hub, as_new, source_of
from tests.monitor.sources.servers import Reply, page, told

AOI = an_aoi()
MIDNIGHT = datetime(2024, 5, 20, tzinfo=UTC)
YEAR = Interval.ending(MIDNIGHT, timedelta(days=365))
CLOUDY = {150: 2_000.0, 7: 5_000.0, 2: 20_000.0}
"""Days before now, and the side of a square cloud in the middle, metres."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sky")
    write_overpass(folder, days_ago(240))
    for days, side_m in CLOUDY.items():
        write_overpass(folder, days_ago(days), cloudy=a_square(side_m))
    return folder


@pytest.fixture(scope="module")
def running_hub(folder: Path) -> Iterator[tuple[Hub, str]]:
    with a_hub(folder) as (hub, trusted):
        yield hub, trusted


def test_the_share_is_that_of_the_pixels_that_a_fetch_would_give(
    source: SentinelHub, folder: Path
) -> None:
    of_folder = Folder(folder, now=lambda: NOW)
    fine = AOI.blocks.at(20)
    expected = [
        of_folder.read(scene, fine, ["nir08"]).clear.mean() for scene in of_folder.search(AOI, YEAR)
    ]

    sky = clear_sky(source, sky_question(source, AOI, YEAR))

    assert [day.day for day in sky.days] == [
        days_ago(n).date() for n in (240, 150, 7, 2)
    ]  # fmt: skip
    assert all(day.measured_fraction == 1.0 for day in sky.days)
    # 2,601 pixels of 160 m instead of 166,464 of 20 m: a pixel's width of each cloud's rim.
    for day, share in zip(sky.days, expected, strict=True):
        assert day.clear_fraction == pytest.approx(share, abs=0.03)
    assert sky.days[0].clear_fraction == 1.0
    assert sky.days[-1].clear_fraction == 0.0
    assert (sky.since, sky.until, sky.lost_days) == (date(2023, 5, 21), date(2024, 5, 20), 0)


def test_units_are_estimated_before_and_entered_as_the_service_counts_them_after(
    hub: Hub, source: SentinelHub
) -> None:
    hub.spent_units = BY_RULE

    question = sky_question(source, AOI, YEAR)
    assert source.ledger.spent(NOW) == 0.0
    sky = clear_sky(source, question)

    # Overpasses in three of four quarters, one request each, no less than a hundredth of a unit.
    assert len(hub.asked("/statistics")) == 3
    assert question.units == pytest.approx(0.03)
    assert sky.units == pytest.approx(0.03)
    assert source.ledger.spent(NOW) == pytest.approx(0.03)


def test_a_year_over_ten_kilometres_costs_a_two_hundredth_of_fetching_its_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures of docs/how-to/providers.md, as the ledger has them."""
    area = an_aoi(geometry=a_square(10_000))
    written = write_overpass(tmp_path / "year", days_ago(1), aoi=area)
    every = timedelta(days=365) / 82
    for place in range(1, 82):
        item = json.loads(written.read_text())
        taken = days_ago(1) - place * every
        item["id"] = f"S2B_TEST_{place:02d}"
        item["properties"] |= {"datetime": f"{taken:%Y-%m-%dT%H:%M:%SZ}"}
        written.with_name(f"{place:02d}.json").write_text(json.dumps(item))
    with a_hub(tmp_path / "year") as (hub, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        as_new(hub)
        hub.spent_units = BY_RULE
        source = source_of(hub, tmp_path)
        # The stub runs the script on 640,000 pixels of the image that is fetched.
        source = replace(source, web=replace(source.web, silence_s=60, total_s=200))

        sky = clear_sky(source, sky_question(source, area, YEAR))
        counted = source.ledger.spent(NOW)
        source.read(source.search(area, YEAR)[0], area.blocks.at(20), ())
        fetched = source.ledger.spent(NOW) - counted

    assert (len(sky.days), sky.pixel_m) == (82, 320.0)
    # 82 days of a hundredth of the area and a third of the bands of a unit.
    assert counted == sky.units == pytest.approx(82 * 0.01 / 3, abs=1e-4)
    # Of one day: 800 x 804 pixels of 20 m of one band.
    assert fetched == pytest.approx(800 * 804 / 262_144 / 3, abs=1e-4)
    assert 82 * fetched / counted > 240


def test_a_budget_that_does_not_cover_it_stops_before_asking(hub: Hub, source: SentinelHub) -> None:
    source.ledger.record(9.98, "earlier", NOW, estimated=False)
    question = sky_question(source, AOI, YEAR)

    with pytest.raises(SourceUnavailable, match="monthly budget of 10 processing units"):
        clear_sky(source, question)
    assert hub.asked("/statistics") == []


def test_what_was_answered_before_a_fault_is_not_paid_again(
    hub: Hub, source: SentinelHub, tmp_path: Path
) -> None:
    source = replace(source, cache=Cache(tmp_path / "cache"))
    hub.spent_units = BY_RULE
    question = sky_question(source, AOI, YEAR)
    hub.server.fail("/statistics", lambda _, usual: usual, Reply(503), Reply(503))

    with pytest.raises(SourceUnavailable, match="503"):
        clear_sky(source, question)
    assert source.ledger.spent(NOW) == pytest.approx(0.01)
    sky = clear_sky(source, question)

    assert len(sky.days) == 4
    assert sky.units == pytest.approx(0.02)
    assert source.ledger.spent(NOW) == pytest.approx(0.03)
    # Nothing is left to pay for, so that an empty budget is none of its business.
    source.ledger.record(10, "elsewhere", NOW, estimated=False)
    assert clear_sky(source, question).units == 0.0


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        pytest.param(Reply(429), SourceUnavailable, "429", id="429"),
        pytest.param(Reply(429, headers={"Retry-After": "3600000"}), SourceUnavailable, "429",
                     id="429 in an hour"),
        pytest.param(Reply(500), SourceUnavailable, "500", id="500"),
        pytest.param(Reply(reset=True), SourceUnavailable, "statistics", id="reset"),
        pytest.param(Reply(silent_after=-1), SourceUnavailable, "no answer for 2 s", id="hang"),
        pytest.param(Reply(200, b"{" * 9, silent_after=3), SourceUnavailable, "no answer",
                     id="hang mid-body"),
        pytest.param(page(), SourceUnavailable, "a web page", id="HTML with status 200"),
        pytest.param(told({"error": "x"}, 400), SourceRefused, "400", id="400"),
        pytest.param(told({"error": "no units"}, 403), SourceRefused, "403", id="403"),
    ],
)  # fmt: skip
def test_a_fault_of_the_service_is_an_error_and_no_sky(
    hub: Hub, source: SentinelHub, tmp_path: Path, fault: Reply, kind: type[SourceError], words: str
) -> None:
    source = replace(source, cache=Cache(tmp_path / "cache"))
    question = sky_question(source, AOI, YEAR)
    hub.server.fail("/statistics", fault, times=2)

    with pytest.raises(kind, match=words):
        clear_sky(source, question)

    hub.server.faults = []
    assert not (tmp_path / "cache").exists()
    assert len(clear_sky(source, question).days) == 4


def test_an_answer_that_cannot_be_read_is_paid_for_all_the_same(
    hub: Hub, source: SentinelHub
) -> None:
    odd = told({"data": 3}, 200, **{"x-processingunits-spent": "0.02"})
    hub.server.fail("/statistics", odd)
    question = sky_question(source, AOI, YEAR)

    with pytest.raises(SourceUnavailable, match="cannot be read"):
        clear_sky(source, question)

    assert source.ledger.spent(NOW) == 0.02


def test_days_that_the_service_lost_are_told_and_asked_for_again(
    hub: Hub, source: SentinelHub, tmp_path: Path
) -> None:
    source = replace(source, cache=Cache(tmp_path / "cache"))
    lost = {"interval": {"from": "2024-05-13T00:00:00Z"}, "error": {"type": "TIMEOUT"}}
    question = sky_question(source, AOI, Interval.ending(MIDNIGHT, timedelta(days=30)))
    hub.server.fail("/statistics", told({"data": [lost], "status": "PARTIAL"}))

    assert clear_sky(source, question).lost_days == 1
    assert clear_sky(source, question).lost_days == 0


def test_a_span_without_an_overpass_is_refused_and_not_a_clear_sky(source: SentinelHub) -> None:
    before = Interval(datetime(2014, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC))

    with pytest.raises(SourceRefused, match="lists no overpass"):
        sky_question(source, AOI, before)


def test_the_provider_sees_the_window_only_if_it_is_to_see_no_more(
    hub: Hub, source: SentinelHub
) -> None:
    elsewhere = an_aoi(geometry=a_square(2_000, east_m=1_500, north_m=-2_000))
    for aoi in (AOI, elsewhere):
        clear_sky(source, sky_question(source, aoi, YEAR, whole_tiles=True))

    asked = [one.json() for one in (*hub.asked("/search"), *hub.asked("/statistics"))]
    half = len(asked) // 2
    bounds = [one.get("bbox") or one["input"]["bounds"]["bbox"] for one in asked]
    assert half >= 2
    assert len({tuple(box) for box in bounds}) == 2
