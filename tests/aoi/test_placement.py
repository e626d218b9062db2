from __future__ import annotations

import pytest

from aoi.errors import InvalidAoi
from aoi.placement import placed
from tests.builders import a_settlement, a_square, an_aoi


def test_a_settlement_inside_is_placed_without_a_word() -> None:
    placement = placed([a_settlement(aoi_id="other")], "sd-test", [an_aoi()])

    assert [one.aoi_id for one in placement.settlements] == ["sd-test"]
    assert placement.notices == ()


def test_a_settlement_partly_outside_is_placed_with_a_notice() -> None:
    # The area ends 1,000 m east of the middle; half of 400 m lies beyond.
    edge = a_settlement(footprint=a_square(400, east_m=1_000))

    (notice,) = placed([edge], "sd-test", [an_aoi()]).notices

    assert notice.startswith("sd-test-0001 (Shagra): 50% of it lies outside the area sd-test")


def test_a_settlement_outside_is_refused_by_name() -> None:
    far = a_settlement(footprint=a_square(400, east_m=1_500))

    with pytest.raises(
        InvalidAoi, match=r"'sd-test-0001' .Shagra. lies outside the area 'sd-test'"
    ):
        placed([far], "sd-test", [an_aoi()])


def test_swapped_axes_are_told_where_the_area_shows_them() -> None:
    middle = a_square(400).centroid
    swapped = a_settlement(footprint=type(middle)(middle.y, middle.x).buffer(0.001))

    with pytest.raises(InvalidAoi) as refused:
        placed([swapped], "sd-test", [an_aoi()])
    assert "longitude and latitude are swapped" in refused.value.hint


def test_one_identifier_names_one_settlement() -> None:
    with pytest.raises(InvalidAoi, match="two settlements are called 'sd-test-0001'"):
        placed([a_settlement(), a_settlement(name="Other")], "sd-test", [an_aoi()])
