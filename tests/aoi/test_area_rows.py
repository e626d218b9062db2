from __future__ import annotations

import pytest
from shapely.affinity import translate
from sqlalchemy import Engine

from aoi.area_rows import insert_tiles, members_of, require_new_shape, unknown
from aoi.database import reading, writing
from aoi.errors import InvalidAoi
from tests.builders import NOW, an_aoi


@pytest.mark.parametrize(("degrees", "same"), [(5e-6, True), (5e-5, False)], ids=["0.5 m", "5 m"])
def test_shapes_that_agree_to_a_metre_are_the_same(db: Engine, degrees: float, same: bool) -> None:
    other = an_aoi(aoi_id="sd-other", geometry=translate(an_aoi().geometry, degrees, 0))
    with writing(db) as connection:
        insert_tiles(connection, [an_aoi()], NOW)

        if same:
            with pytest.raises(InvalidAoi, match="same shape as 'sd-test'"):
                require_new_shape(connection, [other], "sd-other")
        else:
            require_new_shape(connection, [other], "sd-other")


def test_members_are_the_area_or_its_tiles_in_order(db: Engine) -> None:
    tiles = [
        an_aoi(aoi_id=f"sd-big-r0c{column}", group_id="sd-big", name=f"Big (r0c{column})")
        for column in (1, 0)
    ]
    with writing(db) as connection:
        insert_tiles(connection, [*tiles, an_aoi()], NOW)

    with reading(db) as connection:
        assert members_of(connection, "sd-big") == tuple(reversed(tiles))
        assert members_of(connection, "sd-test") == (an_aoi(),)
        assert members_of(connection, "sd") == ()


def test_an_identifier_that_another_process_took_is_told(db: Engine) -> None:
    with pytest.raises(InvalidAoi, match="already called 'sd-test'"), writing(db) as connection:
        insert_tiles(connection, [an_aoi()], NOW)
        insert_tiles(connection, [an_aoi()], NOW)


def test_what_is_not_known_names_three_tiles_at_most() -> None:
    tiles = [an_aoi(aoi_id=f"t{index}") for index in range(5)]

    assert unknown("big", tiles).hint == "name one of them: t0, t1, t2 ..."
    assert unknown("big").hint == "list them with: aoi list"
