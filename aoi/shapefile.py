"""Shapefile, bare or in a zip: its files gathered and held against their own headers."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from aoi.errors import InvalidAoi
from aoi.zips import checked_entries, named_like, opened_zip, unpack

MAGIC = (9994).to_bytes(4, "big")
HEADER_BYTES = 100
RECORD_HEADER_BYTES = 8

NULL, MULTIPATCH = 0, 31
POINTS = (1, 11, 21)
MULTIPOINTS = (8, 18, 28)
RINGS = (3, 13, 23, 5, 15, 25)

# The index (.shx) is left behind: it is made anew, so that it cannot lie.
PARTS = (".shp", ".dbf", ".prj", ".cpg")
MAX_PART_BYTES = 100_000_000
SHOWN_RECORDS = 10

UNSTATED = (0, 0x57)
"""Marks of a table that do not say its encoding: none, and "as Windows is set"."""


def gather(path: Path, folder: Path, said: list[str]) -> Path:
    """Copy the files of the Shapefile `path` to `folder`, and check them.

    The copies bear names of our own. Returns the path of the ``.shp``; appends
    to `said` what is missing.
    """
    layer = folder / "layer.shp"
    for suffix in PARTS:
        source = _beside(path, suffix)
        if source is None:
            continue
        if source.stat().st_size > MAX_PART_BYTES:
            raise InvalidAoi(f"{source.name} is larger than 100 MB", hint="split the layer")
        shutil.copyfile(source, layer.with_suffix(suffix))
    return _checked(layer, said)


def gather_from_zip(path: Path, folder: Path, said: list[str]) -> Path:
    """Unpack the one Shapefile in the zip `path` to `folder`, and check it."""
    layer = folder / "layer.shp"
    with opened_zip(path) as archive:
        entries = checked_entries(archive)
        layers = named_like(entries, ".shp")
        if len(layers) != 1:
            names = ", ".join(entry.filename for entry in layers or entries[:5])
            raise InvalidAoi(
                f"the zip holds {len(layers)} Shapefiles: {names}",
                hint="pack one layer: its .shp, .dbf, .shx, .prj and .cpg",
            )
        stem = PurePosixPath(layers[0].filename).with_suffix("")
        for entry in named_like(entries, *PARTS):
            if PurePosixPath(entry.filename).with_suffix("") == stem:
                suffix = PurePosixPath(entry.filename).suffix.lower()
                unpack(archive, entry, layer.with_suffix(suffix))
    return _checked(layer, said)


def stated_encoding(layer: Path, said: list[str]) -> str:
    """Return the encoding to read the names in; empty if the files state it themselves.

    Where they do not, it is guessed from the bytes, and `said` shows a name.
    """
    table = layer.with_suffix(".dbf")
    if layer.with_suffix(".cpg").exists() or not table.exists():
        return ""
    content = table.read_bytes()
    if len(content) < 32 or content[29] not in UNSTATED or content.isascii():
        return ""
    (header_bytes,) = struct.unpack_from("<H", content, 8)
    names = content[header_bytes:]
    encoding = _guessed(names)
    foreign = [word for word in names.decode(encoding, "replace").split() if not word.isascii()]
    if not foreign:
        return ""
    said.append(
        f"no encoding is stated (.cpg is missing): names were read as {encoding}, such as "
        f"{foreign[0][:40]!r}; if that looks wrong, say which with --encoding"
    )
    return encoding


def _guessed(names: bytes) -> str:
    try:
        names.decode("utf-8")
    except UnicodeDecodeError:
        letters = [byte for byte in names if byte >= 0x80 or chr(byte).isalpha()]
        foreign = sum(byte >= 0xC0 for byte in letters)
        # Arabic is written with foreign letters only, French and Spanish with a few.
        return "cp1256" if foreign > len(letters) / 3 else "cp1252"
    return "utf-8"


def _beside(path: Path, suffix: str) -> Path | None:
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file():
            return candidate
    return path if suffix == ".shp" else None


def _checked(layer: Path, said: list[str]) -> Path:
    content = layer.read_bytes()
    if not content.startswith(MAGIC) or len(content) < HEADER_BYTES:
        raise InvalidAoi("its .shp is not a Shapefile", hint="export it again as a Shapefile")
    words, kind = struct.unpack_from(">i", content, 24)[0], struct.unpack_from("<i", content, 32)[0]
    if kind == MULTIPATCH:
        raise InvalidAoi("it holds multipatches, which are solids", hint="export it as polygons")
    if words * 2 != len(content):
        raise InvalidAoi(
            f"its .shp declares {words * 2:,} bytes and has {len(content):,}",
            hint="it is cut off or damaged: export it again",
        )
    _require_shapes(list(_kinds(content)))
    _check_table(layer.with_suffix(".dbf"), said)
    if not layer.with_suffix(".prj").exists():
        raise InvalidAoi(
            "its .prj is missing: its reference system is not known",
            hint="pack the .prj too, or export it in EPSG:4326",
        )
    return layer


def _kinds(content: bytes) -> Iterator[int]:
    """Yield the kind of each record, each held against its own length."""
    at = HEADER_BYTES
    while at < len(content):
        start = at + RECORD_HEADER_BYTES
        try:
            (words,) = struct.unpack_from(">i", content, at + 4)
            (kind,) = struct.unpack_from("<i", content, start)
            needed = _needed_bytes(content, start, kind)
        except struct.error as error:
            raise _lying(at) from error
        at = start + words * 2
        if words < 2 or at > len(content) or needed > words * 2:
            raise _lying(start)
        yield kind


def _needed_bytes(content: bytes, start: int, kind: int) -> int:
    if kind == NULL:
        return 4
    if kind in POINTS:
        return 20
    if kind in MULTIPOINTS:
        (points,) = struct.unpack_from("<I", content, start + 36)
        return 40 + 16 * int(points)
    if kind in RINGS:
        parts, points = struct.unpack_from("<II", content, start + 36)
        return 44 + 4 * int(parts) + 16 * int(points)
    raise InvalidAoi(f"it has a record of the kind {kind}", hint="export it as polygons or points")


def _require_shapes(kinds: Sequence[int]) -> None:
    missing = [number for number, kind in enumerate(kinds, start=1) if kind == NULL]
    if missing:
        listed = ", ".join(map(str, missing[:SHOWN_RECORDS]))
        raise InvalidAoi(
            f"records without a shape: {listed}{' ...' if len(missing) > SHOWN_RECORDS else ''} "
            f"(of {len(kinds)}, counted from 1)",
            hint="draw them, or remove them",
        )


def _check_table(table: Path, said: list[str]) -> None:
    if not table.exists():
        said.append("its .dbf is missing: there are shapes, but no names or identifiers")
        return
    head = table.read_bytes()[:32]
    if len(head) < 32:
        raise InvalidAoi("its .dbf is cut off", hint="export it again")
    records, header_bytes, record_bytes = struct.unpack_from("<IHH", head, 4)
    if header_bytes + records * record_bytes > table.stat().st_size + 1:
        raise InvalidAoi(
            f"its .dbf declares {records:,} records and is too short for them",
            hint="it is cut off or damaged: export it again",
        )


def _lying(at: int) -> InvalidAoi:
    return InvalidAoi(
        f"a record of its .shp reaches beyond its end, near byte {at}",
        hint="it is cut off or damaged: export it again",
    )
