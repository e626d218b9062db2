"""Providers that fail: who is asked next, and when they are tried again."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine as Database

from aoi.interval import Interval
from aoi.registry import AoiRegistry
from monitor.calibration import shipped_calibration
from monitor.coverage import CoverageState
from monitor.detectors.burn import BurnSettings
from monitor.engine import SerialEngine
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.pipeline import AreaRun, Pipeline, PipelineSettings
from monitor.run import Outcome
from monitor.scene import Asset
from monitor.sources.breaker import BreakerState
from monitor.sources.firms import Firms
from monitor.sources.guarded import Guard, Guarded, breakers_of, guarded, guarded_hotspots
from monitor.sources.stac import Stac
from monitor.sources.web import WebSettings
from monitor.store import MonitorStore
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.catalogues import items_in, list_items
from tests.monitor.sources.servers import Reply, Server, running

QUICK = WebSettings(connect_s=0.3, silence_s=0.3, total_s=5, tries=1, first_wait_s=0.001)
DAY = timedelta(days=1)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def failing(calls: list[int]) -> Callable[[], str]:
    def ask() -> str:
        calls.append(1)
        raise SourceUnavailable("catalogue: status 503")

    return ask


def test_a_provider_that_does_not_answer_is_left_alone_for_a_while(tmp_path: Path) -> None:
    clock, calls = Clock(), list[int]()
    guard = Guard("earth-search", tmp_path, now=clock)

    for _ in range(5):
        with pytest.raises(SourceUnavailable) as caught:
            guard.call(failing(calls))

    assert len(calls) == 3
    assert "earth-search is not asked until 2024-05-20T12:05Z" in caught.value.message
    assert "status 503" in caught.value.message

    clock.now += timedelta(minutes=5)
    assert guard.call(lambda: "fine") == "fine"
    assert guard.breaker.state(clock.now) is BreakerState.CLOSED


def test_all_processes_know_of_the_pause(tmp_path: Path) -> None:
    calls = list[int]()
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            Guard("earth-search", tmp_path, now=Clock()).call(failing(calls))

    with pytest.raises(SourceUnavailable, match="not asked until"):
        Guard("earth-search", tmp_path, now=Clock()).call(lambda: "fine")
    assert Guard("cdse", tmp_path, now=Clock()).call(lambda: "fine") == "fine"


def test_a_refusal_says_nothing_of_the_next_request(tmp_path: Path) -> None:
    guard = Guard("earth-search", tmp_path, now=Clock())

    def refuse() -> str:
        raise SourceRefused("raster B04.tif is damaged")

    for _ in range(9):
        with pytest.raises(SourceRefused, match="damaged"):
            guard.call(refuse)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "garbage", "[]"])
def test_a_damaged_state_is_that_of_a_provider_that_works(tmp_path: Path, text: str) -> None:
    (tmp_path / "earth-search.json").write_text(text)

    assert Guard("earth-search", tmp_path, now=Clock()).call(lambda: "fine") == "fine"


def test_a_disk_that_takes_nothing_costs_the_pause_alone(tmp_path: Path) -> None:
    in_the_way = tmp_path / "providers"
    in_the_way.write_text("")

    with pytest.raises(SourceUnavailable, match="503"):
        Guard("earth-search", in_the_way, now=Clock()).call(failing([]))


def test_hotspots_are_guarded_too(tmp_path: Path) -> None:
    with running() as server:
        server.fail("", Reply(500), times=9)
        key = SecretStr("k")
        source = guarded_hotspots(Firms(server.url, key, ("VIIRS_SNPP_NRT",), QUICK), tmp_path)
        span = Interval(days_ago(1), NOW)
        for _ in range(5):
            with pytest.raises(SourceUnavailable):
                source.hotspots(an_aoi(), span)

    assert source.name == "firms"
    assert len(server.log) == 3


def test_a_guarded_source_goes_to_other_processes(tmp_path: Path) -> None:
    source = guarded(Stac("cdse", "https://stac.example", ("sentinel-2-l2a",)), tmp_path)

    assert pickle.loads(pickle.dumps(source)) == source


@dataclass
class House:
    """A pipeline over two catalogues of the same scenes, `first` and `second`."""

    registry: AoiRegistry
    store: MonitorStore
    folder: Path
    first: Server
    second: Server
    clock: Clock = field(default_factory=Clock)

    def run(self, *names: str) -> AreaRun:
        (done,) = self.run_all(*names)
        return done

    def run_all(self, *names: str) -> list[AreaRun]:
        sources = [self.source(name) for name in names or ("first", "second")]
        settings = PipelineSettings(self.folder / "state", BurnSettings(), shipped_calibration())
        pipeline = Pipeline(self.registry, self.store, SerialEngine(), sources, [], settings)
        return pipeline.run_due(self.clock.now)

    def source(self, name: str) -> Guarded:
        url = {"first": self.first, "second": self.second}[name].url
        stac = Stac(name, url, ("sentinel-2-l2a",), web=QUICK, now=self.clock)
        return Guarded(stac, Guard(name, self.folder / "providers", now=self.clock))

    def coverage(self) -> dict[int, CoverageState]:
        """Return the state of each of the last days, by how many days ago."""
        today = self.clock.now.date()
        days = self.store.coverage("sd-test", since=today - 20 * DAY, until=today)
        return {(today - entry.day).days: entry.state for entry in days}


@pytest.fixture
def house(db: Database, tmp_path: Path) -> Iterator[House]:
    imagery = tmp_path / "imagery"
    for days in (12, 7, 2):
        write_overpass(imagery, days_ago(days))
    registry = AoiRegistry(db)
    registry.add(an_aoi(), days_ago(100))
    registry.add_settlements("sd-test", [a_settlement()], days_ago(100))
    with running(imagery) as first, running(imagery) as second:
        for server in (first, second):
            list_items(server, items_in(imagery, server.url))
        yield House(registry, MonitorStore(db), tmp_path, first, second)


def test_the_preferred_catalogue_is_read_and_recorded(house: House) -> None:
    done = house.run()

    assert done.run.outcome is Outcome.COMPLETED
    assert {look.provider for look in house.store.looks("sd-test")} == {"first"}
    assert house.second.paths(".tif") == []


def test_a_catalogue_that_is_down_is_replaced_by_the_next(house: House) -> None:
    house.first.fail("", Reply(503), times=99)

    done = house.run()

    assert done.run.outcome is Outcome.COMPLETED
    assert {look.provider for look in house.store.looks("sd-test")} == {"second"}
    assert "first did not answer" in done.run.reason


def test_a_file_that_is_gone_is_read_from_the_other_catalogue(house: House) -> None:
    house.first.fail("S2B_TEST_20240518", Reply(404), times=99)

    house.run()

    providers = {look.acquired_at.day: look.provider for look in house.store.looks("sd-test")}
    assert providers == {8: "first", 13: "first", 18: "second"}


def test_a_provider_that_fails_on_every_file_is_soon_left_alone(house: House) -> None:
    house.first.fail(".tif", Reply(503), times=999)

    house.run()

    assert {look.provider for look in house.store.looks("sd-test")} == {"second"}
    [of_store] = breakers_of("first", house.folder / "providers")
    assert of_store.state(NOW) is BreakerState.OPEN


def test_a_store_that_is_down_for_many_areas_costs_three_time_outs(house: House) -> None:
    """Each area's search is answered, which must not make its files be tried again."""
    for number in range(6):
        shifted = a_square(2_000, east_m=100.0 * (number + 1))
        house.registry.add(an_aoi(aoi_id=f"sd-{number}", geometry=shifted), NOW)
    house.first.fail(".tif", Reply(503), times=999)

    house.run_all("first")

    assert len(house.first.paths("/search")) == 7
    heads = [asked for asked in house.first.log if asked.path.endswith(".tif")]
    # A scene is given up at its first file that fails; the others of it are on their way.
    assert len({asked.path.split("/")[1] for asked in heads}) <= 3
    down = house.store.coverage("sd-5", since=NOW.date() - 3 * DAY, until=NOW.date())
    told = {(NOW.date() - entry.day).days: entry for entry in down}
    assert told[2].state is CoverageState.ERROR
    assert "first 127.0.0.1 is not asked until" in told[2].reason


