"""Statements on the rows of settlements, each inside a transaction of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from aoi.area import Aoi
from aoi.errors import InvalidAoi
from aoi.settlement import Settlement
from aoi.tables import SETTLEMENTS, row_of_settlement, settlement_of

BATCH = 5_000
"""Rows of one statement; SQLite binds 32,766 values at most."""


def standing_settlements(
    connection: Connection, settlements: Sequence[Settlement]
) -> dict[str, Settlement]:
    ids = [settlement.settlement_id for settlement in settlements]
    standing: dict[str, Settlement] = {}
    for start in range(0, len(ids), BATCH):
        query = select(SETTLEMENTS).where(
            SETTLEMENTS.c.settlement_id.in_(ids[start : start + BATCH])
        )
        standing |= {row.settlement_id: settlement_of(row) for row in connection.execute(query)}
    return standing


def require_replaceable(
    altered: Sequence[Settlement],
    standing: Mapping[str, Settlement],
    members: Sequence[Aoi],
    *,
    replace: bool,
) -> None:
    own = {member.aoi_id for member in members}
    for settlement in altered:
        there = standing[settlement.settlement_id]
        if there.aoi_id not in own:
            raise InvalidAoi(
                f"a settlement is already called {settlement.settlement_id!r}, "
                f"in the area {there.aoi_id!r}",
                hint="identifiers are unique over all areas: give this one another id",
            )
        if not replace:
            raise InvalidAoi(
                f"the settlement {settlement.settlement_id!r} ({there.name}) is there already "
                "and differs",
                hint="replace it with: settlement import --replace, or give it another id",
            )


def store_settlements(
    connection: Connection,
    fresh: Sequence[Settlement],
    altered: Sequence[Settlement],
    now: datetime,
) -> None:
    for start in range(0, len(fresh), BATCH):
        rows = [{**row_of_settlement(one), "added_at": now} for one in fresh[start : start + BATCH]]
        connection.execute(insert(SETTLEMENTS), rows)
    for settlement in altered:
        connection.execute(
            update(SETTLEMENTS)
            .where(SETTLEMENTS.c.settlement_id == settlement.settlement_id)
            .values(row_of_settlement(settlement))
        )
