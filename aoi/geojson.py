"""GeoJSON (RFC 7946), read strictly, one feature at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from aoi.errors import InvalidAoi
from aoi.feature import Feature, named, place
from aoi.json_text import Json, JsonText

Position = tuple[float, float]

WGS84_NAMES = ("CRS84", "EPSG::4326", "EPSG:4326")
"""Ends of the names that the former `crs` member gives to longitude and latitude."""

HEIGHT_DROPPED = "positions have a height or more; only longitude and latitude are kept"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it is refused (ALERTS T19)."""

    max_bytes: int
    max_features: int
    max_vertices: int = 50_000
    """Of one feature."""

    beyond_features: str = "split the file"
    """Hint when there are more features."""

    def grown(self, factor: int) -> Limits:
        """Return the limits of the same content, written `factor` times longer."""
        return replace(self, max_bytes=self.max_bytes * factor)


def features(stream: BinaryIO, limits: Limits) -> Iterator[Feature]:
    """Yield the features of a GeoJSON document, without holding more than one.

    Whoever takes them stores nothing before the last has come: what is wrong
    at the end of a file is found at its end.

    Raises
    ------
    InvalidAoi
        If anything in the document breaks RFC 7946 or a limit.
    """
    text = JsonText(stream, limits.max_bytes)
    if text.peek() != "{":
        text.take("{")
    members: dict[str, Json] = {}
    for key in text.members():
        if key == "features":
            members[key] = None
            yield from _collected(text, limits)
        else:
            members[key] = text.value()
    text.end()
    _check_crs(members.get("crs"))
    yield from _alone(members, limits)


def _collected(text: JsonText, limits: Limits) -> Iterator[Feature]:
    found = 0
    for index in text.elements():
        if index >= limits.max_features:
            raise InvalidAoi(
                f"more than {limits.max_features:,} features", hint=limits.beyond_features
            )
        with named(f"feature {index}"):
            member = text.value()
            if not isinstance(member, dict) or member.get("type") != "Feature":
                raise InvalidAoi(
                    'not a GeoJSON feature: its "type" is not "Feature"',
                    hint="export the file again as GeoJSON",
                )
        yield _feature(index, member, limits)
        found += 1
    if not found:
        raise InvalidAoi("no feature in the file", hint="draw at least one")


def _alone(members: dict[str, Json], limits: Limits) -> Iterator[Feature]:
    """Yield what a document other than a collection holds; check a collection's type."""
    kind = members.get("type")
    if "features" in members or kind == "FeatureCollection":
        if kind != "FeatureCollection" or "features" not in members:
            raise InvalidAoi(
                f'not GeoJSON: "type" is {_shown(kind)}, and "features" '
                f"{'is' if 'features' in members else 'is not'} there",
                hint='a collection has "type": "FeatureCollection" and "features": [...]',
            )
    elif kind == "Feature":
        yield _feature(0, members, limits)
    elif kind in SHAPES or kind in REFUSED_SHAPES:
        yield _feature(0, {"geometry": members, "properties": None}, limits)
    else:
        raise InvalidAoi(
            f'not GeoJSON: its "type" is {_shown(kind)}',
            hint="export it as a GeoJSON FeatureCollection in EPSG:4326",
        )


def _feature(index: int, member: dict[str, Json], limits: Limits) -> Feature:
    properties = member.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise InvalidAoi(
            f'feature {index}: its "properties" are {_shown(properties)}',
            hint="properties are an object, or null",
        )
    if isinstance(member.get("id"), str | int) and properties.get("id") in (None, ""):
        properties = {**properties, "id": member["id"]}
    with named(place(index, properties)):
        _check_crs(member.get("crs"))
        geometry, flat = shape_of(member.get("geometry"), limits.max_vertices)
    return Feature(index, geometry, properties, () if flat else (HEIGHT_DROPPED,))


SHAPES = {"Point": 0, "MultiPoint": 1, "Polygon": 2, "MultiPolygon": 3}
"""Shapes that are read, and how deep their positions are nested."""

REFUSED_SHAPES = ("LineString", "MultiLineString", "GeometryCollection")


