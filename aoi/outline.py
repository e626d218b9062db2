"""What makes an outline usable: it has an area, does not cross itself, stays on one side."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from aoi.errors import InvalidAoi
from aoi.feature import named
from aoi.grid import BLOCK_M
from aoi.tiling import ELLIPSOID, area_km2, surface

MAX_AREA_KM2 = 600_000.0
"""Greatest area of one outline; Darfur, the largest region asked for so far, has 493,000."""

MAX_FOOTPRINT_KM2 = 2_500.0
"""Greatest footprint of one settlement; Bidi Bidi, a refugee settlement, has 791."""

# UTM zones end there; imagery of settlements does too.
SOUTHERNMOST, NORTHERNMOST = -80.0, 84.0

SQUARE_METRES_PER_STRUCTURE = 400.0
"""Ground of a village per building: 200 to 600 (DETECTION 5.3)."""

MIN_RADIUS_M = 75.0
ASSUMED_RADIUS_M = 150.0
"""Of a settlement of which nothing but a point is known (CONTRACT section 5)."""

CORNERS = 32
"""Of a disc: it has 0.9936 of the circle, and a country's worth of them fits into memory."""

UNIT_CIRCLE = np.column_stack(
    [
        np.sin(np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)),
        np.cos(np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)),
    ]
)

EARTH_RADIUS_KM = 6371.007
"""Of the sphere with the area of the earth."""

Surface = Polygon | MultiPolygon


def checked_area(geometry: BaseGeometry) -> tuple[Surface, tuple[str, ...]]:
    """Return the outline of an area, and notices of what was changed in it.

    Raises
    ------
    InvalidAoi
        If it has no area, crosses itself, reaches over the antimeridian or
        towards a pole, or is too small or too large.
    """
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise InvalidAoi(
            f"it is no area but a {geometry.geom_type}",
            hint="points are settlements; they go to: settlement import",
        )
    outline, notices = _checked(geometry, MAX_AREA_KM2)
    square_metres = area_km2(outline) * 1e6
    if square_metres < BLOCK_M**2:
        raise InvalidAoi(
            f"its area is {square_metres:.3g} m², less than one block of {BLOCK_M:g} x "
            f"{BLOCK_M:g} m",
            hint="draw the region to watch; a village alone is a settlement in it",
        )
    return outline, notices


def checked_footprint(geometry: BaseGeometry) -> tuple[Surface, tuple[str, ...]]:
    """Return the footprint of a settlement that was drawn, and notices."""
    return _checked(geometry, MAX_FOOTPRINT_KM2)


def disc(longitude: float, latitude: float, radius_m: float) -> Polygon:
    """Return the disc of `radius_m` around a position, EPSG:4326.

    Raises
    ------
    InvalidAoi
        If the disc would reach over the antimeridian or towards a pole.
    """
    sine2 = ELLIPSOID.es * math.sin(math.radians(latitude)) ** 2
    # Radii of curvature of the ellipsoid: along the meridian, and across it.
    meridian_m = ELLIPSOID.a * (1 - ELLIPSOID.es) / (1 - sine2) ** 1.5
    across_m = ELLIPSOID.a / math.sqrt(1 - sine2) * math.cos(math.radians(latitude))
    east_deg = math.degrees(radius_m / across_m)
    north_deg = math.degrees(radius_m / meridian_m)
    if abs(longitude) + east_deg > 180:
        raise _over_antimeridian()
    _check_latitudes(latitude - north_deg, latitude + north_deg)
    return Polygon(UNIT_CIRCLE * (east_deg, north_deg) + (longitude, latitude))


def radius_m(structures: int | None, given_m: float | None) -> float:
    """Return the radius of a settlement known as a point.

    Parameters
    ----------
    structures : int, optional
        Number of buildings.
    given_m : float, optional
        Radius that the file states; wins.
    """
    if given_m is not None:
        return given_m
    if structures is None:
        return ASSUMED_RADIUS_M
    return max(MIN_RADIUS_M, math.sqrt(structures * SQUARE_METRES_PER_STRUCTURE / math.pi))


