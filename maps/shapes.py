"""Outlines: as layers of a map, as rows of its table, as signs of its legend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import folium
from markupsafe import Markup
from pyproj import Geod
from shapely import get_num_coordinates, set_precision
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from alerts.ports import AlertPicture, Outline
from maps.controls.layers import RankedGroup
from maps.controls.names import Name
from maps.escaping import SafeHtml, escaped
from maps.palette import CASING, ROLES, VEGETATION, Stroke, stroke_of
from maps.words import Words

COORDINATE_STEP_DEG = 1e-6
"""Positions are written to about 0.1 m: finer than any sensor, and short."""

MAX_COORDINATES = 4_000
"""An outline with more is simplified, to keep the page small."""

SIMPLIFY_DEG = 5e-5
"""About 5 m."""

MAX_NAMES = 30
"""More names than this would cover the picture."""

HOTSPOT_RADIUS_PX = 7

ROLE_ORDER = ("cell", "other_settlement", "ring", "settlement", "burned", "hotspot")
"""From the ground up: what is news lies on top."""

_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """One shape as a row of the table, so that nothing is told by the map alone."""

    what: str
    name: str
    position: str
    area: str


def roles_of(picture: AlertPicture) -> list[str]:
    """Return the roles that `picture` shows, in drawing order."""
    shown = {outline.role for outline in picture.outlines if not outline.geometry.is_empty}
    if picture.hotspots:
        shown.add("hotspot")
    unknown = sorted(shown - set(ROLE_ORDER))
    return [*unknown, *(role for role in ROLE_ORDER if role in shown)]


def role_label(role: str, kind: str, words: Words) -> str:
    """Return the word for `role` in an alert of `kind`."""
    if role == "burned" and kind == "burn":
        return words("burned_burn")
    return words(role) if role in ROLES else words("other")


def layer_of(
    role: str, picture: AlertPicture, words: Words, *, bare: bool = False
) -> folium.FeatureGroup:
    """Return all shapes of `role` as one layer, named by its sign and word."""
    stroke = stroke_of(role, picture.kind, bare=bare)
    label = escaped(role_label(role, picture.kind, words))
    sign = swatch(stroke, dot=role == "hotspot", bare=bare)
    # The list of layers puts what is news first; drawing order is the opposite.
    rank = -ROLE_ORDER.index(role) if role in ROLE_ORDER else 1
    group = RankedGroup(SafeHtml(f'<span class="layer-sign">{sign} {label}</span>'), rank)
    for outline in picture.outlines:
        if outline.role == role and not outline.geometry.is_empty:
            text = f"{label}: {escaped(outline.label)}"
            add_outline(group, outline.geometry, stroke, text, bare=bare)
    if role == "hotspot":
        for longitude, latitude, text in picture.hotspots:
            for dot in dots(latitude, longitude, stroke, f"{label}: {escaped(text)}"):
                dot.add_to(group)
    return group


def add_outline(
    group: folium.FeatureGroup,
    geometry: BaseGeometry,
    stroke: Stroke,
    tooltip: str,
    *,
    bare: bool = False,
) -> None:
    """Add `geometry` to `group`: the stroke, on a dark casing where a picture is under it.

    `tooltip` is HTML; escape what is not written here.
    """
    shape = collection_of(geometry)
    casing = {"color": CASING, "weight": stroke.width_px + 2.4, "opacity": 0.75, "fill": False}
    line = {
        "color": stroke.colour,
        "weight": stroke.width_px,
        "opacity": 1.0,
        "fill": True,
        "fillColor": stroke.colour,
        "fillOpacity": stroke.fill_opacity,
    }
    if stroke.dash:
        line["dashArray"] = stroke.dash
        casing["opacity"] = 0.35
    if not bare:
        folium.GeoJson(shape, control=False, style_function=lambda _: casing).add_to(group)
    folium.GeoJson(
        shape, control=False, style_function=lambda _: line, tooltip=folium.Tooltip(tooltip)
    ).add_to(group)


def collection_of(geometry: BaseGeometry) -> dict[str, Any]:
    """Return `geometry` as a GeoJSON FeatureCollection, light enough for a page."""
    if get_num_coordinates(geometry) > MAX_COORDINATES:
        geometry = geometry.simplify(SIMPLIFY_DEG)
    rounded = set_precision(geometry, COORDINATE_STEP_DEG, mode="pointwise")
    feature = {"type": "Feature", "properties": {}, "geometry": _short(mapping(rounded))}
    return {"type": "FeatureCollection", "features": [feature]}


def names_of(picture: AlertPicture) -> list[Name]:
    """Return the names of settlements, each at the northern edge of its outline."""
    ranked = sorted(
        (outline for outline in picture.outlines if _is_named(outline)),
        key=lambda outline: outline.role != "settlement",
    )
    names = []
    for outline in ranked[:MAX_NAMES]:
        west, _, east, north = outline.geometry.bounds
        main = outline.role == "settlement"
        text = escaped(outline.label)
        names.append(Name(text, round(north, 6), round((west + east) / 2, 6), is_main=main))
    return names


def rows_of(picture: AlertPicture, words: Words) -> list[ShapeRow]:
    """Return every shape of the map as a row, in drawing order from the top."""
    rows = []
    for role in reversed(roles_of(picture)):
        what = role_label(role, picture.kind, words)
        for outline in picture.outlines:
            if outline.role == role and not outline.geometry.is_empty:
                rows.append(_row(what, outline.label, outline.geometry))
        if role == "hotspot":
            rows.extend(
                _row(what, text, Point(longitude, latitude))
                for longitude, latitude, text in picture.hotspots
            )
    return rows


def legend_of(
    picture: AlertPicture, words: Words, *, bare: bool = False
) -> list[tuple[Markup, str]]:
    """Return a sign and its meaning for each role on the map, most important first."""
    signs = []
    for role in reversed(roles_of(picture)):
        stroke = stroke_of(role, picture.kind, bare=bare)
        sign = swatch(stroke, dot=role == "hotspot", bare=bare)
        signs.append((sign, role_label(role, picture.kind, words)))
    return signs


def swatch(stroke: Stroke, *, dot: bool = False, bare: bool = False) -> Markup:
    """Return `stroke` as a small drawing; unless `bare`, on a ground like that of a picture."""
    line = f'stroke="{stroke.colour}" stroke-width="{stroke.width_px}"'
    fill = f'fill="{stroke.colour}" fill-opacity="{stroke.fill_opacity}"'
    dash = f' stroke-dasharray="{stroke.dash}"' if stroke.dash else ""
    shape = (
        f'<circle cx="18" cy="11" r="8" fill="{CASING}"/>'
        f'<circle cx="18" cy="11" r="6" fill="{stroke.colour}" stroke="#fff" stroke-width="1.5"/>'
        if dot
        else f'<rect x="6" y="5" width="24" height="12" {fill} {line}{dash}/>'
    )
    under = "" if bare else f'<rect width="36" height="22" rx="3" fill="{VEGETATION}"/>'
    return Markup(f'<svg width="36" height="22" aria-hidden="true">{under}{shape}</svg>')


def bounds_of(geometries: Iterable[BaseGeometry]) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of all `geometries`, None if there are none."""
    boxes = [geometry.bounds for geometry in geometries if not geometry.is_empty]
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def area_ha(geometry: BaseGeometry) -> float:
    """Return the area on the ellipsoid, in hectares."""
    area_m2, _ = _EARTH.geometry_area_perimeter(geometry)
    return abs(area_m2) / 10_000


