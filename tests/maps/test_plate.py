from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from alerts.ports import AlertPicture
from maps.plate import GAP_PX, GROUND, MAX_BYTES, PANEL_HEIGHT_PX, WIDTH_PX, alt_text, plate
from monitor.observation import Observation
from tests.maps.pictures import AFTER_AT, GRID, a_picture, cold_springs

PANEL_PX = (WIDTH_PX - GAP_PX) // 2


def drawn(picture: AlertPicture) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(plate(picture))).convert("RGB")).astype(np.int16)


def mean_colour(pixels: NDArray[np.int16], column: int, row: int) -> NDArray[np.float64]:
    patch = pixels[row - 4 : row + 5, column - 4 : column + 5]
    return np.asarray(patch.reshape(-1, 3).mean(axis=0), dtype=np.float64)


def test_a_plate_is_a_jpeg_that_fits_a_mail() -> None:
    encoded = plate(a_picture())
    image = Image.open(io.BytesIO(encoded))

    assert image.format == "JPEG"
    assert image.size == (640, PANEL_HEIGHT_PX)
    assert len(encoded) <= 180_000
    assert not image.getexif(), "no date, place or program is hidden in the file"


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert plate(a_picture()) == plate(a_picture())


def test_before_is_on_the_left_and_after_on_the_right() -> None:
    pixels = drawn(a_picture(outlines=a_picture().outlines[:1], hotspots=[]))
    middle = PANEL_HEIGHT_PX // 2

    before = mean_colour(pixels, PANEL_PX // 2 + 15, middle)
    after = mean_colour(pixels, PANEL_PX + GAP_PX + PANEL_PX // 2 + 15, middle)

    assert before.min() > 150, "mud and thatch are pale"
    assert after[0] > after[1] + 60, "char is red"


def test_one_date_fills_the_plate() -> None:
    pixels = drawn(a_picture(before=None))

    assert pixels.shape == (PANEL_HEIGHT_PX, WIDTH_PX, 3)
    assert mean_colour(pixels, WIDTH_PX // 2 + 10, PANEL_HEIGHT_PX // 2)[0] > 100
    assert np.abs(pixels[:, PANEL_PX : PANEL_PX + GAP_PX] - 255).max() > 30, "no white gap"


def test_without_pictures_the_outlines_stand_on_plain_ground() -> None:
    pixels = drawn(a_picture(before=None, after=None))

    ground = np.abs(pixels - np.array(GROUND)).max(axis=-1) < 12
    assert 0.5 < ground.mean() < 0.99


def test_outlines_are_drawn_over_both_dates() -> None:
    with_lines = drawn(a_picture())
    without = drawn(a_picture(outlines=[a_picture().outlines[0]], hotspots=[]))

    changed = np.abs(with_lines - without).max(axis=-1) > 60
    assert changed[:, :PANEL_PX].sum() > 200
    assert changed[:, PANEL_PX + GAP_PX :].sum() > 200


def test_noise_at_full_size_stays_below_the_limit() -> None:
    generator = np.random.default_rng(9)
    bands = {
        name: generator.uniform(0, 0.5, GRID.shape).astype(np.float32)
        for name in ("swir22", "nir08", "red")
    }
    flags = np.zeros(GRID.shape, np.uint16)
    noise = Observation(GRID, bands, flags, AFTER_AT, ("noise",))

    assert len(plate(a_picture(before=noise, after=noise))) <= MAX_BYTES


def test_the_cold_springs_fire_fits_a_mail() -> None:
    assert len(plate(cold_springs())) <= 100_000


def test_the_words_for_the_plate_say_what_it_shows() -> None:
    text = alt_text(a_picture())

    assert text.startswith(
        "Two satellite pictures side by side. Left: before, 7 Jan 2024. Right: after, 23 Jan 2024."
    )
    assert "False colour" in text
    assert "Burn-like ground" in text


@pytest.mark.parametrize(
    ("language", "start"),
    [("fr", "Deux images satellite"), ("ar", "صورتان فضائيتان"), ("my", "ဂြိုဟ်တုပုံ")],
)
def test_the_words_for_the_plate_come_in_the_readers_language(language: str, start: str) -> None:
    assert alt_text(a_picture(language=language)).startswith(start)


def test_what_is_missing_is_said_in_words_too() -> None:
    assert alt_text(a_picture(before=None)).startswith("One satellite picture. After: 23 Jan 2024.")
    assert alt_text(a_picture(before=None, after=None)).startswith("No satellite picture is shown")
