"""Outlines for the map of a page: GeoJSON that a script of ours draws without the network."""

from __future__ import annotations

import json
from collections.abc import Iterable

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from alerts.words import plain

MAX_CORNERS = 20_000
"""More than this makes a page slow; outlines are then drawn more coarsely."""


def map_layers(
    outlines: Iterable[tuple[str, str, BaseGeometry]],
    places: Iterable[tuple[str, BaseGeometry]] = (),
) -> str:
    """Return what a map draws.

    Parameters
    ----------
    outlines : iterable
        Style (``"area"``, ``"draft"``, ``"heat"``, ``"alert"``), name and shape of each.
    places : iterable
        Name and shape of settlements.
    """
    features = [_feature(style, name, shape) for style, name, shape in outlines]
    features += [_feature("place", name, shape.centroid) for name, shape in places]
    return json.dumps(
        {"type": "FeatureCollection", "features": features}, ensure_ascii=False, allow_nan=False
    )


def drawn(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape as finely as a page can bear."""
    if shapely.get_num_coordinates(shape) <= MAX_CORNERS:
        return shape
    west, south, east, north = shape.bounds
    return shape.simplify(max(east - west, north - south) / 2_000)


def _feature(style: str, name: str, shape: BaseGeometry) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"style": style, "name": plain(name, 120)},
        "geometry": mapping(drawn(shape)),
    }
