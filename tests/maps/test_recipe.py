from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from PIL import Image

from maps.plate import plate_png
from maps.recipe import recipe_of
from monitor.observation import Observation
from tests.maps.pictures import a_picture


def recipe() -> Any:
    return json.loads(json.dumps(recipe_of(a_picture())))["plate.png"]


def colour_by_hand(seen: Observation, row: int, column: int, said: Any) -> list[int]:
    """Work a colour out from the recipe alone, as a stranger would."""
    colours = said["colours"]
    gamma = float.fromhex(colours["gamma"])
    found = []
    for band, low, high in zip(
        colours["red_green_blue"], colours["low"], colours["high"], strict=True
    ):
        least, most = float.fromhex(low), float.fromhex(high)
        share = (float(seen.bands[band][row, column]) - least) / (most - least)
        found.append(round(255 * min(max(share, 0.0), 1.0) ** gamma))
    return found


def test_a_stranger_can_draw_the_pixels_again() -> None:
    said, picture = recipe(), a_picture()
    assert picture.after is not None
    sheet = np.asarray(Image.open(io.BytesIO(plate_png(picture))).convert("RGB"))
    window, grid = said["window"], picture.after.grid
    size = float.fromhex(window["metres_per_px"]) * said["fine"]
    panel = window["width_px"] // said["fine"] + said["gap_px"]

    drawn_alike = 0
    for row in range(2, grid.height - 2, 3):
        for column in range(2, grid.width - 2, 3):
            x = grid.left_m + (column + 0.5) * grid.resolution_m
            y = grid.top_m - (row + 0.5) * grid.resolution_m
            at = int((x - float.fromhex(window["left_m"])) / size)
            down = int((float.fromhex(window["top_m"]) - y) / size)
            inside = 0 <= at < panel - said["gap_px"] and 0 <= down < sheet.shape[0]
            if not inside or not np.isfinite(picture.after.bands["red"][row, column]):
                continue
            by_hand = colour_by_hand(picture.after, row, column, said)
            drawn_alike += bool(np.abs(sheet[down, panel + at].astype(int) - by_hand).max() <= 2)

    # All but what lies under outlines, words, and at edges that were smoothed.
    assert drawn_alike > 50


def test_it_says_what_lines_mean_and_where_they_run() -> None:
    outlines = recipe()["outlines"]

    assert {one["role"] for one in outlines} >= {"settlement", "burned"}
    assert all(one["wkt"].startswith(("POLYGON", "MULTIPOLYGON")) for one in outlines)


def test_the_plate_without_loss_holds_nothing_but_pixels() -> None:
    image = Image.open(io.BytesIO(plate_png(a_picture())))

    assert image.format == "PNG"
    assert image.info == {}
    assert plate_png(a_picture()) == plate_png(a_picture())
