from __future__ import annotations

import io

import pytest
from PIL import Image

from alerts.web.looks import (
    CHANGE_COLOUR,
    NOT_CLEAR,
    PLACE_COLOUR,
    Card,
    chosen,
    frame_of,
    picture_of,
)
from alerts.web.parts import Parts
from monitor.archive import save_look
from tests.builders import a_look, a_square, days_ago


def card(age: float, *, shows: bool = False, clear: int = 100, held: str = "") -> Card:
    return Card(f"look-{age:g}", days_ago(age), "sentinel-2b", clear, "quiet", shows, held)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        pytest.param(
            [card(20), card(10), card(3, shows=True), card(1, shows=True)],
            ("look-10", "look-1"),
            id="the last without the sign, and the latest with it",
        ),
        pytest.param(
            [card(20), card(10, clear=10), card(3, shows=True)],
            ("look-20", "look-3"),
            id="not a cloudy one",
        ),
        pytest.param(
            [card(20), card(10, held="haze"), card(3, shows=True)],
            ("look-20", "look-3"),
            id="not a suspect one",
        ),
        pytest.param(
            [card(20, clear=5), card(3, shows=True)],
            ("look-20", "look-3"),
            id="a cloudy one if there is no other",
        ),
        pytest.param([card(20), card(10)], ("look-20", "look-10"), id="the last two"),
        pytest.param([card(3, shows=True)], None, id="one look cannot be compared"),
        pytest.param([], None, id="no look"),
    ],
)
def test_the_two_looks_that_are_shown_first(
    cards: list[Card], expected: tuple[str, str] | None
) -> None:
    pair = chosen(cards, "", "")

    assert (None if pair is None else (pair[0].look_id, pair[1].look_id)) == expected


def test_what_was_asked_for_is_shown_if_it_is_there() -> None:
    cards = [card(20), card(10), card(3, shows=True)]

    asked, unknown = chosen(cards, "look-3", "look-20"), chosen(cards, "look-99", "look-20")

    assert asked is not None
    assert [one.look_id for one in asked] == ["look-3", "look-20"]
    assert unknown is not None
    assert [one.look_id for one in unknown] == ["look-10", "look-20"]


def colours_of(parts: Parts, size: str = "large", **changes: object) -> dict[tuple[int, ...], int]:
    path = parts.settings.data_folder / "look.tif"
    save_look(a_look(**changes), path)  # type: ignore[arg-type]
    image = Image.open(io.BytesIO(picture_of(path, a_square(400), a_square(200), size)))
    counts = image.convert("RGB").getcolors(maxcolors=10**6) or []
    return {colour: count for count, colour in counts}  # type: ignore[misc]


def test_the_place_and_the_change_are_traced(parts: Parts) -> None:
    colours = colours_of(parts)

    assert colours[PLACE_COLOUR] > 0
    assert colours[CHANGE_COLOUR] > 0


def test_what_was_not_clear_is_grey(parts: Parts) -> None:
    cloudy = (slice(0, 12), slice(None))
    look = a_look()
    bands = {name: values.copy() for name, values in look.bands.items()}
    for values in bands.values():
        values[cloudy] = float("nan")

    colours = colours_of(parts, cloudy=cloudy, bands=bands)

    # Half of 528 x 528 pixels, less what the outlines cover.
    assert colours[NOT_CLEAR] == pytest.approx(528 * 528 / 2, rel=0.05)


def test_a_small_picture_is_small(parts: Parts) -> None:
    path = parts.settings.data_folder / "look.tif"
    save_look(a_look(), path)

    content = picture_of(path, a_square(400), None, "small")

    # 24 blocks at 5 pixels each are the most that fit into 132.
    assert Image.open(io.BytesIO(content)).size == (120, 120)
    assert len(content) < 20_000


def test_the_edges_of_a_picture_enclose_the_place(parts: Parts) -> None:
    path = parts.settings.data_folder / "look.tif"
    save_look(a_look(), path)

    frame = frame_of(path, a_square(400))

    west, south, east, north = a_square(400).bounds
    assert frame.west < west < east < frame.east
    assert frame.south < south < north < frame.north
    assert (frame.width_px, frame.height_px) == (528, 528)
