from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.catalogue import SourceFailure, known_hotspots, listing
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.observation import Observation
from monitor.ports import SearchProblem
from monitor.scene import Hotspot, Scene, Sensor
from tests.builders import NOW, an_aoi, days_ago
from tests.monitor.values import a_scene

MONTH = Interval(days_ago(30), NOW)


@dataclass(frozen=True)
class Shelf:
    """A catalogue whose content is given."""

    name: str
    scenes: tuple[Scene, ...] = ()
    fault: SourceError | None = None
    unusable: tuple[SearchProblem, ...] = field(default=())

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        if self.fault is not None:
            raise self.fault
        return list(self.scenes)

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        return list(self.unusable)

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        raise AssertionError("a listing reads no pixels")


@dataclass(frozen=True)
class Fires:
    """A hotspot provider whose content is given."""

    name: str
    found: tuple[Hotspot, ...] = ()
    fault: SourceError | None = None

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        if self.fault is not None:
            raise self.fault
        return list(self.found)


def a_hotspot(days: float, known_days: float) -> Hotspot:
    return Hotspot(
        longitude=27.3,
        latitude=13.6,
        acquired_at=days_ago(days),
        satellite="N",
        instrument="VIIRS",
        confidence="nominal",
        frp_mw=4.0,
        brightness_k=330.0,
        scan_km=0.4,
        track_km=0.4,
        is_night=True,
        available_at=days_ago(known_days),
    )


def test_one_silent_source_does_not_silence_the_others() -> None:
    down = Shelf("stac", fault=SourceUnavailable("503", hint="wait"))

    listed = listing([down, Shelf("folder", (a_scene(),))], an_aoi(), MONTH, NOW)

    assert listed.answered
    assert len(listed.overpasses) == 1
    assert [(one.source, one.reason, one.temporary) for one in listed.failures] == [
        ("stac", "503", True)
    ]


def test_no_answer_at_all_is_not_an_empty_list() -> None:
    refused = Shelf("stac", fault=SourceRefused("no such collection"))

    listed = listing([refused], an_aoi(), MONTH, NOW)

    assert not listed.answered
    assert not listed.failures[0].temporary


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(a_scene(available_at=NOW.replace(hour=13)), id="available later"),
        pytest.param(a_scene(sensor=Sensor.SENTINEL_1), id="radar"),
    ],
)
def test_what_a_run_cannot_use_yet_is_left_out(scene: Scene) -> None:
    assert listing([Shelf("folder", (scene,))], an_aoi(), MONTH, NOW).overpasses == ()


def test_entries_that_are_no_scenes_are_told() -> None:
    bad = SearchProblem("bad.json", "it has no datetime")

    assert listing([Shelf("folder", unusable=(bad,))], an_aoi(), MONTH, NOW).problems == (bad,)


def test_hotspots_come_oldest_first_and_only_those_known_by_now() -> None:
    fires = Fires("firms", (a_hotspot(1, 0.9), a_hotspot(3, 2.9), a_hotspot(0.1, -0.2)))
    down = Fires("other", fault=SourceUnavailable("503"))

    found, failures = known_hotspots([fires, down], an_aoi(), MONTH, NOW)

    assert [hotspot.acquired_at for hotspot in found] == [days_ago(3), days_ago(1)]
    assert [one.source for one in failures] == ["other"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        pytest.param("status 503", "stac: status 503", id="who it was is put before"),
        pytest.param("stac, catalogue: status 503", "stac, catalogue: status 503", id="once"),
    ],
)
def test_a_failure_names_its_source_once(reason: str, told: str) -> None:
    assert str(SourceFailure("stac", reason, "wait", temporary=True)) == told
