from __future__ import annotations

import base64
import io
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from aoi.grid import Grid
from maps.overlay import (
    BRIGHT,
    COMPOSITES,
    MAX_SIDE_PX,
    Composite,
    coloured,
    common_stretch,
    composites_of,
    data_url,
    picture_of,
    warp,
)
from monitor.observation import Flag, Observation
from tests.maps.pictures import AFTER_AT, BEFORE_AT, GRID, made_ground

SMALL = Grid(32635, left_m=540_000, top_m=1_510_000, resolution_m=20, height=2, width=2)
NOON = datetime(2024, 1, 7, 12, tzinfo=UTC)
TRUE_COLOUR = next(composite for composite in COMPOSITES if composite.name == "true_colour")
RADAR = next(composite for composite in COMPOSITES if composite.is_radar)


def seen_as(*, flags: int = 0, **bands: float) -> Observation:
    values = {name: np.full(SMALL.shape, value, np.float32) for name, value in bands.items()}
    return Observation(SMALL, values, np.full(SMALL.shape, flags, np.uint16), NOON, ("s",))


def pixels(url: str) -> NDArray[np.uint8]:
    kind, encoded = url.split(",", 1)
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))


@pytest.mark.parametrize(
    ("bands", "names"),
    [
        pytest.param(
            ("blue", "green", "red", "nir08", "swir16", "swir22"),
            ["false_colour", "true_colour"],
            id="everything",
        ),
        pytest.param(
            ("blue", "green", "red", "nir08", "swir16"),
            ["false_colour_16", "true_colour"],
            id="without the band that shows burns best",
        ),
        pytest.param(("green", "red", "nir08"), ["colour_infrared"], id="three bands"),
        pytest.param(("blue", "green", "red"), ["true_colour"], id="a photograph"),
        pytest.param(("vv", "vh"), ["radar"], id="radar"),
        pytest.param(("red", "swir22"), ["grey_red"], id="one band is better than none"),
        pytest.param(("swir22",), [], id="nothing that can be drawn"),
    ],
)
def test_the_best_composite_that_the_bands_allow_comes_first(
    bands: tuple[str, ...], names: list[str]
) -> None:
    composites = composites_of([seen_as(flags=0, **dict.fromkeys(bands, 0.1))])

    assert [composite.name for composite in composites] == names


def test_two_dates_are_shown_in_bands_that_both_have() -> None:
    full = seen_as(blue=0.1, green=0.1, red=0.1, nir08=0.1, swir22=0.1)
    poor = seen_as(blue=0.1, green=0.1, red=0.1)

    assert [composite.name for composite in composites_of([full, poor])] == ["true_colour"]


def test_equal_ground_has_equal_colours_on_both_dates() -> None:
    dark, bright = seen_as(red=0.1, green=0.1, blue=0.1), seen_as(red=0.3, green=0.3, blue=0.3)
    bright.bands["red"][0, 0] = bright.bands["green"][0, 0] = bright.bands["blue"][0, 0] = 0.1
    stretch = common_stretch(TRUE_COLOUR, [dark, bright])

    one, other = (coloured(seen, TRUE_COLOUR, stretch) for seen in (dark, bright))

    assert one[0, 0].tolist() == other[0, 0].tolist()
    assert one[0, 1].tolist() != other[0, 1].tolist()


def test_the_bands_keep_their_proportions_so_that_a_hue_means_the_same_everywhere() -> None:
    seen = seen_as(red=0.2, green=0.1, blue=0.1)
    seen.bands["red"][0, 0] = 0.4
    stretch = common_stretch(TRUE_COLOUR, [seen])

    relative = [
        high / BRIGHT[band] for high, band in zip(stretch.high, TRUE_COLOUR.bands, strict=True)
    ]
    assert relative == pytest.approx([relative[0]] * 3)


def test_the_stretch_spans_the_first_to_the_last_hundredth_of_the_clear_pixels() -> None:
    grid = Grid(32635, 540_000, 1_510_000, 20, height=1, width=101)
    steps = np.arange(101, dtype=np.float32).reshape(1, 101) / 100
    bands = {band: np.asarray(steps * BRIGHT[band], dtype=np.float32) for band in TRUE_COLOUR.bands}
    seen = Observation(grid, bands, np.zeros(grid.shape, np.uint16), NOON, ("s",))

    stretch = common_stretch(TRUE_COLOUR, [seen])

    # 101 steps from 0 to 1: the first and the 99th percentile are 0.01 and 0.99.
    assert stretch.low[0] == pytest.approx(0.01 * 0.32, rel=1e-3)
    assert stretch.high[2] == pytest.approx(0.99 * 0.22, rel=1e-3)


def test_clouds_do_not_darken_the_ground() -> None:
    clear = seen_as(red=0.1, green=0.1, blue=0.1)
    cloudy = seen_as(flags=Flag.CLOUD, red=0.9, green=0.9, blue=0.9)

    assert common_stretch(TRUE_COLOUR, [clear, cloudy]) == common_stretch(TRUE_COLOUR, [clear])


