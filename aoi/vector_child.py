"""The child process that opens GeoPackage, Shapefile and FlatGeobuf, and writes GeoJSON.

    python -m aoi.vector_child FORMAT PATH ENCODING OUT MEMORY_BYTES

Only here does the big library read what strangers sent: with little memory,
little time, four drivers and no network. What it writes is believed no more
than the file was: the parent reads it with the strict reader. On standard
output stands one JSON object: `refused` (message and hint), or `notices`.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aoi.errors import InvalidAoi
from aoi.geopackage import checked_layer

CPU_S = 30
WRITTEN_BYTES = 200_000_000

SHOWN_RECORDS = 10
MAX_VERTICES = 50_000


def main(arguments: list[str]) -> None:
    """Convert one layer; tell what is refused on standard output."""
    kind, path, encoding, out, memory_bytes = arguments
    _limit(int(memory_bytes))
    # pyogrio loads these if it finds them, for a second and a half, and needs none here.
    for name in ("geopandas", "pandas", "pyarrow"):
        sys.modules[name] = None  # type: ignore[assignment]  # how Python says "not there"
    try:
        notices = convert(kind, Path(path), encoding, Path(out))
    except InvalidAoi as error:
        print(json.dumps({"refused": [error.message, error.hint]}))
    else:
        print(json.dumps({"notices": notices}))


def convert(kind: str, path: Path, encoding: str, out: Path) -> list[str]:
    """Write the layer of `path` to `out` as GeoJSON in EPSG:4326; return notices."""
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
    from pyogrio.raw import read

    layer = checked_layer(path) if kind == "GeoPackage" else None
    try:
        found, _, shapes, columns = read(
            path, layer=layer, encoding=encoding or None, datetime_as_string=True
        )
    except (DataSourceError, DataLayerError, FeatureError, GeometryError) as error:
        raise InvalidAoi(
            f"the {kind} cannot be read: {error}", hint="it may be cut off: export it again"
        ) from error
    shapes = [] if shapes is None else shapes
    _require_all_shapes(shapes)
    reproject, notices = _reprojection(found["crs"], kind)
    with out.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for index, feature in enumerate(_features(found["fields"], shapes, columns, reproject)):
            file.write(",\n" if index else "\n")
            file.write(json.dumps(feature, default=str))
        file.write("]}")
    return notices


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN_BYTES, WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _require_all_shapes(shapes: Any) -> None:
    missing = [index for index, shape in enumerate(shapes) if shape is None]
    if missing:
        listed = ", ".join(map(str, missing[:SHOWN_RECORDS]))
        raise InvalidAoi(
            f"records without a shape: {listed}{' ...' if len(missing) > SHOWN_RECORDS else ''}",
            hint="draw them, or remove them",
        )


def _reprojection(crs: str | None, kind: str) -> tuple[Any, list[str]]:
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    if not crs:
        raise InvalidAoi(
            "it does not say in which reference system it is"
            + (" (the .prj file is missing)" if kind == "Shapefile" else ""),
            hint="export it again with its reference system, best EPSG:4326",
        )
    try:
        system = CRS.from_user_input(crs)
        degrees = CRS.from_epsg(4326)
        if system.equals(degrees, ignore_axis_order=True):
            return None, []
        reproject = Transformer.from_crs(system, degrees, always_xy=True)
    except CRSError as error:
        raise InvalidAoi(
            f"its reference system is not known: {crs[:80]!r}", hint="export it in EPSG:4326"
        ) from error
    return reproject, [f"reprojected from {system.name} to degrees; look at it on the map"]


def _features(
    fields: Any, shapes: Any, columns: Any, reproject: Any
) -> Iterator[dict[str, object]]:
    for index, shape in enumerate(shapes):
        properties = {
            str(name): _plain(column[index]) for name, column in zip(fields, columns, strict=True)
        }
        yield {
            "type": "Feature",
            "properties": properties,
            "geometry": _geometry(index, shape, reproject),
        }


def _geometry(index: int, shape: bytes, reproject: Any) -> Any:
    import shapely
    from shapely.geometry import mapping

    try:
        geometry = shapely.from_wkb(shape)
    except shapely.errors.GEOSException as error:
        raise InvalidAoi(
            f"feature {index}: its geometry is of a kind that is not read: {error}",
            hint="curves and solids: convert them to polygons or points",
        ) from error
    if shapely.get_num_coordinates(geometry) > MAX_VERTICES:
        raise InvalidAoi(
            f"feature {index} has more than {MAX_VERTICES:,} vertices",
            hint="simplify the outline; 10 m are enough",
        )
    if geometry.is_empty:
        return {"type": geometry.geom_type, "coordinates": []}
    if reproject is not None:
        geometry = shapely.transform(geometry, reproject.transform, interleaved=False)
    return mapping(geometry)


def _plain(value: Any) -> Any:
    """Return a value of a table as JSON has it; NaN is how it says that there is none."""
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and plain != plain else plain


if __name__ == "__main__":
    main(sys.argv[1:])
