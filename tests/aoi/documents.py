"""Small files as people send them: GeoJSON, KML, zips, and what is wrong with them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

SQUARE = [[25.0, 13.0], [25.1, 13.0], [25.1, 13.1], [25.0, 13.1], [25.0, 13.0]]
"""A ring of 0.1 degrees in Darfur: about 10.9 x 11.1 km."""


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings or (SQUARE,))}


def rectangle(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def a_feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": "sd-test", **properties},
        "geometry": polygon() if geometry is None else geometry,
    }


def collection(*features: Any, **members: Any) -> bytes:
    whole = {"type": "FeatureCollection", **members, "features": list(features)}
    return json.dumps(whole).encode()


def area(geometry: Any) -> bytes:
    """Return a file with one area of that shape."""
    return collection(a_feature(geometry))


def kml(*placemarks: str, namespace: str = "http://www.opengis.net/kml/2.2") -> bytes:
    body = "".join(placemarks)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="{namespace}">'
        f"<Document>{body}</Document></kml>"
    ).encode()


def placemark(name: str = "Shagra", coordinates: str = "", inside: str = "") -> str:
    coordinates = coordinates or "25,13 25.1,13 25.1,13.1 25,13.1 25,13"
    return (
        f"<Placemark><name>{name}</name>{inside}<Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{coordinates}</coordinates>"
        "</LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def zipped(entries: Mapping[str, bytes] | Sequence[tuple[str, bytes]]) -> bytes:
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD_GEOJSON = collection(a_feature(name="Shagra"))
