from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from aoi.errors import GridMismatch
from aoi.grid import Grid
from monitor.looks import Look
from monitor.observation import Flag, Observation
from monitor.reduction import (
    block_sum_of,
    grain_of,
    look_id_of,
    look_of,
    merged,
    newest_of_each_tile,
    quantised,
    tile_of,
)
from monitor.scene import Scene, Sensor
from tests.builders import a_look, an_observation, days_ago
from tests.monitor.sources.test_scene_reader import a_scene

BLOCKS = Grid(32635, 540_000, 1_510_000, 40, 2, 3)
PIXELS = BLOCKS.at(20)


def red_observation(values: NDArray[Any], grid: Grid = PIXELS, **changes: Any) -> Observation:
    bands = {"red": np.asarray(values, np.float32)}
    return an_observation(grid, bands=bands, **changes)


def red_look(values: NDArray[Any], grid: Grid = PIXELS, **changes: Any) -> Look:
    return look_of("sd-test", BLOCKS, red_observation(values, grid, **changes), None, a_scene())


def flags(grid: Grid = PIXELS, **at: Flag) -> NDArray[np.uint16]:
    result = np.zeros(grid.shape, np.uint16)
    for name, flag in at.items():
        row, column = name[1:].split("_")
        result[int(row), int(column)] = flag
    return result


def test_a_block_is_the_mean_of_its_four_pixels() -> None:
    values = np.zeros((4, 6))
    values[:2, :2] = [[0.10, 0.20], [0.30, 0.42]]

    look = red_look(values)

    # (0.10 + 0.20 + 0.30 + 0.42) / 4
    assert look.bands["red"][0, 0] == np.float32(0.255)
    assert look.bands["red"][1, 2] == 0


def test_only_clear_pixels_count() -> None:
    values = np.full((4, 6), 0.2)
    values[0, 0] = 0.9

    look = red_look(values, flags=flags(p0_0=Flag.CLOUD))

    assert look.bands["red"][0, 0] == np.float32(0.2)
    assert look.clear_fraction[0, 0] == np.float32(0.75)
    assert look.valid[0, 0]
    assert look.flags[0, 0] == Flag.CLOUD


def test_half_a_block_is_not_valid() -> None:
    look = red_look(np.full((4, 6), 0.2), flags=flags(p0_0=Flag.SHADOW, p1_1=Flag.DILATED))

    assert look.clear_fraction[0, 0] == np.float32(0.5)
    assert not look.valid[0, 0]
    assert look.valid[0, 1]


def test_a_block_without_a_clear_pixel_has_no_value() -> None:
    observation_flags = np.zeros(PIXELS.shape, np.uint16)
    observation_flags[:2, :2] = Flag.NODATA

    look = red_look(np.full((4, 6), 0.2), flags=observation_flags)

    assert np.isnan(look.bands["red"][0, 0])
    assert look.clear_fraction[0, 0] == 0


def test_an_all_nodata_observation_is_a_look_that_saw_nothing() -> None:
    look = red_look(np.full((4, 6), np.nan))

    assert look.clear_fraction.max() == 0
    assert np.isnan(look.bands["red"]).all()


def test_water_and_missing_classification_stay_clear_and_flagged() -> None:
    observation_flags = np.full(PIXELS.shape, Flag.UNCLASSIFIED, np.uint16)
    observation_flags[0, 0] |= Flag.WATER

    look = red_look(np.full((4, 6), 0.2), flags=observation_flags)

    assert look.clear_fraction.min() == 1
    assert look.flags[0, 0] == Flag.UNCLASSIFIED | Flag.WATER
    assert (look.flags[:, 1:] == Flag.UNCLASSIFIED).all()


def test_a_band_that_the_scene_lacks_is_absent() -> None:
    assert list(red_look(np.full((4, 6), 0.2)).bands) == ["red"]


