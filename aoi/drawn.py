"""Areas written on the command line: ``--bbox W,S,E,N`` and ``--wkt``."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from aoi.area import Aoi, Sensitivity
from aoi.errors import InvalidAoi
from aoi.feature import Feature, named
from aoi.files import ReadAreas, area_of
from aoi.geojson import check_range, shape_of
from aoi.json_text import parsed
from aoi.properties import AREA_KEYS, Properties

MAX_WKT = 2_000_000
BBOX_HINT = "write --bbox W,S,E,N in degrees, such as 24.8,13.4,25.3,13.9"
WKT_HINT = "write POLYGON ((25 13, 26 13, 26 14, 25 13)) or MULTIPOLYGON, longitude first"

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
POSITION = re.compile(rf"{NUMBER}(?:\s+{NUMBER}){{1,3}}")
WKT = re.compile(r"\s*(MULTIPOLYGON|POLYGON)\s*(?:Z|M|ZM)?\s*(\(.*\))\s*", re.DOTALL | re.I)
BRACKETS = str.maketrans("()", "[]")


def area_from_bbox(text: str, *, aoi_id: str = "", name: str = "") -> ReadAreas:
    """Return the rectangle that `text` names: west, south, east, north in degrees.

    Raises
    ------
    InvalidAoi
        If it is not four numbers in that order, or no area can have that shape.
    """
    with named(f"--bbox {text[:80]}"):
        west, south, east, north = _edges(text)
        for longitude, latitude in ((west, south), (east, north)):
            check_range(longitude, latitude)
        if west >= east:
            raise InvalidAoi(
                f"its west edge {west:g} is not west of its east edge {east:g}",
                hint=f"{BBOX_HINT}; an area over the antimeridian is cut at 180°",
            )
        if south >= north:
            raise InvalidAoi(
                f"its south edge {south:g} is not south of its north edge {north:g}",
                hint=BBOX_HINT,
            )
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return _drawn({"type": "Polygon", "coordinates": [ring]}, aoi_id, name)


def area_from_wkt(text: str, *, aoi_id: str = "", name: str = "") -> ReadAreas:
    """Return the area that the well-known text `text` describes, EPSG:4326.

    Raises
    ------
    InvalidAoi
        If it is not a POLYGON or MULTIPOLYGON, or no area can have that shape.
    """
    with named("--wkt"):
        if len(text) > MAX_WKT:
            raise InvalidAoi(
                f"it has {len(text):,} characters, more than {MAX_WKT:,}",
                hint="put the outline into a file",
            )
        found = WKT.fullmatch(text)
        if found is None:
            raise InvalidAoi(f"{text[:60]!r} is not an outline", hint=_wkt_hint(text))
        # The geometry library's own reader overflows its stack on many parentheses.
        positions = POSITION.sub(
            lambda position: f"[{','.join(map(_plain, position[0].split()))}]", found[2]
        )
        nested = _nested(positions.translate(BRACKETS))
        geometry = {"type": _kind(found[1]), "coordinates": nested}
        return _drawn(geometry, aoi_id, name)


def _nested(text: str) -> object:
    depth = 0
    for bracket in re.findall(r"[\[\]]", text):
        depth += 1 if bracket == "[" else -1
        if depth > 4:
            raise InvalidAoi("its parentheses are nested too deep", hint=WKT_HINT)
    try:
        return parsed(text)
    except InvalidAoi as error:
        raise InvalidAoi(f"it is not well-known text ({error.message})", hint=WKT_HINT) from error


def _drawn(geometry: dict[str, object], aoi_id: str, name: str) -> ReadAreas:
    outline, flat = shape_of(geometry)
    properties = {key: text for key, text in (("id", aoi_id), ("name", name)) if text}
    area, notices = area_of(Feature(0, outline, properties), "area")
    if not flat:
        notices += ("heights are dropped",)
    return ReadAreas((area,), notices)


def _edges(text: str) -> tuple[float, float, float, float]:
    words = [word for word in re.split(r"[,\s]+", text.strip()) if word]
    if len(words) != 4:
        raise InvalidAoi(f"it has {len(words)} numbers, not 4", hint=BBOX_HINT)
    numbers = [_number(word) for word in words]
    west, south, east, north = numbers
    return west, south, east, north


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidAoi(f"{word[:30]!r} is not a number", hint=BBOX_HINT)
    return number


def _plain(number: str) -> str:
    """Return a number as JSON writes it: no plus, no bare point."""
    return repr(float(number))


def _kind(word: str) -> str:
    return "Polygon" if word.upper() == "POLYGON" else "MultiPolygon"


def _wkt_hint(text: str) -> str:
    upper = text.strip().upper()
    if upper.startswith("SRID"):
        return "leave SRID=...; out: coordinates are EPSG:4326"
    if upper.endswith("EMPTY"):
        return "it is empty: an area needs an outline"
    if upper.startswith(("CURVE", "COMPOUND", "CIRCULAR", "MULTISURFACE", "TIN", "POLYHEDRAL")):
        return "curves and solids are not read: convert them to POLYGON"
    return WKT_HINT


def changed_by(
    area: Aoi,
    *,
    aoi_id: str = "",
    name: str = "",
    sensitivity: str = "",
    revisit: str = "",
) -> Aoi:
    """Return `area` with what the command line says instead of the file.

    Raises
    ------
    InvalidAoi
        If an option holds what a file may not hold either.
    """
    options = {"id": aoi_id, "name": name, "sensitivity": sensitivity, "revisit": revisit}
    given = Properties({key: text for key, text in options.items() if text}, AREA_KEYS)
    return replace(
        area,
        aoi_id=given.identifier() or area.aoi_id,
        name=given.text("name") or area.name,
        sensitivity=given.choice("sensitivity", Sensitivity, area.sensitivity),
        revisit=given.duration("revisit", area.revisit),
    )
