"""Layers: the features of a file, whatever its format."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aoi import geojson, kml
from aoi.errors import InvalidAoi
from aoi.feature import Feature, named
from aoi.flatgeobuf import check_flatgeobuf
from aoi.formats import Format, format_of
from aoi.geojson import Limits
from aoi.geopackage import require_whole
from aoi.shapefile import gather, gather_from_zip, stated_encoding
from aoi.vector_files import as_geojson
from aoi.zips import checked_entries, inflated, named_like, opened_zip


@dataclass(frozen=True, slots=True)
class Layer:
    """The features of one file, to be taken once."""

    features: Iterator[Feature]
    said: list[str]
    """What concerns the whole file; complete when the last feature was taken."""


@contextmanager
def opened_layer(path: Path, limits: Limits, encoding: str = "") -> Iterator[Layer]:
    """Open a file of areas or settlements; its name stands before what is refused inside.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage, Shapefile (bare or zipped), KML, KMZ or FlatGeobuf.
    limits : Limits
        How much is read.
    encoding : str
        Encoding of names in a Shapefile that does not state it; empty: guess.

    Raises
    ------
    InvalidAoi
        If the file is none of these, or anything in it is refused.
    """
    said: list[str] = []
    with named(path.name):
        try:
            _check_size(path, limits)
            with _features(path, limits, encoding, said) as features:
                yield Layer(features, said)
        except OSError as error:
            raise InvalidAoi(
                f"cannot be read: {error.strerror or error}",
                hint="check the path, and who may read it",
            ) from error


def _check_size(path: Path, limits: Limits) -> None:
    if path.is_dir():
        raise InvalidAoi("it is a folder", hint="name a file in it")
    if path.stat().st_size > limits.max_bytes:
        raise InvalidAoi(
            f"it has {path.stat().st_size / 1e6:.0f} MB, more than {limits.max_bytes / 1e6:.0f}",
            hint="simplify or split it; settlements go to: settlement import",
        )


@contextmanager
def _features(
    path: Path, limits: Limits, encoding: str, said: list[str]
) -> Iterator[Iterator[Feature]]:
    kind = format_of(path, said)
    if kind is Format.GEOJSON:
        with path.open("rb") as stream:
            yield geojson.features(stream, limits)
    elif kind in (Format.KML, Format.KMZ):
        with _kml(path, kind, limits, said) as stream:
            yield kml.features(stream, limits, said)
    else:
        with _converted(path, kind, limits, encoding, said) as stream:
            # Written by the child in its own words: longer than the file was.
            yield geojson.features(stream, limits.grown(10))


@contextmanager
def _converted(
    path: Path, kind: Format, limits: Limits, encoding: str, said: list[str]
) -> Iterator[BinaryIO]:
    with tempfile.TemporaryDirectory(prefix="emberwatch-") as folder:
        if kind in (Format.SHAPEFILE, Format.ZIPPED_SHAPEFILE):
            collect = gather if kind is Format.SHAPEFILE else gather_from_zip
            path = collect(path, Path(folder), said)
            encoding = encoding or stated_encoding(path, said)
            kind = Format.SHAPEFILE
        elif kind is Format.FLATGEOBUF:
            check_flatgeobuf(path, limits.max_features)
        else:
            require_whole(path)
        with as_geojson(kind.value, path, encoding, said) as stream:
            yield stream


@contextmanager
def _kml(path: Path, kind: Format, limits: Limits, said: list[str]) -> Iterator[BinaryIO]:
    if kind is Format.KML:
        with path.open("rb") as stream:
            yield stream
        return
    with opened_zip(path) as archive:
        entry = _document(archive, said)
        if entry.file_size > limits.max_bytes:
            raise InvalidAoi(
                f"its KML has {entry.file_size / 1e6:.0f} MB, more than "
                f"{limits.max_bytes / 1e6:.0f}",
                hint="simplify or split it",
            )
        yield io.BytesIO(b"".join(inflated(archive, entry)))


def _document(archive: zipfile.ZipFile, said: list[str]) -> zipfile.ZipInfo:
    documents = named_like(checked_entries(archive), ".kml")
    for entry in documents:
        if entry.filename == "doc.kml":
            return entry
    if len(documents) != 1:
        names = ", ".join(entry.filename for entry in documents[:5])
        raise InvalidAoi(
            f"the KMZ has no doc.kml, and {len(documents)} other documents: {names}",
            hint="save one KML in it",
        )
    said.append(f"the KMZ has no doc.kml; {documents[0].filename} was read")
    return documents[0]