def test_pixels_of_thirty_metres_count_by_area() -> None:
    # Corners 15 m off, as those of Landsat. Along each axis the first block of 40 m holds
    # 15 m of pixel 0 (0.5 of it) and 25 m of pixel 1 (5/6).
    landsat = Grid(32635, 540_000 - 15, 1_510_000 + 15, 30, 5, 6)
    values = np.zeros(landsat.shape)
    values[0, 0], values[1, 1] = 0.16, 0.32

    look = red_look(values, landsat)

    # (15 x 15 x 0.16 + 25 x 25 x 0.32) / 1600 = (36 + 200) / 1600
    assert look.bands["red"][0, 0] == np.float32(0.1475)
    assert look.clear_fraction.min() == 1


def test_blocks_beyond_the_pixels_are_partly_seen() -> None:
    # 30 m of the 40 m of every first block, in both directions: 9/16.
    small = Grid(32635, 540_010, 1_509_990, 30, 1, 1)

    look = red_look(np.array([[0.2]]), small)

    assert look.bands["red"][0, 0] == np.float32(0.2)
    assert look.clear_fraction[0, 0] == np.float32(0.56)
    assert look.clear_fraction[1, 2] == 0


def test_another_reference_system_is_refused() -> None:
    with pytest.raises(GridMismatch, match="32634"):
        red_look(np.zeros((4, 6)), replace(PIXELS, epsg=32634))


@given(
    arrays.arrays(np.float32, (5, 7), elements=st.floats(0, 1, width=32)),
    st.sampled_from([0.0, 5.0, 15.0, 20.0]),
)
def test_summing_by_area_loses_nothing(values: NDArray[np.float32], shift: float) -> None:
    # 7 x 5 pixels of 30 m lie wholly inside 9 x 7 blocks of 40 m.
    blocks = Grid(32635, 540_000, 1_510_000, 40, 7, 9)
    pixels = Grid(32635, 540_000 + shift, 1_510_000 - shift, 30, 5, 7)

    sums = block_sum_of(pixels, blocks)(values)

    assert sums.shape == blocks.shape
    assert sums.sum() == pytest.approx(values.sum(), abs=1e-4)


@given(arrays.arrays(np.float32, (4, 6), elements=st.floats(0, 1, width=32)))
def test_averaging_conserves_the_mean(values: NDArray[np.float32]) -> None:
    look = red_look(values)

    # Each of the six blocks is rounded by half a step at most.
    assert look.bands["red"].mean() == pytest.approx(values.mean(), abs=6e-5)


@given(st.floats(-3, 3))
def test_quantising_twice_changes_nothing(value: float) -> None:
    once = quantised(np.array([[value]], np.float32))

    np.testing.assert_array_equal(quantised(once), once)
    assert abs(once[0, 0] - value) <= 0.5001e-4 + 1e-7


def test_what_is_too_large_is_cut_at_the_largest_step() -> None:
    np.testing.assert_array_equal(
        quantised(np.array([5.0, -5.0, np.nan])), np.array([3.2767, -3.2767, np.nan], np.float32)
    )


def fine_observation(values: NDArray[Any]) -> Observation:
    bands = {band: np.asarray(values, np.float32) for band in ("blue", "green", "red")}
    return an_observation(BLOCKS.at(10), bands=bands)


def textured(values: NDArray[Any], **changes: Any) -> Look:
    grain = grain_of(fine_observation(values))
    coarse = red_observation(np.full((4, 6), 0.2), **changes)
    return look_of("sd-test", BLOCKS, coarse, grain, a_scene())


def checkered() -> NDArray[np.float32]:
    """Half of the 10 m pixels at 0.1, half at 0.3: mean 0.2, standard deviation 0.1."""
    rows, columns = np.indices((8, 12))
    return np.where((rows + columns) % 2, 0.3, 0.1).astype(np.float32)


def test_texture_is_the_deviation_of_the_sixteen_fine_pixels() -> None:
    assert (textured(checkered()).texture == np.float32(0.1)).all()


