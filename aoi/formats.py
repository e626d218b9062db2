"""Formats of files with areas, told by their content and not by their names."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from aoi import flatgeobuf, shapefile
from aoi.errors import InvalidAoi
from aoi.zips import checked_entries, named_like, opened_zip


class Format(StrEnum):
    """Formats that are read (CONTRACT section 2)."""

    GEOJSON = "GeoJSON"
    GEOPACKAGE = "GeoPackage"
    SHAPEFILE = "Shapefile"
    ZIPPED_SHAPEFILE = "zipped Shapefile"
    KML = "KML"
    KMZ = "KMZ"
    FLATGEOBUF = "FlatGeobuf"


SUFFIXES = {
    ".geojson": {Format.GEOJSON},
    ".json": {Format.GEOJSON},
    ".gpkg": {Format.GEOPACKAGE},
    ".shp": {Format.SHAPEFILE},
    ".zip": {Format.ZIPPED_SHAPEFILE, Format.KMZ},
    ".kml": {Format.KML},
    ".kmz": {Format.KMZ},
    ".fgb": {Format.FLATGEOBUF},
    "": set[Format](),
}
LIST = "GeoJSON, GeoPackage, Shapefile (bare or zipped), KML, KMZ or FlatGeobuf"

HEAD_BYTES = 512
XML_IN_UTF_16 = (b"<\0", b"\0<", b"\xff\xfe<", b"\xfe\xff\0<")
SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx")


def format_of(path: Path, said: list[str]) -> Format:
    """Return the format of `path`; append to `said` if its name says another.

    Raises
    ------
    InvalidAoi
        If it is none of ours.
    """
    suffix = path.suffix.lower()
    if suffix in SHAPEFILE_PARTS:
        raise InvalidAoi(f"{suffix} is one file of a Shapefile", hint="name its .shp instead")
    if suffix not in SUFFIXES:
        raise InvalidAoi(f"the format {suffix!r} is not known", hint=f"give {LIST}")
    found = _judged(path)
    if found not in SUFFIXES[suffix]:
        said.append(f"the name says {suffix or 'nothing'}, the content is {found}: read as {found}")
    return found


def _judged(path: Path) -> Format:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith(b"SQLite format 3\0"):
        return Format.GEOPACKAGE
    if head.startswith(flatgeobuf.MAGIC):
        return Format.FLATGEOBUF
    if head.startswith(shapefile.MAGIC):
        return Format.SHAPEFILE
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _judged_zip(path)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") or head.startswith(XML_IN_UTF_16):
        return Format.KML
    expected = SUFFIXES[path.suffix.lower()]
    if expected and Format.GEOJSON not in expected and not start.startswith(b"{"):
        raise InvalidAoi(
            f"its content is not {' or '.join(sorted(expected))}",
            hint="it may be empty or damaged: export it again",
        )
    # The strict reader says best what is wrong with what is left.
    return Format.GEOJSON


def _judged_zip(path: Path) -> Format:
    with opened_zip(path) as archive:
        entries = checked_entries(archive)
    if named_like(entries, ".kml"):
        return Format.KMZ
    if named_like(entries, ".shp"):
        return Format.ZIPPED_SHAPEFILE
    if named_like(entries, ".kmz", ".zip"):
        raise InvalidAoi("the zip holds another zip", hint="unpack the inner one and give that")
    raise InvalidAoi("the zip holds no layer that is read", hint="pack a Shapefile, or save a KMZ")
