"""Areas and settlements for programs: found by the database, whole only for those on one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from shapely.geometry import mapping
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from alerts.disclosure import (
    AUDIENCES,
    LEAST_TLP_OF_KIND,
    TLP_OF_SENSITIVITY,
    TLPS,
    Audience,
    Bounds,
)
from alerts.web.page import Page
from alerts.web.records import BEYOND_DEG, Asked, Feature, Found
from alerts.web.watched import Group, Named, group_of, loaded, named_groups
from aoi.area import Aoi, AoiState, Sensitivity
from aoi.database import reading
from aoi.errors import UnknownAoi
from aoi.export import duration_text
from aoi.settlement import Settlement, SettlementKind
from aoi.tables import AOIS, SETTLEMENTS, settlement_of
from monitor.finding import FindingKind

WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)


def areas_for(page: Page, asked: Asked) -> Found:
    """Return the areas that the asker may see; audiences that see cells see no outline."""
    names = _visible_names(page, asked.bounds)
    if asked.bounds is None:
        # The outlines of one page are enough.
        groups = loaded(page.parts.database, names[asked.offset : asked.offset + asked.limit])
        return Found([area_feature(one) for one in groups], len(names))
    near = loaded(page.parts.database, names)
    shown = [one for one in near if asked.meets(one.whole.geometry)]
    some = shown[asked.offset : asked.offset + asked.limit]
    return Found([area_feature(one) for one in some], len(shown))


def area_for(page: Page, aoi_id: str) -> Group:
    """Return one area; one that the asker may not see is as if it were not.

    Raises
    ------
    UnknownAoi
    """
    found = group_of(page.parts.registry, page.visitor, aoi_id)
    tiles = tuple(
        tile for tile in found.tiles if tile.state in WATCHED and _may_see(_audience(page), tile)
    )
    # A tile by its own name is no area: it is the bigger one that was drawn.
    if not tiles or tiles[0].group_id not in ("", aoi_id):
        raise UnknownAoi(f"no area is called {aoi_id[:80]!r}", hint="list those there are")
    return Group(aoi_id, tiles)


def settlements_for(page: Page, asked: Asked, aoi_id: str = "") -> Found:
    """Return the settlements of areas that the asker may see, or of one of them."""
    query = _visible_settlements(page)
    if aoi_id:
        query = query.where(SETTLEMENTS.c.aoi_id.in_(area_for(page, aoi_id).ids))
    if asked.bounds is not None:
        rows = _rows(page, query.where(_beside(SETTLEMENTS.c, asked.bounds, 0.0)))
        near = [one for one in map(settlement_of, rows) if asked.meets(one.footprint)]
        some = near[asked.offset : asked.offset + asked.limit]
        return Found([settlement_feature(one) for one in some], len(near))
    with reading(page.parts.database) as connection:
        matched = connection.execute(
            select(func.count()).select_from(query.order_by(None).subquery())
        ).scalar_one()
    rows = _rows(page, query.limit(asked.limit).offset(asked.offset))
    return Found([settlement_feature(settlement_of(row)) for row in rows], matched)


def settlement_for(page: Page, settlement_id: str) -> Feature:
    """Return one settlement.

    Raises
    ------
    UnknownAoi
    """
    query = _visible_settlements(page).where(SETTLEMENTS.c.settlement_id == settlement_id)
    for row in _rows(page, query):
        return settlement_feature(settlement_of(row))
    raise UnknownAoi(f"no settlement is called {settlement_id[:80]!r}", hint="list those there are")


def area_feature(group: Group) -> Feature:
    """Return an area in the form in which it is added, with its state."""
    area = group.first
    return {
        "type": "Feature",
        "id": group.aoi_id,
        "geometry": mapping(group.whole.geometry),
        "properties": {
            "id": group.aoi_id,
            "name": group.name,
            "sensitivity": area.sensitivity.value,
            "revisit": duration_text(area.revisit),
            "detectors": list(area.detectors),
            "state": area.state.value,
            "tiles": len(group.tiles),
        },
    }


def settlement_feature(one: Settlement) -> Feature:
    """Return a settlement in the form in which it is imported."""
    return {
        "type": "Feature",
        "id": one.settlement_id,
        "geometry": mapping(one.footprint),
        "properties": {
            "id": one.settlement_id,
            "aoi_id": one.aoi_id,
            "name": one.name,
            "name_local": one.name_local,
            "kind": one.kind.value,
            "structures": one.structures,
            "footprint": "assumed" if one.footprint_assumed else "mapped",
            "admin_pcode": one.admin_pcode,
        },
    }


def _rows(page: Page, query: Select[Any]) -> Iterable[Any]:
    with reading(page.parts.database) as connection:
        return connection.execute(query).all()


def _visible_names(page: Page, bounds: Bounds | None) -> list[Named]:
    """Return the areas that the asker may see, those near a box alone if there is one."""
    engine, sensitivities = page.parts.database, _sensitivities(_audience(page))
    allowed = select(AOIS.c.aoi_id, AOIS.c.group_id).where(AOIS.c.sensitivity.in_(sensitivities))
    near = allowed if bounds is None else allowed.where(_beside(AOIS.c, bounds, BEYOND_DEG))
    with reading(engine) as connection:
        tiles = {row.aoi_id for row in connection.execute(allowed)}
        wanted = {row.group_id or row.aoi_id for row in connection.execute(near)}
    return [
        replace(one, tile_ids=tuple(filter(tiles.__contains__, one.tile_ids)))
        for one in named_groups(engine, page.visitor, WATCHED)
        if one.aoi_id in wanted
    ]


def _visible_settlements(page: Page) -> Select[Any]:
    """Return a query of settlements, in their order; camps are as restricted as finds there."""
    audience, areas = _audience(page), page.visitor.areas
    visible = select(AOIS.c.aoi_id).where(
        AOIS.c.state.in_([state.value for state in WATCHED]),
        AOIS.c.sensitivity.in_(_sensitivities(audience)),
    )
    if areas is not None:
        visible = visible.where(AOIS.c.aoi_id.in_(sorted(areas)))
    query = select(SETTLEMENTS).where(SETTLEMENTS.c.aoi_id.in_(visible))
    if not _may_see_camps(audience):
        query = query.where(SETTLEMENTS.c.kind != SettlementKind.CAMP.value)
    return query.order_by(SETTLEMENTS.c.settlement_id)


def _beside(columns: Any, bounds: Bounds, margin: float) -> ColumnElement[bool]:
    """Return the condition that a row's own box touches another."""
    west, south, east, north = bounds
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    across = (
        and_(columns.west <= last + margin, columns.east >= first - margin) for first, last in spans
    )
    return and_(or_(*across), columns.south <= north + margin, columns.north >= south - margin)


def _audience(page: Page) -> Audience:
    return AUDIENCES[page.visitor.audience]


def _sensitivities(audience: Audience) -> list[str]:
    return [one.value for one in Sensitivity if _may_see_kind(audience, one)]


def _may_see(audience: Audience, area: Aoi) -> bool:
    return _may_see_kind(audience, area.sensitivity)


def _may_see_kind(audience: Audience, sensitivity: Sensitivity) -> bool:
    label = TLP_OF_SENSITIVITY[sensitivity]
    return audience.step_deg == 0.0 and TLPS.index(label) <= TLPS.index(audience.ceiling)


def _may_see_camps(audience: Audience) -> bool:
    label = LEAST_TLP_OF_KIND[FindingKind.CAMP_NEW]
    return TLPS.index(label) <= TLPS.index(audience.ceiling)