def shape_of(geometry: Json, max_vertices: int = 50_000) -> tuple[BaseGeometry, bool]:
    """Return the shape of a GeoJSON geometry, and True if it had no heights.

    Every number is checked, and the vertices counted, before the geometry
    library sees one: it takes strings for numbers and closes rings silently.
    """
    if geometry is None:
        raise InvalidAoi("it has no geometry", hint="draw its outline, or remove the feature")
    if not isinstance(geometry, dict):
        raise InvalidAoi(f"its geometry is {_shown(geometry)}", hint="export the file again")
    kind = geometry.get("type")
    if kind in REFUSED_SHAPES:
        raise InvalidAoi(*_refused(kind, geometry))
    if kind not in SHAPES:
        raise InvalidAoi(
            f"its geometry has the type {_shown(kind)}", hint=f"use one of {', '.join(SHAPES)}"
        )
    _check_crs(geometry.get("crs"))
    coordinates = geometry.get("coordinates")
    if not coordinates:
        raise InvalidAoi("its geometry is empty", hint="draw its outline, or remove the feature")
    positions = list(_positions(coordinates, SHAPES[kind]))
    if len(positions) > max_vertices:
        raise InvalidAoi(
            f"it has {len(positions):,} vertices, more than {max_vertices:,}",
            hint="simplify the outline; 10 m are enough",
        )
    for position in positions:
        _check_position(position)
    return _built(kind, coordinates), all(len(position) == 2 for position in positions)


def _positions(coordinates: Json, depth: int) -> Iterator[Json]:
    if depth == 0:
        yield coordinates
        return
    if not isinstance(coordinates, list):
        raise InvalidAoi(
            f"{_shown(coordinates)} stands where a list of positions is due",
            hint="export the file again as GeoJSON",
        )
    if not coordinates:
        raise InvalidAoi("a part of its geometry is empty", hint="draw it again, or remove it")
    for member in coordinates:
        yield from _positions(member, depth - 1)


def _check_position(position: Json) -> None:
    if not isinstance(position, list) or len(position) < 2:
        raise InvalidAoi(
            f"{_shown(position)} stands where a position is due",
            hint="a position is [longitude, latitude]",
        )
    for number in position:
        # True is an int in Python, and "13" no number in JSON.
        if type(number) not in (int, float) or not math.isfinite(number):
            raise InvalidAoi(
                f"the coordinate {_shown(number)} is not a number",
                hint="write coordinates as numbers of degrees, without quotes",
            )
    check_range(position[0], position[1])


def check_range(longitude: float, latitude: float) -> None:
    """Refuse a position that cannot be degrees, with the likeliest reason as hint."""
    if abs(longitude) <= 180 and abs(latitude) <= 90:
        return
    raise InvalidAoi(
        f"the position ({longitude:g}, {latitude:g}) is out of the range of degrees",
        hint=_likely_reason(longitude, latitude),
    )


def _likely_reason(x: float, y: float) -> str:
    if abs(x) <= 90 and abs(y) <= 180:
        return "longitude and latitude look swapped: write longitude first"
    if 180 < abs(x) <= 360 and abs(y) <= 90:
        return "if the outline crosses the antimeridian, cut it at 180°; longitudes end there"
    if 100_000 <= x <= 900_000 and abs(y) <= 10_000_000:
        return (
            "these look like metres of a UTM zone (EPSG:326xx north, 327xx south): "
            "reproject to EPSG:4326"
        )
    if abs(x) <= 20_037_509 and abs(y) <= 20_048_967:
        return "these look like metres of web maps (EPSG:3857): reproject to EPSG:4326"
    return "coordinates are degrees in EPSG:4326, longitude first"


def _built(kind: str, coordinates: Json) -> BaseGeometry:
    if kind == "Point":
        return Point(coordinates[:2])
    if kind == "MultiPoint":
        return MultiPoint([position[:2] for position in coordinates])
    if kind == "Polygon":
        return _polygon(coordinates)
    parts = []
    for index, rings in enumerate(coordinates):
        with named(f"part {index}"):
            parts.append(_polygon(rings))
    return MultiPolygon(parts)


def _polygon(rings: Json) -> Polygon:
    shell, *holes = [_ring(index, ring) for index, ring in enumerate(rings)]
    return Polygon(shell, holes)


def _ring(index: int, positions: Json) -> list[Position]:
    ring = [(float(position[0]), float(position[1])) for position in positions]
    if ring[0] != ring[-1]:
        raise InvalidAoi(
            f"ring {index} is not closed: it ends elsewhere than it begins",
            hint=f"repeat its first position at its end: that makes {len(ring) + 1} positions",
        )
    if len(ring) < 4:
        raise InvalidAoi(
            f"ring {index} has {len(ring)} positions", hint="a closed ring has at least 4"
        )
    return ring


def _refused(kind: str, geometry: Mapping[str, Json]) -> tuple[str, str]:
    if kind == "GeometryCollection" and not geometry.get("geometries"):
        return "its geometry is empty", "draw its outline, or remove the feature"
    if kind == "GeometryCollection":
        return "its geometry is a collection", "make one feature of each of its members"
    return f"it is a line ({kind})", "areas are polygons; close the line to a polygon"


def _check_crs(crs: Json) -> None:
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not name.upper().endswith(WGS84_NAMES):
        raise InvalidAoi(
            f'its "crs" is {_shown(name)}, and GeoJSON is WGS 84 (RFC 7946)',
            hint="reproject it to EPSG:4326 and export it again",
        )


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
