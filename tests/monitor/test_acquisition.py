from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.acquisition import Acquisition, acquisitions, alternatives, wanted
from monitor.reduction import look_id_of
from monitor.scene import Sensor
from tests.builders import a_square, an_aoi, days_ago
from tests.monitor.values import a_scene, an_archived_look

FIRST = days_ago(2)
AREA = an_aoi()
MOMENTS_LATER = FIRST + timedelta(seconds=30)


def test_tiles_of_one_overpass_are_one_acquisition() -> None:
    tiles = [a_scene(scene_id="b", acquired_at=MOMENTS_LATER), a_scene(scene_id="a")]

    (one,) = acquisitions(tiles)

    assert one.scene_ids == ("a", "b")
    assert one.acquired_at == FIRST


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"acquired_at": FIRST + timedelta(minutes=11)}, id="later"),
        pytest.param({"relative_orbit": 136}, id="of another orbit"),
        pytest.param({"platform": "sentinel-2a"}, id="of another satellite"),
    ],
)
def test_scenes_of_two_overpasses_are_never_mixed(other: dict[str, object]) -> None:
    assert len(acquisitions([a_scene(scene_id="a"), a_scene(scene_id="b", **other)])) == 2


def test_an_acquisition_is_available_when_its_last_tile_is() -> None:
    late = a_scene(scene_id="b", available_at=days_ago(1))

    assert Acquisition((a_scene(), late)).available_at == days_ago(1)


def test_one_overpass_in_two_catalogues_is_read_once_from_the_preferred() -> None:
    here = acquisitions([a_scene()])
    there = acquisitions([a_scene(scene_id="x", provider="stac", acquired_at=MOMENTS_LATER)])

    (overpass,) = alternatives([here, there])

    assert [one.provider for one in overpass] == ["folder", "stac"]


def test_landsat_and_sentinel_at_one_time_are_two_overpasses() -> None:
    landsat = a_scene(scene_id="L8", provider="stac", sensor=Sensor.LANDSAT)

    assert len(alternatives([acquisitions([a_scene()]), acquisitions([landsat])])) == 2


def test_what_is_new_is_wanted_from_every_provider_in_turn() -> None:
    overpass = [Acquisition((a_scene(),)), Acquisition((a_scene(provider="stac"),))]

    assert wanted(AREA, overpass, None) == overpass


def test_what_is_archived_is_not_wanted_again() -> None:
    known = an_archived_look(look_id=look_id_of("sd-test", [a_scene()], AREA.blocks))

    assert wanted(AREA, [Acquisition((a_scene(),))], known) == []


def test_a_scene_processed_again_is_wanted() -> None:
    known = an_archived_look(look_id=look_id_of("sd-test", [a_scene()], AREA.blocks))
    again = Acquisition((a_scene(processing_baseline="05.11"),))

    assert wanted(AREA, [again], known) == [again]


def test_another_providers_version_of_what_is_archived_is_no_news() -> None:
    known = an_archived_look(
        look_id=look_id_of("sd-test", [a_scene()], AREA.blocks), provider="folder"
    )
    elsewhere = Acquisition((a_scene(scene_id="x", provider="stac"),))

    assert wanted(AREA, [elsewhere], known) == []


def test_what_is_archived_is_wanted_again_for_an_area_that_was_drawn_anew() -> None:
    known = an_archived_look(look_id=look_id_of("sd-test", [a_scene()], AREA.blocks))
    redrawn = an_aoi(geometry=a_square(3_000))

    assert wanted(redrawn, [Acquisition((a_scene(),))], known) != []
