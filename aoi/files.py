"""Areas and settlements from files that people made.

Every message names the file, the feature by index and id, and the rule. A file
is taken whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import shapely
from shapely.geometry import MultiPoint, Point

from aoi.area import Aoi, Sensitivity
from aoi.errors import InvalidAoi
from aoi.feature import Feature, gathered, named
from aoi.geojson import Limits
from aoi.grid import utm_epsg
from aoi.land import at_sea
from aoi.layer import opened_layer
from aoi.outline import Surface, checked_area, checked_footprint, disc, radius_m
from aoi.properties import AREA_KEYS, SETTLEMENT_KEYS, Properties
from aoi.settlement import Settlement, SettlementKind
from aoi.text import slug
from aoi.tiling import MAX_SIDE_KM, sides, size_km, surface, tiled

AREA_LIMITS = Limits(
    max_bytes=10_000_000,
    max_features=1_000,
    beyond_features="settlements go to: settlement import FILE --aoi ID",
)
SETTLEMENT_LIMITS = Limits(max_bytes=100_000_000, max_features=200_000)


@dataclass(frozen=True, slots=True)
class ReadAreas:
    """Areas of a file, as they were drawn; the registry cuts big ones into tiles."""

    areas: tuple[Aoi, ...]
    notices: tuple[str, ...]
    """What was changed or deserves a second look, to be shown before saving."""


@dataclass(frozen=True, slots=True)
class ReadSettlements:
    """Settlements of a file."""

    settlements: tuple[Settlement, ...]
    notices: tuple[str, ...]


def read_areas(path: Path, *, detectors: Collection[str] = (), encoding: str = "") -> ReadAreas:
    """Return the areas that a file holds.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage, Shapefile (bare or zipped), KML, KMZ or FlatGeobuf,
        with the properties of CONTRACT section 5.
    detectors : collection of str
        Names that the property of that name may hold; empty: any.
    encoding : str
        Encoding of names in a Shapefile that does not state it; empty: guess.

    Raises
    ------
    InvalidAoi
        If anything in the file cannot be used.
    """
    areas: list[Aoi] = []
    notices: list[tuple[str, str]] = []
    with opened_layer(path, AREA_LIMITS, encoding) as layer:
        for feature in layer.features:
            with named(feature.where):
                area, said = area_of(feature, path.stem, detectors)
            areas.append(area)
            notices += [(feature.where, what) for what in said]
        _require_unique(area.aoi_id for area in areas)
    return ReadAreas(tuple(areas), (*layer.said, *gathered(notices)))


def read_settlements(
    path: Path, aoi: Aoi, *, fields: Mapping[str, str] | None = None, encoding: str = ""
) -> ReadSettlements:
    """Return the settlements that a file holds, for the area `aoi`.

    Parameters
    ----------
    path : Path
        As in `read_areas`; shapes are footprints or points.
    aoi : Aoi
        Area that they belong to.
    fields : mapping of str to str, optional
        Our property to the file's, where it has another name:
        ``{"name": "localite"}``.
    encoding : str
        As in `read_areas`.

    Raises
    ------
    InvalidAoi
        If anything in the file cannot be used. Where a settlement lies is
        checked by the registry.
    """
    drafts: list[Settlement] = []
    notices: list[tuple[str, str]] = []
    with opened_layer(path, SETTLEMENT_LIMITS, encoding) as layer:
        for feature in (renamed(found, fields or {}) for found in layer.features):
            with named(feature.where):
                settlement, said = settlement_of(feature, aoi.aoi_id)
            drafts.append(settlement)
            notices += [(feature.where, what) for what in said]
        settlements, doubled = identified(drafts, aoi.aoi_id)
    said = (*layer.said, *gathered(notices))
    if doubled:
        said += (f"{doubled} settlements stand twice, name and place, and are taken once",)
    return ReadSettlements(settlements, said)


def renamed(feature: Feature, fields: Mapping[str, str]) -> Feature:
    """Return `feature` with properties under our names as well."""
    if not fields:
        return feature
    properties = dict(feature.properties)
    for ours, theirs in fields.items():
        if theirs not in properties:
            raise InvalidAoi(
                f"{feature.where}: there is no property {theirs!r}",
                hint=f"its properties are {', '.join(map(repr, feature.properties))}",
            )
        properties[ours] = properties[theirs]
    return replace(feature, properties=properties)


def area_of(
    feature: Feature, file_name: str, detectors: Collection[str] = ()
) -> tuple[Aoi, tuple[str, ...]]:
    """Return the area that `feature` describes, and notices.

    Without an id it is called after its name, without a name after the file.
    """
    written = Properties(feature.properties, AREA_KEYS)
    outline, notices = checked_area(feature.geometry)
    name = written.text("name")
    if not name and "name" in feature.properties and feature.properties["name"] is not None:
        raise InvalidAoi("its name is empty", hint="give it a name that readers will know")
    aoi_id = written.identifier() or slug(name) or _numbered(slug(file_name), feature.index)
    area = Aoi(
        aoi_id=aoi_id,
        name=name or aoi_id,
        geometry=outline,
        epsg=epsg_of(outline),
        revisit=written.duration("revisit", timedelta(days=1)),
        sensitivity=written.choice("sensitivity", Sensitivity, Sensitivity.PARTNERS),
        detectors=_known_detectors(written.words("detectors"), detectors),
    )
    said = (*feature.notices, *notices, *written.notices, *_doubts(outline), *_tiling_notice(area))
    return area, said


def settlement_of(feature: Feature, aoi_id: str) -> tuple[Settlement, tuple[str, ...]]:
    """Return the settlement that `feature` describes, and notices.

    Its identifier is empty if the file gives none.
    """
    written = Properties(feature.properties, SETTLEMENT_KEYS)
    structures = written.count("structures", 1_000_000)
    given_m = written.number("radius_m", 10, 10_000)
    if isinstance(feature.geometry, Point | MultiPoint):
        footprint = _discs(feature.geometry, radius_m(structures, given_m))
        notices: tuple[str, ...] = ()
        assumed = True
    else:
        footprint, notices = checked_footprint(feature.geometry)
        assumed = written.text("footprint").lower() == "assumed"
    settlement = Settlement(
        settlement_id=written.identifier(),
        aoi_id=aoi_id,
        name=written.text("name"),
        footprint=footprint,
        name_local=written.text("name_local"),
        kind=written.choice("kind", SettlementKind, SettlementKind.VILLAGE),
        structures=structures,
        footprint_assumed=assumed,
        admin_pcode=written.text("admin_pcode"),
    )
    return settlement, (*feature.notices, *notices, *written.notices)


def epsg_of(outline: Surface) -> int:
    """Return the UTM zone of the centroid of `outline`, east of the antimeridian if cut there."""
    centre = sides(outline)[0].centroid
    return utm_epsg(centre.x, centre.y)


def identified(drafts: Iterable[Settlement], aoi_id: str) -> tuple[tuple[Settlement, ...], int]:
    """Return `drafts`, each with an identifier and a name, and how many were the same.

    One without an identifier is called after its area, its name and a digest
    of its position: villages share names, and the same place must be called
    the same however the file is sorted and whatever is added to it.

    Raises
    ------
    InvalidAoi
        If two have the same identifier; both indexes are named.
    """
    first: dict[str, tuple[int, Settlement]] = {}
    doubled = 0
    for index, draft in enumerate(drafts):
        settlement = _identified(draft, aoi_id)
        other, same = first.setdefault(settlement.settlement_id, (index, settlement))
        if other != index and not draft.settlement_id and same == settlement:
            doubled += 1
        elif other != index:
            raise _taken_twice(other, index, settlement.settlement_id)
    return tuple(settlement for _, settlement in first.values()), doubled


def _identified(draft: Settlement, aoi_id: str) -> Settlement:
    settlement_id = draft.settlement_id
    if not settlement_id:
        words = (aoi_id, slug(draft.name)[:40].rstrip("-._"), _position_digest(draft))
        settlement_id = "-".join(word for word in words if word)
    return replace(draft, settlement_id=settlement_id, name=draft.name or settlement_id)


def _position_digest(settlement: Settlement) -> str:
    centre = settlement.footprint.centroid
    return hashlib.sha256(f"{centre.x:.5f},{centre.y:.5f}".encode()).hexdigest()[:6]


def _discs(points: Point | MultiPoint, metres: float) -> Surface:
    if isinstance(points, Point):
        return disc(points.x, points.y, metres)
    discs = [disc(point.x, point.y, metres) for point in points.geoms]
    return discs[0] if len(discs) == 1 else surface(shapely.unary_union(discs))


def _doubts(outline: Surface) -> tuple[str, ...]:
    centre = sides(outline)[0].centroid
    if not at_sea(centre.x, centre.y):
        return ()
    return (
        "its middle lies at sea, far from land: make sure that longitude comes before latitude",
    )


def _tiling_notice(area: Aoi) -> tuple[str, ...]:
    tiles = tiled(area)
    if len(tiles) == 1:
        return ()
    sizes = (size_km(side) for side in sides(area.geometry))
    drawn = " and ".join(f"{width:.0f} x {height:.0f} km" for width, height in sizes)
    return (
        f"{drawn}: it is watched in {len(tiles)} tiles of about {MAX_SIDE_KM:.0f} x "
        f"{MAX_SIDE_KM:.0f} km at most, and shown as one",
    )


def _known_detectors(names: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    for name in names:
        if known and name not in known:
            raise InvalidAoi(
                f"there is no detector {name!r}", hint=f"detectors: {', '.join(known)}"
            )
    return names or ("burn",)


def _numbered(stem: str, index: int) -> str:
    return f"{stem or 'area'}-{index + 1}" if index else stem or "area"


def _require_unique(ids: Iterable[str]) -> None:
    indexes: dict[str, int] = {}
    for index, name in enumerate(ids):
        if indexes.setdefault(name, index) != index:
            raise _taken_twice(indexes[name], index, name)


def _taken_twice(first: int, second: int, name: str) -> InvalidAoi:
    return InvalidAoi(
        f"features {first} and {second} have the same id {name!r}",
        hint="an id names one thing, for ever: change one of them",
    )