def dots(
    latitude: float, longitude: float, stroke: Stroke, tooltip: str
) -> list[folium.CircleMarker]:
    """Return a dot on a dark one: it stands out on char as on sand."""
    place = (round(latitude, 6), round(longitude, 6))
    casing = folium.CircleMarker(
        place, radius=HOTSPOT_RADIUS_PX + 2, stroke=False, fill=True, fill_color=CASING,
        fill_opacity=0.9,
    )  # fmt: skip
    dot = folium.CircleMarker(
        place, radius=HOTSPOT_RADIUS_PX - 1, color="#FFFFFF", weight=1.5, fill=True,
        fill_color=stroke.colour, fill_opacity=1.0, tooltip=folium.Tooltip(tooltip),
    )  # fmt: skip
    return [casing, dot]


def _is_named(outline: Outline) -> bool:
    named = outline.role in ("settlement", "other_settlement") and bool(outline.label.strip())
    return named and not outline.geometry.is_empty


def _row(what: str, name: str, geometry: BaseGeometry) -> ShapeRow:
    centre = geometry.centroid
    size = area_ha(geometry)
    area = f"{size:,.1f} ha" if size else ""
    return ShapeRow(what, name, f"{centre.y:.5f}, {centre.x:.5f}", area)


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _short(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_short(part) for part in value]
    return value
