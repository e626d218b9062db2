from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import rasterio
from sqlalchemy import Engine as Database

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from monitor.archive import load_chip, load_look
from monitor.calibration import shipped_calibration
from monitor.coverage import CoverageDay, CoverageState
from monitor.detectors.burn import BurnSettings
from monitor.engine import LocalEngine, SerialEngine
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.finding import Finding, FindingKind, SensorFamily, Tier
from monitor.observation import Observation
from monitor.pipeline import AreaRun, Pipeline, PipelineSettings
from monitor.ports import Engine, ImagerySource, SearchProblem
from monitor.reading import Verdict
from monitor.run import Outcome
from monitor.scene import Scene
from monitor.sources.folder import Folder
from monitor.store import MonitorStore
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass

BEFORE_DAYS = (22, 17, 12)
AFTER_DAYS = (7, 2)
FIRE = a_square(300)

# An interval holds its start and not its end: the first look with the sign is inside.
BETWEEN = Interval(days_ago(12), days_ago(7) + timedelta(seconds=1))


@dataclass(frozen=True)
class Unreliable:
    """A folder that fails in one way for one area, or in reading."""

    folder: Folder
    name: str = "unreliable"
    search_fails_for: str = ""
    bug_for: str = ""
    read_fails: bool = False

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        if aoi.aoi_id == self.search_fails_for:
            raise SourceUnavailable("the catalogue answers 503", hint="wait")
        if aoi.aoi_id == self.bug_for:
            raise ZeroDivisionError("a bug that nobody thought of")
        found = self.folder.search(aoi, interval)
        return [replace(scene, provider=self.name) for scene in found]

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        return []

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        if self.read_fails:
            raise SourceRefused("the object store denies access", hint="check the key")
        return self.folder.read(scene, grid, bands)