def _checked(geometry: BaseGeometry, max_km2: float) -> tuple[Surface, tuple[str, ...]]:
    outline = surface(geometry)
    # A bow tie may have an area of nothing on balance: it crosses itself, which is said below.
    if outline.area == 0 and surface(shapely.make_valid(outline)).area == 0:
        raise InvalidAoi("it has no area", hint="draw an outline with at least three corners")
    _check_size(outline, max_km2)
    _check_position_on_earth(outline)
    parts = list(shapely.get_parts(outline))
    for index, part in enumerate(parts):
        with named(f"part {index}" if len(parts) > 1 else ""):
            _check_part(part)
    if outline.is_valid:
        return outline, ()
    merged = surface(shapely.unary_union([surface(shapely.make_valid(part)) for part in parts]))
    if not all(part.is_valid for part in parts):
        return merged, ("it touches itself at a corner and is taken in parts of the same area",)
    return merged, (
        f"its parts overlap and are taken as one: {_total_km2(outline):.4g} km² drawn, "
        f"{area_km2(merged):.4g} km² taken",
    )


def _check_size(outline: Surface, max_km2: float) -> None:
    if _reaches_round(outline):
        return
    west, _, east, _ = outline.bounds
    # On the ellipsoid an edge along a whole parallel has no length.
    size_km2 = area_km2(outline) if east - west < 180 else _plane_km2(outline)
    if size_km2 > max_km2:
        raise InvalidAoi(
            f"its area is {size_km2:,.0f} km², more than {max_km2:,.0f}",
            hint="watch the inhabited parts: several smaller areas",
        )


def _plane_km2(outline: Surface) -> float:
    """Return the area in the cylindrical equal-area projection of a sphere."""

    def projected(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        east, north = np.radians(positions).T
        return EARTH_RADIUS_KM * np.column_stack([east, np.sin(north)])

    return float(shapely.transform(outline, projected).area)


def _check_position_on_earth(outline: Surface) -> None:
    if _reaches_round(outline):
        raise _over_antimeridian()
    _, south, _, north = outline.bounds
    _check_latitudes(south, north)


def _check_latitudes(south: float, north: float) -> None:
    if south < SOUTHERNMOST or north > NORTHERNMOST:
        raise InvalidAoi(
            f"it reaches from latitude {south:g} to {north:g}, towards a pole",
            hint=f"areas lie between {SOUTHERNMOST:g} and {NORTHERNMOST:g} degrees",
        )


def _over_antimeridian() -> InvalidAoi:
    return InvalidAoi(
        "it crosses the antimeridian",
        hint="cut it at 180° into two parts of one MultiPolygon (RFC 7946, section 3.1.9)",
    )


def _reaches_round(outline: Surface) -> bool:
    """Return True if an edge spans more than half of the earth, as over the antimeridian.

    A ring along the whole of -180 to 180 is no such thing: it is the whole earth.
    """
    west, _, east, _ = outline.bounds
    if east - west <= 180:
        return False
    for part in shapely.get_parts(outline):
        west, _, east, _ = part.bounds
        if 180 < east - west < 360:
            return True
    return False


def _check_part(part: Polygon) -> None:
    if part.is_valid and part.area > 0:
        return
    shell = Polygon(part.exterior)
    if shell.is_valid:
        for number, hole in enumerate(part.interiors, start=1):
            if not shell.covers(Polygon(hole)):
                raise InvalidAoi(
                    f"ring {number} is a hole that lies outside its shell",
                    hint="draw it as a part of its own, or remove it",
                )
    repaired = surface(shapely.make_valid(part))
    # A ring that touches itself and does not cross keeps its area.
    if math.isclose(repaired.area, part.area, rel_tol=1e-9):
        return
    raise InvalidAoi(
        f"the outline crosses itself: {_fault_of(part)}",
        hint=f"repaired it would have {len(shapely.get_parts(repaired))} part(s) and "
        f"{area_km2(repaired):.4g} km²; if that is right, repair it (QGIS: Fix geometries)",
    )


def _fault_of(part: Polygon) -> str:
    reason = shapely.is_valid_reason(part)
    words, _, position = reason.partition("[")
    longitude, _, latitude = position.rstrip("]").partition(" ")
    return f"{words} near longitude {float(longitude):.6g}, latitude {float(latitude):.6g}"


def _total_km2(outline: Surface) -> float:
    return sum(area_km2(part) for part in shapely.get_parts(outline))