def test_texture_between_pixels_of_twenty_metres_counts_too() -> None:
    # Left half of a block at 0.1, right half at 0.3, with one odd pixel elsewhere so that
    # the picture is not one of repeated pixels.
    values = np.full((8, 12), 0.2, np.float32)
    values[:4, :2], values[:4, 2:4] = 0.1, 0.3
    values[7, 11] = 0.21

    assert textured(values).texture[0, 0] == np.float32(0.1)


def test_texture_is_of_clear_pixels() -> None:
    values = checkered()
    values[:2, :2] = 0.9

    look = textured(values, flags=flags(p0_0=Flag.CLOUD))

    assert look.texture[0, 0] == np.float32(0.1)


def test_too_few_clear_pixels_have_no_texture() -> None:
    look = textured(checkered(), flags=flags(p0_0=Flag.CLOUD, p1_1=Flag.CLOUD))

    assert np.isnan(look.texture[0, 0])
    assert np.isfinite(look.texture[0, 1])


def test_pixels_of_twenty_metres_read_at_ten_have_no_texture() -> None:
    random = np.random.default_rng(3).uniform(0.1, 0.3, (4, 6))

    assert np.isnan(textured(random.repeat(2, 0).repeat(2, 1)).texture).all()


def test_without_all_visible_bands_there_is_no_grain() -> None:
    assert grain_of(an_observation(BLOCKS.at(10), bands={"red": np.zeros((8, 12))})) is None


def test_radar_is_averaged_as_power_and_kept_in_decibel() -> None:
    values = np.full((4, 6), 1.0)
    values[:2, :2] = [[0.05, 0.15], [0.05, 0.15]]
    observation = an_observation(PIXELS, bands={"vv": values.astype(np.float32)})
    scene = a_scene(sensor=Sensor.SENTINEL_1)

    look = look_of("sd-test", BLOCKS, observation, None, scene)

    # 10 log10(0.1) and 10 log10(1).
    assert look.bands["vv"][0, 0] == np.float32(-10.0)
    assert look.bands["vv"][1, 2] == 0
    assert look.track == "sentinel-1-unknown"


def test_radar_without_an_echo_has_no_value() -> None:
    observation = an_observation(PIXELS, bands={"vv": np.zeros(PIXELS.shape, np.float32)})

    look = look_of("x", BLOCKS, observation, None, a_scene(sensor=Sensor.SENTINEL_1))

    assert np.isnan(look.bands["vv"]).all()


def a_tile(name: str, value: float, clear: float, **changes: Any) -> Look:
    shape = (24, 24)
    look = a_look(
        scene_ids=(name,),
        clear_fraction=np.full(shape, clear, np.float32),
        tags={"tiles": name, "provider": "folder"},
    )
    bands = {band: np.full(shape, value, np.float32) for band in look.bands}
    return replace(look, **{"bands": bands, **changes})


def test_each_block_comes_from_the_tile_that_saw_more_of_it() -> None:
    worse, better = a_tile("A", 0.1, 0.5), a_tile("B", 0.3, 0.75)
    worse.clear_fraction[0, 0] = 1.0

    look = merged([better, worse], [a_scene(scene_id="A"), a_scene(scene_id="B")])

    assert look.bands["red"][0, 0] == np.float32(0.1)
    assert look.bands["red"][1, 1] == np.float32(0.3)
    assert look.clear_fraction[1, 1] == np.float32(0.75)
    assert look.scene_ids == ("A", "B")
    assert look.tags == {"tiles": "A; B", "provider": "folder"}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (("consistent", "consistent"), "consistent"),
        (("suspect_radiometry", "consistent"), "suspect_radiometry"),
        (("unchecked", "consistent"), "unchecked"),
        (("unchecked", "unsure"), "unsure"),
    ],
)
def test_one_doubtful_tile_makes_the_look_doubtful(
    verdicts: tuple[str, str], expected: str
) -> None:
    tiles = [
        a_tile(name, 0.1, 1.0, tags={"radiometry": verdict, "classification": "none"})
        for name, verdict in zip("AB", verdicts, strict=True)
    ]

    tags = merged(tiles, []).tags

    assert tags == {"radiometry": expected, "classification": "none"}


