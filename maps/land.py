"""Land outlines under the overview, from a file that the operator has; never from the network."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from pyogrio import list_layers
from pyogrio.errors import DataSourceError
from shapely import make_valid
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from maps.errors import UnreadableLand

SUFFIXES = (".json", ".geojson", ".topojson")

DETAIL = 1_500
"""Finest detail kept: the width of the view divided by this."""


def land_within(path: Path, bounds: tuple[float, float, float, float]) -> BaseGeometry:
    """Return the land inside west, south, east, north, as coarse as the view allows.

    Parameters
    ----------
    path : Path
        GeoJSON or TopoJSON in EPSG:4326, such as the outlines of Natural Earth.

    Raises
    ------
    UnreadableLand
        If the file is missing or holds no polygons.
    """
    # A local file by its suffix: GDAL would also fetch addresses and follow virtual files.
    if path.suffix.casefold() not in SUFFIXES or not path.is_file():
        raise UnreadableLand(
            f"the land outlines {path.name!r} are not a readable file",
            hint=f"give a file that ends in {', '.join(SUFFIXES)}, or none",
        )
    try:
        names = [str(name) for name, _ in list_layers(path)]
        # Land before countries: a border drawn on these maps would take sides.
        outlines = gpd.read_file(path, layer="land" if "land" in names else names[0])
    except DataSourceError as error:
        raise UnreadableLand(
            f"the land outlines {path.name!r} cannot be read",
            hint="Natural Earth land or countries as GeoJSON or TopoJSON will do",
        ) from error
    polygons = outlines[outlines.geom_type.isin(["Polygon", "MultiPolygon"])]
    if polygons.empty:
        raise UnreadableLand(
            f"the land outlines {path.name!r} hold no polygons",
            hint="Natural Earth land or countries as GeoJSON or TopoJSON will do",
        )
    west, south, east, north = bounds
    view = box(west, south, east, north)
    land = [make_valid(shape).intersection(view) for shape in polygons.geometry]
    parts = gpd.GeoSeries([part for part in land if not part.is_empty], crs="EPSG:4326")
    merged: BaseGeometry = parts.union_all()
    simple: BaseGeometry = merged.simplify((east - west) / DETAIL)
    return simple
