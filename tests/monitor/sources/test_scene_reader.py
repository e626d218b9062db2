from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.observation import Flag
from monitor.scene import Asset, Scene, Sensor
from monitor.sources.scene_reader import read_scene
from tests.builders import days_ago
from tests.monitor.sources.rasters import GRID, write_band


def a_scene(**changes: Any) -> Scene:
    scene = Scene(
        scene_id="S2-1",
        collection="sentinel-2-l2a",
        provider="folder",
        platform="sentinel-2b",
        sensor=Sensor.SENTINEL_2,
        acquired_at=days_ago(2),
        available_at=days_ago(1),
        footprint=GRID.outline,
        assets={},
    )
    return replace(scene, **changes)


def an_asset(folder: Path, name: str, values: object, **how: Any) -> Asset:
    declared = {key: how.pop(key) for key in ("scale", "offset", "nodata") if key in how}
    path = write_band(folder / f"{name}.tif", np.asarray(values), **how)
    return Asset(str(path), **declared)


def numbers(value: int, dtype: str = "uint16") -> NDArray[Any]:
    return np.full((4, 4), value, dtype)


def test_declared_scale_and_offset_are_honoured(tmp_path: Path) -> None:
    red = an_asset(tmp_path, "red", numbers(20_000), scale=2.75e-5, offset=-0.2)

    observation = read_scene(a_scene(assets={"red": red}), GRID, ["red"])

    # 20,000 x 2.75e-5 - 0.2
    np.testing.assert_allclose(observation.bands["red"], 0.35, atol=1e-7)


@pytest.mark.parametrize(
    ("baseline", "expected"), [("03.01", 0.15), ("", 0.15), ("04.00", 0.05), ("05.11", 0.05)]
)
def test_undeclared_integers_follow_the_processing_baseline(
    tmp_path: Path, baseline: str, expected: float
) -> None:
    scene = a_scene(
        assets={"red": an_asset(tmp_path, "red", numbers(1_500))}, processing_baseline=baseline
    )

    observation = read_scene(scene, GRID, ["red"])

    np.testing.assert_allclose(observation.bands["red"], expected, atol=1e-7)


def test_every_number_becomes_the_float_that_is_nearest(tmp_path: Path) -> None:
    # More rows than are scaled at a time, and not a multiple of them.
    grid = replace(GRID, height=150, width=400)
    stored = np.arange(60_000, dtype=np.uint16).reshape(150, 400)
    red = an_asset(tmp_path, "red", stored, grid=grid, scale=1e-4, offset=-0.1)

    observation = read_scene(a_scene(assets={"red": red}), grid, ["red"])

    expected = np.array([float(number) * 1e-4 - 0.1 for number in range(60_000)], np.float32)
    assert np.array_equal(observation.bands["red"].ravel(), expected)


def test_floats_are_reflectance_already(tmp_path: Path) -> None:
    red = an_asset(tmp_path, "red", np.full((4, 4), 0.25, np.float32))

    observation = read_scene(a_scene(assets={"red": red}), GRID, ["red"])

    assert (observation.bands["red"] == np.float32(0.25)).all()


def test_the_classification_becomes_flags(tmp_path: Path) -> None:
    classes = numbers(4, "uint8")
    classes[0] = [0, 3, 9, 6]
    scene = a_scene(
        assets={
            "red": an_asset(tmp_path, "red", numbers(1_500)),
            "scl": an_asset(tmp_path, "scl", classes),
        }
    )

    observation = read_scene(scene, GRID, ["red", "scl"])

    expected = [Flag.NODATA, Flag.SHADOW, Flag.CLOUD, Flag.WATER]
    assert list(observation.flags[0]) == expected
    assert (observation.flags[1:] == 0).all()
    assert list(observation.bands) == ["red"]


def test_a_coarser_grid_keeps_every_flag_of_its_pixels(tmp_path: Path) -> None:
    classes = numbers(4, "uint8")
    classes[0, 0], classes[1, 1] = 9, 6
    scene = a_scene(
        assets={
            "red": an_asset(tmp_path, "red", numbers(1_500)),
            "scl": an_asset(tmp_path, "scl", classes),
        }
    )

    observation = read_scene(scene, GRID.at(40), ["red"])

    assert observation.flags[0, 0] == Flag.CLOUD | Flag.WATER
    assert observation.flags[1, 1] == 0


def test_without_a_classification_clouds_are_unknown(tmp_path: Path) -> None:
    scene = a_scene(assets={"red": an_asset(tmp_path, "red", numbers(1_500))})

    assert (read_scene(scene, GRID, ["red"]).flags == Flag.UNCLASSIFIED).all()


def test_radar_needs_no_classification(tmp_path: Path) -> None:
    vv = an_asset(tmp_path, "vv", np.full((4, 4), 2.5, np.float32))

    observation = read_scene(a_scene(assets={"vv": vv}, sensor=Sensor.SENTINEL_1), GRID, ["vv"])

    assert (observation.flags == 0).all()
    assert (observation.bands["vv"] == 2.5).all()


def test_what_was_not_measured_is_flagged(tmp_path: Path) -> None:
    holed = numbers(1_500)
    holed[0, 0] = 0
    red = an_asset(tmp_path, "red", holed, nodata=0)

    observation = read_scene(a_scene(assets={"red": red}), GRID, ["red"])

    assert observation.flags[0, 0] & Flag.NODATA
    assert not observation.clear[0, 0]
    assert observation.clear[0, 1]


def test_an_all_nodata_scene_is_an_observation_without_a_clear_pixel(tmp_path: Path) -> None:
    red = an_asset(tmp_path, "red", numbers(0), nodata=0)

    assert not read_scene(a_scene(assets={"red": red}), GRID, ["red"]).clear.any()


def test_glint_and_detectors_at_their_end_are_saturated(tmp_path: Path) -> None:
    red = an_asset(tmp_path, "red", [[16_000, 15_999, 0, 0]] * 4, dtype="uint16")

    observation = read_scene(a_scene(assets={"red": red}), GRID, ["red"])

    assert observation.flags[0, 0] & Flag.SATURATED
    assert not observation.flags[0, 1] & Flag.SATURATED


def test_resampled_pixels_say_so(tmp_path: Path) -> None:
    red = an_asset(tmp_path, "red", numbers(1_500))
    off = replace(GRID, left_m=GRID.left_m + 7)

    observation = read_scene(a_scene(assets={"red": red}), off, ["red"])

    assert (observation.flags & Flag.RESAMPLED > 0).all()


def test_a_failure_names_scene_and_band(tmp_path: Path) -> None:
    scene = a_scene(assets={"red": Asset(str(tmp_path / "gone.tif"))})

    with pytest.raises(SourceUnavailable, match="scene S2-1, band red: ") as failed:
        read_scene(scene, GRID, ["red"])

    assert failed.value.hint


def test_a_lost_classification_fails_the_scene_and_is_not_a_clear_sky(tmp_path: Path) -> None:
    (tmp_path / "scl.tif").write_text("oops")
    scene = a_scene(
        assets={
            "red": an_asset(tmp_path, "red", numbers(1_500)),
            "scl": Asset(str(tmp_path / "scl.tif")),
        }
    )

    with pytest.raises(SourceRefused, match="band scl"):
        read_scene(scene, GRID, ["red"])