class House:
    """A registry, a store and a pipeline over a folder of imagery."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.registry = AoiRegistry(database)
        self.store = MonitorStore(database)
        self.imagery = folder / "imagery"
        self.imagery.mkdir()
        self.state = folder / "state"
        self.registry.add(an_aoi(), days_ago(100))
        self.registry.add_settlements("sd-test", [a_settlement()], days_ago(100))

    def run(
        self,
        now: datetime = NOW,
        *,
        engine: Engine | None = None,
        sources: Sequence[ImagerySource] = (),
    ) -> list[AreaRun]:
        pipeline = Pipeline(
            self.registry,
            self.store,
            engine or SerialEngine(),
            sources or [Folder(self.imagery)],
            [],
            PipelineSettings(self.state, BurnSettings(), shipped_calibration()),
        )
        return pipeline.run_due(now)

    def fire(self) -> None:
        for days in BEFORE_DAYS:
            write_overpass(self.imagery, days_ago(days))
        for days in AFTER_DAYS:
            write_overpass(self.imagery, days_ago(days), burnt=FIRE)

    def coverage(self, day: date) -> CoverageDay:
        (found,) = self.store.coverage("sd-test", since=day, until=day)
        return found


@pytest.fixture
def house(db: Database, tmp_path: Path) -> House:
    return House(db, tmp_path)


def test_a_fire_between_two_overpasses_is_found_in_the_interval_between_them(house: House) -> None:
    house.fire()

    (done,) = house.run()

    assert done.run.outcome is Outcome.COMPLETED
    assert done.could_see
    finding = _only_finding(house)
    assert finding.settlement_id == "sd-test-0001"
    assert finding.happened == BETWEEN
    assert finding.known_at == NOW


def test_a_finding_keeps_unstretched_pixels_of_before_and_after(house: House) -> None:
    house.fire()

    house.run()

    chips = {chip.role: chip for chip in _only_finding(house).chips}
    assert chips["before"].acquired_at == days_ago(12)
    assert chips["after"].acquired_at == days_ago(2)
    before = load_chip(house.state / chips["before"].path)
    # 400 m of village and 1,500 m on each side, at 10 m, edges rounded outwards.
    assert 340 <= before.grid.width <= 345
    assert before.grid.resolution_m == 10


def test_each_look_is_archived_with_its_digest_and_opens_as_what_was_scored(house: House) -> None:
    house.fire()

    house.run()

    looks = house.store.looks("sd-test")
    assert [look.acquired_at for look in looks] == [days_ago(d) for d in BEFORE_DAYS + AFTER_DAYS]
    assert load_look(house.state / looks[0].path).look_id == looks[0].look_id


def test_running_again_reads_nothing_twice_and_finds_nothing_new(house: House) -> None:
    house.fire()
    house.run()

    (done,) = house.run(NOW + timedelta(days=1))

    assert done.run.outcome is Outcome.NO_IMAGERY
    assert done.run.reason == f"nothing new since the acquisition of {days_ago(2):%Y-%m-%d}"
    assert done.could_see
    assert len(house.store.unabsorbed_findings()) == 1
    assert len(house.store.looks("sd-test")) == 5


def test_an_area_that_is_not_due_is_left_alone(house: House) -> None:
    house.fire()
    house.run()

    assert house.run(NOW + timedelta(hours=1)) == []


@pytest.mark.slow
def test_a_pool_of_processes_finds_the_same(house: House) -> None:
    house.fire()
    engine = LocalEngine(2)

    (done,) = house.run(engine=engine)
    engine.close()

    assert done.run.outcome is Outcome.COMPLETED
    assert _only_finding(house).happened == BETWEEN


def test_looks_come_one_by_one_or_at_once_and_say_the_same(
    house: House, db: Database, tmp_path: Path
) -> None:
    house.fire()
    for days in (11, 6, 1):
        house.run(days_ago(days))

    found = house.store.findings()
    assert found[-1].happened == BETWEEN
    assert found[-1].known_at == days_ago(1)


def test_a_scene_that_is_not_available_yet_is_not_read(house: House) -> None:
    write_overpass(house.imagery, days_ago(1), available_after=timedelta(days=2))

    (today,) = house.run()
    (tomorrow,) = house.run(NOW + timedelta(days=1))

    assert today.run.outcome is Outcome.NO_IMAGERY
    assert tomorrow.run.outcome is Outcome.COMPLETED


def test_a_broken_scene_is_an_error_of_its_day_and_stops_no_other(house: House) -> None:
    house.fire()
    broken = write_overpass(house.imagery, days_ago(4))
    red = broken.parent / "red.tif"
    red.write_bytes(red.read_bytes()[:1000])

    (done,) = house.run()

    assert done.run.outcome is Outcome.COMPLETED
    assert "1 scene could not be read" in done.run.reason
    assert not done.could_see
    day = house.coverage(days_ago(4).date())
    assert day.state is CoverageState.ERROR
    assert "red" in day.reason
    assert [problem.scene_id for problem in house.store.problems("sd-test")] == [broken.stem]
    assert len(house.store.unabsorbed_findings()) == 1


def test_a_broken_scene_alone_is_a_failure_and_never_no_imagery(house: House) -> None:
    broken = write_overpass(house.imagery, days_ago(4))
    (broken.parent / "nir08.tif").unlink()

    (done,) = house.run()

    assert done.run.outcome is Outcome.FAILED
    assert "nir08" in done.run.reason


def test_a_broken_scene_is_read_once_it_was_mended(house: House) -> None:
    broken = write_overpass(house.imagery, days_ago(4))
    good = (broken.parent / "red.tif").read_bytes()
    (broken.parent / "red.tif").write_bytes(good[:500])
    house.run()

    (broken.parent / "red.tif").write_bytes(good)
    (done,) = house.run(NOW + timedelta(days=1))

    assert done.run.outcome is Outcome.COMPLETED
    assert house.coverage(days_ago(4).date()).state is CoverageState.SEEN


def test_a_silent_provider_is_not_an_empty_catalogue(house: House) -> None:
    source = Unreliable(Folder(house.imagery), search_fails_for="sd-test")

    (done,) = house.run(sources=[source])

    assert done.run.outcome is Outcome.FAILED
    assert done.run.reason == "unreliable: the catalogue answers 503"
    assert house.coverage(NOW.date()).state is CoverageState.PROVIDER_DOWN


def test_an_outage_is_made_up_for_however_long_it_was(house: House) -> None:
    house.run(days_ago(60))
    down = Unreliable(Folder(house.imagery), search_fails_for="sd-test")
    for days in range(59, 0, -1):
        house.run(days_ago(days), sources=[down])
    write_overpass(house.imagery, days_ago(50))

    house.run()

    assert house.coverage(days_ago(50).date()).state is CoverageState.SEEN
    assert house.coverage(days_ago(49).date()).state is CoverageState.NO_ACQUISITION


def test_a_bug_in_one_area_is_a_failed_run_and_the_others_go_on(house: House) -> None:
    house.fire()
    other = an_aoi(aoi_id="sd-other", name="Other", geometry=a_square(2_000, east_m=200))
    house.registry.add(other, days_ago(100))
    source = Unreliable(Folder(house.imagery), bug_for="sd-other")

    runs = {one.run.aoi_id: one for one in house.run(sources=[source])}

    assert runs["sd-other"].run.outcome is Outcome.FAILED
    assert "ZeroDivisionError" in runs["sd-other"].run.reason
    assert runs["sd-test"].run.outcome is Outcome.COMPLETED


def test_the_next_provider_gives_what_the_preferred_one_cannot(house: House) -> None:
    house.fire()
    broken = Unreliable(Folder(house.imagery), name="preferred", read_fails=True)
    whole = Unreliable(Folder(house.imagery), name="second")

    (done,) = house.run(sources=[broken, whole])

    assert len(done.run.look_ids) == 5
    assert done.could_see
    assert {look.provider for look in house.store.looks("sd-test")} == {"second"}


def test_a_look_that_cannot_be_compared_is_tried_again_and_not_forgotten(house: House) -> None:
    for days in BEFORE_DAYS:
        write_overpass(house.imagery, days_ago(days))
    house.run(days_ago(11))
    kept = house.state / house.store.looks("sd-test")[-1].path
    good = kept.read_bytes()
    kept.write_bytes(good[:500])
    write_overpass(house.imagery, days_ago(7))

    (damaged,) = house.run(days_ago(6))
    kept.write_bytes(good)
    (mended,) = house.run(days_ago(5))

    assert damaged.run.outcome is Outcome.FAILED
    assert "cannot read the look" in damaged.run.reason
    assert mended.run.outcome is Outcome.COMPLETED
    assert len(house.store.readings("sd-test-0001", days_ago(8))) == 1


def test_a_late_scene_is_read_and_rewrites_nothing_that_was_said(house: House) -> None:
    house.fire()
    write_overpass(house.imagery, days_ago(4), available_after=timedelta(days=4.5))
    house.run()
    said = house.store.readings("sd-test-0001", days_ago(30))

    house.run(NOW + timedelta(days=1))

    later = house.store.readings("sd-test-0001", days_ago(30))
    assert [one for one in later if one.known_at == NOW] == said
    (late,) = [one for one in later if one.known_at > NOW]
    assert late.acquired_at == days_ago(4)


def test_a_reprocessed_scene_replaces_its_look_and_counts_once(house: House) -> None:
    house.fire()
    house.run()
    scene_id = f"S2B_TEST_{days_ago(2):%Y%m%dT%H%M%S}"
    write_overpass(
        house.imagery,
        days_ago(2),
        scene_id=scene_id,
        properties={"s2:processing_baseline": "03.02"},
    )

    house.run(NOW + timedelta(days=1))

    assert len(house.store.looks("sd-test")) == 5
    assert len(house.store.looks("sd-test", superseded=True)) == 6
    latest = house.store.readings("sd-test-0001", days_ago(3))
    assert [one.verdict for one in latest] == [Verdict.QUIET]


def test_a_day_under_cloud_is_cloudy_and_no_all_clear(house: House) -> None:
    write_overpass(house.imagery, days_ago(2), cloudy=a_square(9_000))

    (done,) = house.run()

    assert done.run.outcome is Outcome.TOO_CLOUDY
    assert not done.could_see
    assert house.coverage(days_ago(2).date()).state is CoverageState.CLOUDY


def test_the_clouds_of_the_area_decide_and_not_those_of_the_scene(house: House) -> None:
    # 98 % of the scene may be white: the area is 2 km in the middle of 8 km.
    white = a_square(9_000).difference(a_square(2_600))
    write_overpass(house.imagery, days_ago(2), cloudy=white, properties={"eo:cloud_cover": 98})

    (done,) = house.run()

    assert done.run.outcome is Outcome.COMPLETED
    assert house.coverage(days_ago(2).date()).state is CoverageState.SEEN


def test_an_area_that_is_drawn_anew_begins_anew(house: House) -> None:
    house.fire()
    house.run()
    bigger = an_aoi(geometry=a_square(2_600))
    house.registry.add(bigger, NOW, replace=True)

    (done,) = house.run(NOW + timedelta(days=1))

    assert len(done.run.look_ids) == 5
    assert _only_new_grid(house, bigger)
    assert house.store.findings()[-1].happened == BETWEEN


def _only_new_grid(house: House, area: Aoi) -> bool:
    latest = [look for look in house.store.looks("sd-test") if look.grid == str(area.blocks)]
    return all(load_look(house.state / look.path).blocks == area.blocks for look in latest)


def test_an_empty_catalogue_is_no_imagery_and_the_area_was_not_seen(house: House) -> None:
    (done,) = house.run()

    assert done.run.outcome is Outcome.NO_IMAGERY
    assert not done.could_see
    assert house.coverage(NOW.date()).state is CoverageState.NO_ACQUISITION


def test_an_item_without_a_date_is_told_and_not_dropped(house: House) -> None:
    item = write_overpass(house.imagery, days_ago(2))
    item.write_text(item.read_text().replace('"datetime"', '"date_time"'))

    (done,) = house.run()

    assert done.run.outcome is Outcome.FAILED
    assert "datetime" in done.run.reason


def _only_finding(house: House) -> Finding:
    (finding,) = house.store.unabsorbed_findings()
    return finding


def test_flames_at_the_pass_are_told_at_once(house: House) -> None:
    for days in (22, 17, 12):
        write_overpass(house.imagery, days_ago(days))
    place = write_overpass(house.imagery, days_ago(2)).parent
    for name, level in (("nir08", 3_000), ("swir16", 6_000), ("swir22", 9_000)):
        with rasterio.open(place / f"{name}.tif", "r+") as file:
            values = file.read(1)
            # The village is the middle of the scene: 400 m, 20 pixels of 20 m.
            middle = values.shape[0] // 2
            values[middle - 4 : middle + 4, middle - 4 : middle + 4] = level
            file.write(values, 1)

    house.run()

    told = [f for f in house.store.unabsorbed_findings() if f.kind is FindingKind.HOTSPOTS]
    (flames,) = told
    assert flames.evidence[0].family is SensorFamily.OPTICAL
    assert flames.tier is Tier.C
    assert flames.first_seen == days_ago(2)