def test_the_cloudiest_tile_states_the_cloud_cover() -> None:
    tiles = [
        a_tile("A", 0.1, 1.0, tags={"cloud_cover_percent": "9.5"}),
        a_tile("B", 0.1, 1.0, tags={"cloud_cover_percent": "12"}),
    ]

    assert merged(tiles, []).tags == {"cloud_cover_percent": "12"}


def test_of_equal_tiles_the_first_name_wins_whatever_the_order() -> None:
    one, two = a_tile("A", 0.1, 1.0), a_tile("B", 0.3, 1.0)
    scenes = [a_scene(scene_id="A"), a_scene(scene_id="B")]

    forward, backward = merged([one, two], scenes), merged([two, one], scenes[::-1])

    assert (forward.bands["red"] == np.float32(0.1)).all()
    assert (backward.bands["red"] == np.float32(0.1)).all()
    assert forward.look_id == backward.look_id


def test_a_merged_look_is_available_with_its_last_tile() -> None:
    early = a_tile("A", 0.1, 1.0, available_at=days_ago(1.9), acquired_at=days_ago(2))
    late = a_tile("B", 0.1, 1.0, available_at=days_ago(1), acquired_at=days_ago(1.9999))

    look = merged([early, late], [])

    assert (look.acquired_at, look.available_at) == (days_ago(2), days_ago(1))


def test_a_single_tile_is_its_own_look() -> None:
    look = a_tile("A", 0.1, 1.0)

    assert merged([look], [a_scene()]) is look


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"scene_id": "other"}, id="another scene"),
        pytest.param({"processing_baseline": "05.11"}, id="processed again"),
        pytest.param({"properties": {"updated": "2024-06-01"}}, id="updated"),
        pytest.param({"properties": {"checksum:red": "ff"}}, id="other bytes"),
        pytest.param({"provider": "other"}, id="another provider"),
    ],
)
def test_what_is_read_decides_the_identifier_of_a_look(changes: dict[str, Any]) -> None:
    assert look_id_of("a", [a_scene(**changes)]) != look_id_of("a", [a_scene()])


def test_the_identifier_depends_on_the_area_and_on_no_order() -> None:
    one, two = a_scene(scene_id="A"), a_scene(scene_id="B")

    assert look_id_of("a", [one, two]) == look_id_of("a", [two, one])
    assert look_id_of("a", [one]) != look_id_of("b", [one])


def on_tile(name: str, tile: str, baseline: str, available: float = 1.0) -> Scene:
    return a_scene(
        scene_id=name,
        properties={"grid:code": f"MGRS-{tile}"},
        processing_baseline=baseline,
        available_at=days_ago(available),
    )


def test_of_two_processings_of_one_tile_the_newer_is_read() -> None:
    old, new = on_tile("S2_1", "35PPN", "05.09"), on_tile("S2_0", "35PPN", "05.10")
    neighbour = on_tile("S2_2", "35PPP", "05.09")

    assert newest_of_each_tile([old, new, neighbour]) == [new, neighbour]


def test_of_one_baseline_the_later_publication_is_read() -> None:
    first, again = on_tile("S2_1", "35PPN", "05.10"), on_tile("S2_0", "35PPN", "05.10", 0.5)

    assert newest_of_each_tile([first, again]) == [again]


def test_a_scene_without_a_tile_name_is_known_by_its_outline() -> None:
    scene = a_scene()

    assert tile_of(scene) == tile_of(replace(scene, acquired_at=scene.acquired_at - timedelta(1)))
    assert tile_of(on_tile("x", "35PPN", "")) == "35PPN"
