from __future__ import annotations

from sqlalchemy import Engine, insert, inspect, select

from aoi.database import METADATA, reading, writing
from aoi.tables import AOIS, SETTLEMENTS, aoi_of, row_of_aoi, row_of_settlement, settlement_of
from tests.builders import NOW, a_settlement, an_aoi


def test_rows_become_the_values_they_were(db: Engine) -> None:
    with writing(db) as connection:
        connection.execute(insert(AOIS).values(**row_of_aoi(an_aoi()), added_at=NOW))
        connection.execute(
            insert(SETTLEMENTS).values(**row_of_settlement(a_settlement()), added_at=NOW)
        )

    with reading(db) as connection:
        assert aoi_of(connection.execute(select(AOIS)).one()) == an_aoi()
        assert settlement_of(connection.execute(select(SETTLEMENTS)).one()) == a_settlement()


def test_what_stands_in_the_bounds_is_the_shape_s(db: Engine) -> None:
    row = row_of_aoi(an_aoi())

    assert (row["west"], row["south"], row["east"], row["north"]) == an_aoi().geometry.bounds


def test_the_tables_of_the_room_are_made(db: Engine) -> None:
    assert {"aois", "settlements", "aoi_audit"} <= set(inspect(db).get_table_names())
    assert {"aois", "settlements", "aoi_audit"} <= set(METADATA.tables)
