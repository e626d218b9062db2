from __future__ import annotations

import numpy as np
import pytest

from monitor.observation import Flag
from monitor.sources.classification import fmask_flags, qa_pixel_flags, scl_flags

NONE = Flag(0)


def codes(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    return np.array([values], dtype=np.uint16)


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        (0, Flag.NODATA), (1, Flag.SATURATED), (2, NONE), (3, Flag.SHADOW), (4, NONE),
        (5, NONE), (6, Flag.WATER), (7, NONE), (8, Flag.CLOUD), (9, Flag.CLOUD),
        (10, Flag.CLOUD), (11, Flag.SNOW), (12, Flag.NODATA), (255, Flag.NODATA),
    ],
)  # fmt: skip
def test_scene_classes_of_sentinel_2(code: int, flag: Flag) -> None:
    assert scl_flags(codes(code))[0, 0] == flag


# Values of the Cold Springs scenes (Collection 1) and of the USGS guide (Collection 2).
@pytest.mark.parametrize(
    ("code", "flag"),
    [
        pytest.param(322, NONE, id="C1 clear"),
        pytest.param(324, Flag.WATER, id="C1 water"),
        pytest.param(328, Flag.SHADOW, id="C1 shadow"),
        pytest.param(352, Flag.CLOUD, id="C1 cloud"),
        pytest.param(386, NONE, id="C1 clear, cloud confidence medium"),
        pytest.param(480, Flag.CLOUD, id="C1 cloud, high confidence"),
        pytest.param(834, Flag.CLOUD, id="C1 clear, cirrus confidence high"),
        pytest.param(336, Flag.SNOW, id="C1 snow"),
        pytest.param(1, Flag.NODATA, id="fill of both"),
        pytest.param(21824, NONE, id="C2 clear"),
        pytest.param(21952, Flag.WATER, id="C2 water"),
        pytest.param(22280, Flag.CLOUD, id="C2 cloud"),
        pytest.param(21826, Flag.DILATED, id="C2 dilated cloud"),
        pytest.param(23888, Flag.SHADOW, id="C2 shadow"),
        pytest.param(54596, Flag.CLOUD, id="C2 cirrus"),
        pytest.param(30048, Flag.SNOW, id="C2 snow"),
    ],
)
def test_quality_bits_of_landsat(code: int, flag: Flag) -> None:
    assert qa_pixel_flags(codes(code))[0, 0] == flag


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        pytest.param(0b0000_0000, NONE, id="clear"),
        pytest.param(0b0000_0010, Flag.CLOUD, id="cloud"),
        pytest.param(0b0000_0100, Flag.DILATED, id="adjacent"),
        pytest.param(0b0000_1000, Flag.SHADOW, id="shadow"),
        pytest.param(0b0001_0000, Flag.SNOW, id="snow"),
        pytest.param(0b0010_0000, Flag.WATER, id="water"),
        pytest.param(0b1100_0000, Flag.HAZE, id="high aerosol"),
        pytest.param(0b0100_0000, NONE, id="low aerosol"),
        pytest.param(255, Flag.NODATA, id="fill"),
    ],
)
def test_fmask_of_hls(code: int, flag: Flag) -> None:
    assert fmask_flags(codes(code))[0, 0] == flag
