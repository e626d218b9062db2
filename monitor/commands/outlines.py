"""Areas that are written on the command line: a box, or a polygon as well-known text."""

from __future__ import annotations

import math

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from aoi.errors import InvalidAoi
from aoi.feature import Feature
from aoi.files import ReadAreas, area_of

MAX_WKT_CHARACTERS = 200_000
MAX_WKT_DEPTH = 8
NAME = "area"
"""What an area is called until --id and --name say otherwise."""


def area_of_bbox(text: str) -> ReadAreas:
    """Return the area that ``W,S,E,N`` in degrees describes.

    Raises
    ------
    InvalidAoi
        If it is not four numbers in that order.
    """
    parts = text.split(",")
    try:
        edges = [float(part) for part in parts]
    except ValueError as error:
        raise _not_a_box(text, "not all of it is numbers") from error
    if len(edges) != 4:
        raise _not_a_box(text, f"it has {len(edges)} numbers, not 4")
    if not all(math.isfinite(edge) for edge in edges):
        raise _not_a_box(text, "not all of it is finite")
    west, south, east, north = edges
    if not (
        -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90
    ):
        raise _not_a_box(text, "it lies outside ±180 and ±90 degrees")
    if west >= east or south >= north:
        raise _not_a_box(text, "west is not less than east, or south than north")
    return _area(box(west, south, east, north))


def area_of_wkt(text: str) -> ReadAreas:
    """Return the area that a WKT polygon in degrees describes.

    Raises
    ------
    InvalidAoi
        If it is not a polygon, or breaks a limit.
    """
    if len(text) > MAX_WKT_CHARACTERS:
        raise InvalidAoi(
            f"--wkt has {len(text)} characters, over {MAX_WKT_CHARACTERS}",
            hint="write it to a GeoJSON file and add that",
        )
    if _depth(text) > MAX_WKT_DEPTH:
        raise _not_a_polygon(text, "its parentheses are nested too deep")
    if text.lstrip().upper().startswith("SRID"):
        raise _not_a_polygon(text, "it names a reference system; it must be degrees, WGS84")
    try:
        geometry = shapely.from_wkt(text)
    except (ShapelyError, NotImplementedError) as error:
        raise _not_a_polygon(text, str(error).splitlines()[0]) from error
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise _not_a_polygon(text, f"it is a {geometry.geom_type}")
    if geometry.is_empty:
        raise _not_a_polygon(text, "it is empty")
    west, south, east, north = geometry.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise _not_a_polygon(text, "it lies outside ±180 and ±90 degrees")
    return _area(shapely.force_2d(geometry))


def _area(outline: BaseGeometry) -> ReadAreas:
    area, notices = area_of(Feature(0, outline), NAME)
    return ReadAreas((area,), notices)


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest


def _not_a_box(text: str, why: str) -> InvalidAoi:
    return InvalidAoi(
        f"--bbox {text[:60]!r} is not a box: {why}",
        hint="write west,south,east,north in degrees, longitude first: 24.9,12.0,25.3,12.4",
    )


def _not_a_polygon(text: str, why: str) -> InvalidAoi:
    return InvalidAoi(
        f"--wkt {text[:60]!r} is not an area: {why}",
        hint="write POLYGON((24.9 12.0, 25.3 12.0, 25.3 12.4, 24.9 12.0)), longitude first",
    )