def test_a_picture_of_clouds_alone_is_still_a_picture() -> None:
    cloudy = seen_as(flags=Flag.CLOUD, red=0.9, green=0.8, blue=0.7)
    stretch = common_stretch(TRUE_COLOUR, [cloudy])

    assert np.isfinite(coloured(cloudy, TRUE_COLOUR, stretch)).all()
    assert stretch.high > stretch.low


def test_what_was_not_measured_is_transparent() -> None:
    seen = seen_as(red=0.1, green=0.2, blue=0.1)
    seen.bands["green"][0, 1] = np.nan

    rgba = coloured(seen, TRUE_COLOUR, common_stretch(TRUE_COLOUR, [seen]))

    assert rgba[..., 3].tolist() == [[255, 0], [255, 255]]


def test_nothing_measured_at_all_is_an_empty_picture() -> None:
    seen = seen_as(red=np.nan, green=np.nan, blue=np.nan)

    rgba = coloured(seen, TRUE_COLOUR, common_stretch(TRUE_COLOUR, [seen]))

    assert not rgba[..., 3].any()


def test_radar_is_shown_in_decibels() -> None:
    grid = Grid(32635, 540_000, 1_510_000, 20, height=1, width=3)
    vv = np.array([[0.001, 0.01, 0.1]], dtype=np.float32)  # -30, -20, -10 dB
    seen = Observation(
        grid,
        {"vv": vv, "vh": np.asarray(vv / 10, np.float32)},
        np.zeros(grid.shape, np.uint16),
        NOON,
        ("s",),
    )

    rgba = coloured(seen, RADAR, common_stretch(RADAR, [seen]))

    # In decibels the middle is half way; 255 * 0.5 ** 0.8 = 146.5.
    assert rgba[0, 1, 0] == pytest.approx(146, abs=2)


def test_a_pixel_lands_where_it_was_measured() -> None:
    rgba = np.zeros((*GRID.shape, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    rgba[150:, :, 0] = 255  # the southern half

    warped, transform = warp(rgba, GRID)
    rows = np.nonzero(warped[:, warped.shape[1] // 2, 0])[0]
    north_edge_m = (transform * (0, float(rows[0])))[1]

    # The middle of the grid, 540000 E 1510000 N, is at 13.6586 N: 13.6586 degrees of
    # latitude are 1535077 m in EPSG:3857, by its formula.
    latitude = np.deg2rad(13.6586)
    expected_m = 6_378_137.0 * np.log(np.tan(np.pi / 4 + latitude / 2))
    assert expected_m == pytest.approx(1_535_077, abs=1)
    assert north_edge_m == pytest.approx(expected_m, abs=11)


def test_a_picture_is_enlarged_but_never_beyond_its_longest_side() -> None:
    small, _ = warp(np.zeros((*SMALL.shape, 4), np.uint8), SMALL)
    wide = Grid(32635, 500_000, 1_510_000, 20, height=10, width=3_000)
    reduced, _ = warp(np.zeros((*wide.shape, 4), np.uint8), wide)

    assert max(small.shape[:2]) <= 12
    assert max(reduced.shape[:2]) <= MAX_SIDE_PX


def test_the_address_of_a_picture_holds_the_picture_and_its_corners() -> None:
    seen = made_ground(BEFORE_AT, burned=False)
    composite = composites_of([seen])[0]
    shown = picture_of(coloured(seen, composite, common_stretch(composite, [seen])), GRID)

    rgba = pixels(shown.url)
    assert max(rgba.shape[:2]) <= MAX_SIDE_PX
    assert rgba[rgba.shape[0] // 2, rgba.shape[1] // 2, 3] == 255
    west, south, east, north = GRID.outline.bounds
    assert shown.south_west == pytest.approx((south, west), abs=2e-4)
    assert shown.north_east == pytest.approx((north, east), abs=2e-4)


def test_noise_that_no_encoder_can_shrink_is_made_smaller_until_it_fits() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (600, 600, 4), dtype=np.uint8)

    url = data_url(noise, budget_bytes=40_000)

    assert len(base64.b64decode(url.split(",", 1)[1])) <= 40_000
    assert pixels(url).shape[0] < 600


def test_burnt_ground_is_darker_in_near_infrared_than_before() -> None:
    pair = [made_ground(BEFORE_AT, burned=False), made_ground(AFTER_AT, burned=True)]
    composite: Composite = composites_of(pair)[0]
    stretch = common_stretch(composite, pair)

    before, after = (coloured(seen, composite, stretch)[150, 153] for seen in pair)

    assert composite.name == "false_colour"
    assert int(after[1]) < int(before[1]) - 60
    assert after[0] > after[1], "char is red in this composite"
