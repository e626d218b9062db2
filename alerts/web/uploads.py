"""Files that people send: read where they stand, under a name of ours, and then gone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import shapely
from fastapi import UploadFile

from alerts.web.drafts import Draft
from aoi.area import Aoi
from aoi.drawn import area_from_bbox
from aoi.errors import InvalidAoi
from aoi.export import areas_geojson, settlements_geojson
from aoi.feature import Feature, gathered, named
from aoi.files import (
    AREA_LIMITS,
    SETTLEMENT_LIMITS,
    ReadAreas,
    ReadSettlements,
    area_of,
    identified,
    read_areas,
    read_settlements,
    renamed,
    settlement_of,
)
from aoi.layer import opened_layer
from aoi.placement import placed
from aoi.settlement import Settlement
from aoi.text import slug
from aoi.tiling import surface

SUFFIXES = frozenset(
    {".geojson", ".json", ".gpkg", ".zip", ".shp", ".kml", ".kmz", ".fgb"}
)  # fmt: skip

ENCODINGS = ("", "utf-8", "cp1252", "cp1256", "iso-8859-6", "cp1251", "gb18030")
"""Of names in a Shapefile that does not say; empty: guess."""

MAX_FAULTS = 200


@dataclass(frozen=True, slots=True)
class RowFault:
    """One row that cannot be used, and why."""

    index: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Settlements of a file, with every row that is wrong and not the first alone."""

    settlements: tuple[Settlement, ...]
    notices: tuple[str, ...]
    faults: tuple[RowFault, ...]
    rows: int


@contextmanager
def landed(upload: UploadFile) -> Iterator[Path]:
    """Write an upload into a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="emberwatch-") as folder:
        path = Path(folder) / name_of(upload.filename or "")
        with path.open("wb") as file:
            shutil.copyfileobj(upload.file, file)
        yield path


def name_of(given: str) -> str:
    """Return a name for an upload: letters of its own name, and a suffix that we know.

    What is in a file is judged by its content; the name only stands in messages.
    """
    pure = PurePosixPath(given.replace("\\", "/"))
    suffix = pure.suffix.lower()
    return (slug(pure.stem)[:40] or "upload") + (suffix if suffix in SUFFIXES else ".geojson")


def checked_encoding(encoding: str) -> str:
    """Return an encoding that the page offers.

    Raises
    ------
    InvalidAoi
    """
    if encoding not in ENCODINGS:
        raise InvalidAoi(
            f"{encoding[:40]!r} is no encoding of names",
            hint=f"choose one of: {', '.join(filter(None, ENCODINGS))}, or none",
        )
    return encoding


def areas_from_text(outline: str, bbox: str) -> ReadAreas:
    """Return the area that was drawn on the page, or written as a box.

    Raises
    ------
    InvalidAoi
    """
    if bbox.strip():
        return area_from_bbox(bbox)
    shape, _ = _polygon(outline)
    area, notices = area_of(Feature(0, shape), "area")
    return ReadAreas((area,), notices)


def repaired_from_text(outline: str) -> ReadAreas:
    """Return what was drawn without its crossings.

    Raises
    ------
    InvalidAoi
    """
    shape, _ = _polygon(outline)
    area, notices = area_of(Feature(0, surface(shapely.make_valid(shape))), "area")
    return ReadAreas((area,), notices)


def read_repaired(path: Path, encoding: str) -> ReadAreas:
    """Return the areas of a file, shapes that cross themselves repaired.

    Raises
    ------
    InvalidAoi
        If the file has another fault.
    """
    areas: list[Aoi] = []
    notices: list[tuple[str, str]] = []
    with opened_layer(path, AREA_LIMITS, encoding) as layer:
        for feature in layer.features:
            with named(feature.where):
                mended = surface(shapely.make_valid(feature.geometry))
                area, said = area_of(replace(feature, geometry=mended), path.stem)
            areas.append(area)
            notices += [(feature.where, what) for what in said]
    return ReadAreas(tuple(areas), (*layer.said, *gathered(notices)))


def read_rows(
    path: Path, area: Aoi, tiles: tuple[Aoi, ...], fields: dict[str, str], encoding: str
) -> ReadRows:
    """Return the settlements of a file, and each row that cannot be one.

    Raises
    ------
    InvalidAoi
        If the file as a whole cannot be read.
    """
    good: list[Settlement] = []
    notices: list[tuple[str, str]] = []
    faults: list[RowFault] = []
    rows = 0
    with opened_layer(path, SETTLEMENT_LIMITS, encoding) as layer:
        for feature in layer.features:
            rows += 1
            try:
                settlement, said = settlement_of(renamed(feature, fields), area.aoi_id)
                placed([settlement], area.aoi_id, tiles)
            except InvalidAoi as error:
                faults.append(RowFault(feature.index, error.message, error.hint))
                continue
            good.append(settlement)
            notices += [(feature.where, what) for what in said]
    if not rows:
        raise InvalidAoi("the file holds no settlement", hint="see that its layer has rows")
    settlements, doubled = identified(good, area.aoi_id)
    said = (*layer.said, *gathered(notices))
    if doubled:
        said += (f"{doubled} settlements stand twice, name and place, and are taken once",)
    return ReadRows(settlements, said, tuple(faults[:MAX_FAULTS]), rows)


def drafted_areas(read: ReadAreas, made_by: str, *, repaired: bool) -> Draft:
    """Return areas as a draft."""
    return Draft(made_by, "areas", areas_geojson(read.areas), read.notices, repaired)


def drafted_settlements(rows: ReadRows, made_by: str, aoi_id: str) -> Draft:
    """Return settlements as a draft."""
    body = settlements_geojson(rows.settlements)
    return Draft(made_by, f"settlements of {aoi_id}", body, rows.notices)


def areas_of(draft: Draft) -> ReadAreas:
    """Return the areas of a draft, read as any file is."""
    with _written(draft) as path:
        return read_areas(path)


def settlements_of(draft: Draft, area: Aoi) -> ReadSettlements:
    """Return the settlements of a draft, read as any file is."""
    with _written(draft) as path:
        return read_settlements(path, area)


@contextmanager
def _written(draft: Draft) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="emberwatch-") as folder:
        path = Path(folder) / "draft.geojson"
        path.write_text(draft.geojson, encoding="utf-8")
        yield path


def _polygon(outline: str) -> tuple[shapely.Polygon, int]:
    corners = []
    for number, line in enumerate(outline.splitlines(), start=1):
        if not line.strip():
            continue
        words = line.replace(",", " ").replace(";", " ").split()
        corners.append(_corner(words, number))
    if len(corners) < 3:
        raise InvalidAoi(
            f"an outline of {len(corners)} corners has no area",
            hint="write at least three corners: longitude, latitude, one a line",
        )
    return shapely.Polygon(corners), len(corners)


def _corner(words: list[str], number: int) -> tuple[float, float]:
    hint = "write longitude, latitude in degrees, such as 24.9, 12.05"
    try:
        longitude, latitude = (float(word) for word in words)
    except ValueError as error:
        raise InvalidAoi(
            f"corner {number} is no position: {' '.join(words)[:60]!r}", hint
        ) from error
    # NaN is in no range.
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise InvalidAoi(f"corner {number} is not on the earth: {longitude:g}, {latitude:g}", hint)
    return longitude, latitude
