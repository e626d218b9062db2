from __future__ import annotations

from dataclasses import replace

import pytest
from shapely.geometry import Polygon

from alerts.ports import Outline
from maps.pair import WORLD, choose_pair, subject_of
from tests.maps.pictures import AFTER_AT, GRID, a_patch, a_picture, made_ground

AFTER = made_ground(AFTER_AT, burned=True)
RED_ONLY = replace(AFTER, bands={"red": AFTER.bands["red"]})
SWIR_ONLY = replace(AFTER, bands={"swir22": AFTER.bands["swir22"]})


@pytest.mark.parametrize(
    ("before", "after", "roles", "notices"),
    [
        pytest.param(AFTER, AFTER, ["before", "after"], (), id="both"),
        pytest.param(None, AFTER, ["after"], ("no_before",), id="only after"),
        pytest.param(AFTER, None, ["before"], ("no_after",), id="only before"),
        pytest.param(None, None, [], ("no_pictures",), id="none, or withheld"),
        pytest.param(SWIR_ONLY, RED_ONLY, ["after"], ("no_common_bands",), id="no common bands"),
        pytest.param(None, SWIR_ONLY, [], ("no_pictures",), id="no band that can be drawn"),
    ],
)
def test_what_is_missing_is_said(
    before: object, after: object, roles: list[str], notices: tuple[str, ...]
) -> None:
    pair = choose_pair(a_picture(before=before, after=after))

    assert [role for role, _ in pair.shown] == roles
    assert pair.notices == notices
    assert bool(pair.composites) == bool(roles)


def test_the_subject_is_the_settlement_and_what_changed_in_it() -> None:
    west, south, east, north = subject_of(a_picture())

    assert (west, south, north) == pytest.approx(
        (a_patch(330).bounds[0], a_patch(330).bounds[1], a_patch(330).bounds[3])
    )
    assert east == pytest.approx(a_patch(300, east_m=70).bounds[2])


def test_without_a_settlement_the_subject_is_the_stated_cell() -> None:
    cell = Outline("cell", "0.01 degree", a_patch(700))

    assert subject_of(a_picture(outlines=[cell])) == a_patch(700).bounds


def test_a_hotspot_alone_is_a_subject() -> None:
    picture = a_picture(outlines=[], hotspots=[(27.0, 13.0, "one"), (27.5, 12.5, "two")])

    assert subject_of(picture) == (27.0, 12.5, 27.5, 13.0)


def test_without_any_shape_the_picture_or_the_world_is_shown() -> None:
    nothing = a_picture(outlines=[Outline("ring", "", Polygon())], hotspots=[])

    assert subject_of(nothing) == GRID.outline.bounds
    assert subject_of(replace(nothing, before=None, after=None)) == WORLD
