from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.radiometry import (
    MIN_PIXELS,
    Calibration,
    RadiometryVerdict,
    baseline_order,
    calibration_of,
    check_values,
    has_offset,
)
from monitor.scene import Asset, Scene, Sensor
from tests.monitor.sources.test_scene_reader import a_scene


def with_red(asset: Asset, baseline: str = "", applied: str = "", **changes: object) -> Scene:
    properties = {"earthsearch:boa_offset_applied": applied} if applied else {}
    return a_scene(
        assets={"red": asset}, processing_baseline=baseline, properties=properties, **changes
    )


BARE = Asset("x.tif")


@pytest.mark.parametrize(
    ("scene", "integers", "expected"),
    [
        pytest.param(with_red(BARE), True, (1e-4, 0.0, "default"), id="nothing said"),
        pytest.param(with_red(BARE, "03.01"), True, (1e-4, 0.0, "default"), id="old baseline"),
        pytest.param(
            with_red(BARE, "04.00"), True, (1e-4, -0.1, "baseline 04.00"), id="new baseline"
        ),
        pytest.param(
            with_red(BARE, "05.10", "true"), True, (1e-4, 0.0, "offset applied upstream"),
            id="applied upstream",
        ),
        pytest.param(
            with_red(BARE, "05.10", "false"), True, (1e-4, -0.1, "baseline 05.10"),
            id="not applied upstream",
        ),
        pytest.param(
            with_red(Asset("x", 1e-4, -0.1), "05.10"), True, (1e-4, -0.1, "declared"), id="declared"
        ),
        pytest.param(
            with_red(Asset("x", 1e-4, 0.0), "05.10"), True, (1e-4, 0.0, "declared"),
            id="declared without offset wins over the baseline",
        ),
        pytest.param(
            with_red(Asset("x", 1e-4, -0.1), "05.10", "true"), True,
            (1e-4, 0.0, "offset applied upstream"), id="declared, yet applied: the known fault",
        ),
        pytest.param(
            with_red(Asset("x", 2.75e-5, -0.2), sensor=Sensor.LANDSAT), True,
            (2.75e-5, -0.2, "declared"), id="Landsat Collection 2",
        ),
        pytest.param(
            with_red(BARE, "05.10", sensor=Sensor.LANDSAT), True, (1e-4, 0.0, "default"),
            id="baselines are of Sentinel-2 alone",
        ),
        pytest.param(with_red(BARE, "05.10"), False, (1.0, 0.0, "default"), id="floats"),
    ],
)  # fmt: skip
def test_how_numbers_become_reflectance(
    scene: Scene, integers: bool, expected: tuple[float, float, str]
) -> None:
    assert calibration_of(scene, "red", integers=integers) == Calibration(*expected)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [("03.01", False), ("04.00", True), ("N0400", True), ("N0301", False), ("05.11", True),
     ("", False), ("x", False)],
)  # fmt: skip
def test_the_offset_came_with_baseline_4(baseline: str, expected: bool) -> None:
    assert has_offset(baseline) is expected


def test_baselines_sort_by_number() -> None:
    assert baseline_order("10.00") > baseline_order("9.05") > baseline_order("")


def visible(level: float, count: int = 1_000, dark: int = 0) -> dict[str, NDArray[np.float32]]:
    """Return visible bands before any offset was added, `dark` pixels of them at 0.05."""
    values = np.full(count, level, dtype=np.float32)
    values[:dark] = 0.05
    return dict.fromkeys(("blue", "green", "red"), values)


@pytest.mark.parametrize(
    ("stored", "subtracted", "expected"),
    [
        pytest.param(visible(0.15), True, RadiometryVerdict.CONSISTENT, id="offset present"),
        pytest.param(visible(0.06), False, RadiometryVerdict.CONSISTENT, id="offset absent"),
        pytest.param(visible(0.06), True, RadiometryVerdict.SUSPECT, id="subtracted twice"),
        pytest.param(
            visible(0.15, dark=5), True, RadiometryVerdict.CONSISTENT, id="half a percent is noise"
        ),
        pytest.param(visible(0.15, dark=6), True, RadiometryVerdict.SUSPECT, id="more is evidence"),
        pytest.param(visible(0.16), False, RadiometryVerdict.UNSURE, id="left in, or a desert"),
        pytest.param(
            visible(0.16, dark=5), False, RadiometryVerdict.CONSISTENT, id="dark pixels settle it"
        ),
        pytest.param(
            visible(0.06, count=MIN_PIXELS - 1), True, RadiometryVerdict.UNCHECKED, id="too few"
        ),
        pytest.param({}, True, RadiometryVerdict.UNCHECKED, id="no visible band"),
    ],
)
def test_values_are_held_against_their_description(
    stored: dict[str, NDArray[np.float32]], subtracted: bool, expected: RadiometryVerdict
) -> None:
    check = check_values(stored, offset_subtracted=subtracted)

    assert check.verdict is expected
    assert check.reason
