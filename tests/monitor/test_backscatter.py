from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.backscatter import in_power
from monitor.errors import SourceRefused
from monitor.observation import Flag, Observation
from tests.builders import GRID, days_ago

Floats = NDArray[np.float32]


def speckled(middle: float, seed: int = 1) -> Floats:
    """Return linear power around a level, as speckle of four looks spreads it."""
    draws = np.random.default_rng(seed).gamma(4.0, middle / 4.0, GRID.shape)
    return draws.astype(np.float32)


def a_scene(**bands: Floats) -> Observation:
    flags = np.zeros(GRID.shape, np.uint16)
    return Observation(GRID, bands, flags, days_ago(1), ("S1A_1",))


def test_power_is_taken_as_it_is() -> None:
    vv, vh = speckled(0.1), speckled(0.02)

    found, tags = in_power(a_scene(vv=vv, vh=vh), "S1A_1")

    assert np.array_equal(found.bands["vv"], vv)
    assert np.array_equal(found.bands["vh"], vh)
    assert tags == {}


def test_decibels_are_known_by_their_signs_and_become_power() -> None:
    vv = np.full(GRID.shape, -10.0, np.float32)
    vh = np.full(GRID.shape, -20.0, np.float32)

    found, tags = in_power(a_scene(vv=vv, vh=vh), "S1A_1")

    assert found.bands["vv"] == pytest.approx(0.1)
    assert found.bands["vh"] == pytest.approx(0.01)
    assert tags["units"] == "decibel, converted to power"


def test_a_few_negative_numbers_are_noise_that_was_taken_off() -> None:
    vv = speckled(0.02)
    vv[:4] = -0.0005

    found, tags = in_power(a_scene(vv=vv, vh=speckled(0.01)), "S1A_1")

    assert tags == {}
    assert np.isnan(found.bands["vv"][:4]).all()
    assert (found.flags[:4] & Flag.NODATA).all()
    assert not found.clear[:4].any()


def test_border_noise_and_zeros_are_not_measured() -> None:
    vv = speckled(0.1)
    vv[:, :3], vv[:, 3:5] = 0.0, 2e-5

    found, _ = in_power(a_scene(vv=vv, vh=speckled(0.02)), "S1A_1")

    assert not found.clear[:, :5].any()
    assert found.clear[:, 5:].mean() > 0.99


def test_one_polarisation_is_read_and_said() -> None:
    found, tags = in_power(a_scene(vv=speckled(0.1)), "S1A_1")

    assert list(found.bands) == ["vv"]
    assert tags["polarisations"] == "vv alone"


def amplitudes() -> Floats:
    """Return what integers from 100 to 400 become if nobody declares their scale."""
    numbers = np.random.default_rng(3).integers(100, 400, GRID.shape)
    return (numbers * 1e-4).astype(np.float32)


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        pytest.param({}, "neither vv nor vh", id="no polarisation"),
        pytest.param({"vv": speckled(300.0)}, "no backscatter in power", id="amplitudes"),
        pytest.param({"vv": amplitudes()}, "no backscatter in power", id="integers, no scale"),
        pytest.param({"vv": -speckled(500.0)}, "neither power nor decibel", id="negative"),
        pytest.param({"vv": speckled(0.1), "vh": -speckled(20.0)}, "vv in power, vh in decibel",
                     id="one of each"),
    ],
)  # fmt: skip
def test_what_is_no_backscatter_is_refused_with_a_reason(
    bands: dict[str, Floats], said: str
) -> None:
    with pytest.raises(SourceRefused, match="S1A_1") as refused:
        in_power(a_scene(**bands), "S1A_1")

    assert said in refused.value.message
    assert refused.value.hint


def test_integers_whose_scale_is_declared_are_power() -> None:
    found, _ = in_power(a_scene(vv=amplitudes()), "S1A_1", scale_declared=True)

    assert found.clear.all()


def test_a_scene_that_holds_nothing_here_is_no_error() -> None:
    nothing = np.full(GRID.shape, np.nan, np.float32)

    found, _ = in_power(a_scene(vv=nothing, vh=nothing), "S1A_1")

    assert not found.clear.any()