def test_two_stores_of_one_catalogue_fail_by_themselves(house: House) -> None:
    source = house.source("first")
    scene = source.search(an_aoi(), Interval(days_ago(3), NOW))[0]
    elsewhere = replace(
        scene,
        assets={"nir08": Asset("https://other.example/nir08.tif")},
    )

    assert source.guard_of(scene).name == "first 127.0.0.1"
    assert source.guard_of(elsewhere).name == "first other.example"
    assert source.guard_of(replace(scene, assets={"scl": Asset("hub:SCL")})).name == "first files"


def test_a_week_without_any_provider_is_told_day_by_day_and_made_up_for(house: House) -> None:
    house.clock.now = NOW - 8 * DAY
    house.run("first")
    house.first.fail("", Reply(503), times=9999)
    for days in range(7, 0, -1):
        house.clock.now = NOW - days * DAY
        done = house.run("first")
        assert done.run.outcome is Outcome.FAILED
        assert "503" in done.run.reason or "not asked until" in done.run.reason
    down = house.coverage()
    assert {down[days] for days in range(6)} == {CoverageState.PROVIDER_DOWN}

    house.first.faults = []
    house.clock.now = NOW
    done = house.run("first")

    assert done.run.outcome is Outcome.COMPLETED
    assert len(done.run.look_ids) == 2
    healed = house.coverage()
    assert healed[2] is healed[7] is CoverageState.SEEN
    assert CoverageState.PROVIDER_DOWN not in healed.values()
