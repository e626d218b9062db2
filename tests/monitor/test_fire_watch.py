from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from aoi.area import Aoi
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from monitor.errors import SourceUnavailable
from monitor.finding import FindingKind, Tier
from monitor.fire_file import fire_path, read_seasons
from monitor.fire_watch import FireWatch, FireWatchSettings
from monitor.scene import Hotspot
from monitor.store import MonitorStore
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago
from tests.monitor.detectors.fires import a_fire

FIRE = (a_fire(hours=-16, satellite="N"), a_fire(hours=-4))


@dataclass
class Provider:
    """A provider of detections that remembers what it was asked."""

    fires: Sequence[Hotspot] = ()
    fails_before: datetime | None = None
    asked: list[Interval] = field(default_factory=list)
    name: str = "provider"

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        self.asked.append(interval)
        if self.fails_before is not None and interval.start < self.fails_before:
            raise SourceUnavailable("the service answers 503", hint="wait")
        return [h for h in self.fires if interval.contains(h.acquired_at)]


class House:
    def __init__(self, database: Database, folder: Path) -> None:
        self.registry = AoiRegistry(database)
        self.store = MonitorStore(database)
        self.folder = folder
        self.registry.add(an_aoi(), days_ago(100))
        self.registry.add_settlements("sd-test", [a_settlement()], days_ago(100))

    def watch(self, provider: Provider, now: datetime = NOW) -> FireWatch:
        settings = FireWatchSettings(self.folder)
        watch = FireWatch(self.registry, self.store, [provider], settings)
        watch.watch(now)
        return watch


@pytest.fixture
def house(db: Database, tmp_path: Path) -> House:
    return House(db, tmp_path)


def test_heat_at_a_village_is_a_finding_within_one_tick(house: House) -> None:
    house.watch(Provider(FIRE))

    last = house.store.unabsorbed_findings()[-1]
    assert last.kind is FindingKind.HOTSPOTS
    assert last.tier is Tier.C
    assert last.looks_agreeing == 2
    assert last.indicators["nth_burning"] == 1


def test_an_area_that_is_not_due_is_watched_all_the_same(house: House) -> None:
    house.registry.mark_run("sd-test", NOW)
    assert house.registry.due(NOW) == []

    house.watch(Provider(FIRE))

    assert house.store.unabsorbed_findings()


def test_a_second_tick_adds_nothing(house: House) -> None:
    house.watch(Provider(FIRE))
    first = house.store.unabsorbed_findings()

    house.watch(Provider(FIRE), NOW + timedelta(hours=1))

    assert house.store.unabsorbed_findings() == first


def test_what_nobody_could_know_yet_is_not_told(house: House) -> None:
    # A detection is available three hours after its overpass.
    house.watch(Provider([a_fire(hours=-2)]))

    assert house.store.unabsorbed_findings() == []


def test_a_paused_area_is_left_alone(house: House) -> None:
    house.registry.pause("sd-test", NOW)
    provider = Provider(FIRE)

    house.watch(provider)

    assert provider.asked == []


def test_an_area_that_asks_for_camps_only_is_left_alone(house: House) -> None:
    other = replace(an_aoi(aoi_id="camps"), geometry=a_square(2_000, east_m=30_000))
    house.registry.add(replace(other, detectors=("camp",)), NOW)
    provider = Provider()

    looks = FireWatch(
        house.registry, house.store, [provider], FireWatchSettings(house.folder)
    ).watch(NOW)

    assert [look.aoi_id for look in looks] == ["sd-test"]


def test_a_provider_that_fails_is_told_and_never_counts_as_no_fire(house: House) -> None:
    watch = house.watch(Provider(FIRE, fails_before=NOW))

    (look,) = watch.watch(NOW)

    assert look.failures[0].reason == "the service answers 503"
    assert read_seasons(house.folder, "sd-test") is None


def test_the_archive_is_read_once_as_far_back_as_it_goes(house: House) -> None:
    long_ago = [a_fire(hours=-24 * days) for days in (300, 600)]
    provider = Provider(long_ago)

    house.watch(provider)
    asked = len(provider.asked)
    house.watch(provider, NOW + timedelta(hours=1))

    seasons = read_seasons(house.folder, "sd-test")
    assert seasons is not None
    assert seasons.since == days_ago(600).date()
    assert seasons.through == days_ago(3).date()
    assert asked > 10
    assert len(provider.asked) == asked + 1


def test_an_archive_without_any_detection_is_not_asked_for_years(house: House) -> None:
    provider = Provider()

    house.watch(provider)

    # The week that is judged, and five parts of 73 days that held nothing.
    assert len(provider.asked) == 6


def test_an_archive_that_cannot_be_read_back_begins_where_answers_end(house: House) -> None:
    fires = [a_fire(hours=-24 * days) for days in (50, 300)]
    house.watch(Provider(fires, fails_before=days_ago(200)))

    seasons = read_seasons(house.folder, "sd-test")

    assert seasons is not None
    assert seasons.since == days_ago(50).date()


def test_each_day_is_counted_as_it_becomes_complete(house: House) -> None:
    provider = Provider([a_fire(hours=-24 * 30)])
    house.watch(provider)

    house.watch(provider, NOW + timedelta(days=40))

    seasons = read_seasons(house.folder, "sd-test")
    assert seasons is not None
    assert seasons.through == (NOW + timedelta(days=37)).date()
    # The outage of forty days was asked for, once.
    assert provider.asked[-1].start.date() == days_ago(2).date()
    # The fire of thirty days ago has left the quarantine.
    assert sum(seasons.near["sd-test-0001"].values()) == 1


def test_settlements_that_change_begin_a_new_archive(house: House) -> None:
    provider = Provider([a_fire(hours=-24 * 30)])
    house.watch(provider)
    asked = len(provider.asked)
    new = a_settlement(settlement_id="sd-test-0002", footprint=a_square(200, east_m=700))
    house.registry.add_settlements("sd-test", [new], NOW)

    house.watch(provider, NOW + timedelta(hours=1))

    assert len(provider.asked) > asked + 1


def test_a_damaged_archive_is_made_anew(house: House) -> None:
    house.watch(Provider(FIRE))
    fire_path(house.folder, "sd-test").write_text("{")

    house.watch(Provider(FIRE), NOW + timedelta(hours=1))

    assert read_seasons(house.folder, "sd-test") is not None
