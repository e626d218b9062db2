"""Statements on the rows of areas, each inside a transaction of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from aoi.area import Aoi, AoiState
from aoi.errors import InvalidAoi, UnknownAoi
from aoi.placement import placed
from aoi.tables import AOI_AUDIT, AOIS, SETTLEMENTS, aoi_of, row_of_aoi, settlement_of

# Outlines that agree this well (about a metre) are one outline, written twice.
SAME_SHAPE_DEG = 1e-5


def members_of(connection: Connection, aoi_id: str) -> tuple[Aoi, ...]:
    query = select(AOIS).where(or_(AOIS.c.aoi_id == aoi_id, AOIS.c.group_id == aoi_id))
    return tuple(aoi_of(row) for row in connection.execute(query.order_by(AOIS.c.aoi_id)))


def unknown(aoi_id: str, tiles: Sequence[Aoi] = ()) -> UnknownAoi:
    if tiles:
        names = ", ".join(tile.aoi_id for tile in tiles[:3])
        return UnknownAoi(
            f"the area {aoi_id!r} is watched as {len(tiles)} tiles, not as one",
            hint=f"name one of them: {names}{' ...' if len(tiles) > 3 else ''}",
        )
    return UnknownAoi(f"no area is called {aoi_id!r}", hint="list them with: aoi list")


def require_new_shape(connection: Connection, tiles: Sequence[Aoi], own_id: str) -> None:
    for tile in tiles:
        west, south, _, _ = tile.geometry.bounds
        near = select(AOIS).where(
            AOIS.c.west.between(west - SAME_SHAPE_DEG, west + SAME_SHAPE_DEG),
            AOIS.c.south.between(south - SAME_SHAPE_DEG, south + SAME_SHAPE_DEG),
            AOIS.c.aoi_id != own_id,
            AOIS.c.group_id != own_id,
            AOIS.c.state != AoiState.ARCHIVED.value,
        )
        for row in connection.execute(near):
            if tile.geometry.normalize().equals_exact(row.geometry.normalize(), SAME_SHAPE_DEG):
                raise InvalidAoi(
                    f"the area {tile.aoi_id!r} has the same shape as {row.aoi_id!r}",
                    hint=f"see it with: aoi show {row.aoi_id}; two areas of one shape would "
                    "raise every alert twice",
                )


def insert_tiles(connection: Connection, tiles: Sequence[Aoi], now: datetime) -> None:
    rows = [{**row_of_aoi(tile), "added_at": now} for tile in tiles]
    try:
        connection.execute(insert(AOIS), rows)
    except IntegrityError as error:
        raise InvalidAoi(
            f"an area is already called {tiles[0].aoi_id!r}",
            hint="choose another id",
        ) from error


def replace_tiles(connection: Connection, standing: Sequence[Aoi], tiles: Sequence[Aoi]) -> None:
    if [aoi.aoi_id for aoi in standing] != sorted(tile.aoi_id for tile in tiles):
        aoi_id = tiles[0].group_id or tiles[0].aoi_id
        raise InvalidAoi(
            f"the area {aoi_id!r} is watched in {len(standing)} parts, "
            f"its new outline would make {len(tiles)}",
            hint="archive it with: aoi rm, and add the new outline under another id",
        )
    ids = [tile.aoi_id for tile in tiles]
    inside = select(SETTLEMENTS).where(SETTLEMENTS.c.aoi_id.in_(ids))
    # Refuses an outline that would leave a settlement outside.
    placed(map(settlement_of, connection.execute(inside)), tiles[0].aoi_id, tiles)
    for tile in tiles:
        row = connection.execute(select(AOIS).where(AOIS.c.aoi_id == tile.aoi_id)).one()
        due_at = row.last_run_at + tile.revisit if row.last_run_at else None
        connection.execute(
            update(AOIS)
            .where(AOIS.c.aoi_id == tile.aoi_id)
            .values({**row_of_aoi(tile), "due_at": due_at})
        )


def record(
    connection: Connection, at: datetime, actor: str, action: str, subject: str, detail: str
) -> None:
    connection.execute(
        insert(AOI_AUDIT).values(at=at, actor=actor, action=action, subject=subject, detail=detail)
    )
