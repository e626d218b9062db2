from __future__ import annotations

import pytest
from sqlalchemy import Engine

from aoi import settlement_rows
from aoi.area_rows import insert_tiles
from aoi.database import reading, writing
from aoi.errors import InvalidAoi
from aoi.settlement_rows import require_replaceable, standing_settlements, store_settlements
from tests.builders import NOW, a_settlement, an_aoi

VILLAGES = [a_settlement(settlement_id=f"v{index}") for index in range(5)]


def test_more_rows_than_one_statement_takes(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement_rows, "BATCH", 2)
    with writing(db) as connection:
        insert_tiles(connection, [an_aoi()], NOW)
        store_settlements(connection, VILLAGES, [], NOW)

    with reading(db) as connection:
        standing = standing_settlements(connection, VILLAGES[:4])
    assert standing == {village.settlement_id: village for village in VILLAGES[:4]}


def test_one_that_differs_is_replaced_only_with_leave() -> None:
    altered = a_settlement(settlement_id="v0", name="New")
    standing = {"v0": VILLAGES[0]}

    require_replaceable([altered], standing, [an_aoi()], replace=True)
    with pytest.raises(InvalidAoi, match="is there already and differs"):
        require_replaceable([altered], standing, [an_aoi()], replace=False)


def test_one_of_another_area_is_never_replaced() -> None:
    altered = a_settlement(settlement_id="v0", name="New")

    with pytest.raises(InvalidAoi, match="in the area 'sd-test'"):
        require_replaceable([altered], {"v0": VILLAGES[0]}, [an_aoi(aoi_id="other")], replace=True)
