"""Zip archives that strangers made: looked through before a byte is inflated."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath

from aoi.errors import InvalidAoi

MAX_ENTRIES = 100
MAX_RATIO = 100
MAX_INFLATED = 50_000_000
"""Bytes of all entries together."""

# Under this size a high ratio is harmless, and a table of spaces has one.
SMALL_BYTES = 100_000

ENCRYPTED = 0x1
CHUNK_BYTES = 1 << 16
LOCAL_HEADER_BYTES = 30


def checked_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files of `archive`, after every rule that needs no inflating.

    Raises
    ------
    InvalidAoi
        If there are too many, or one is encrypted, inflates too much, lies
        outside the archive's folder, is a link, or shares bytes with another.
    """
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InvalidAoi(
            f"the zip holds {len(entries):,} entries, more than {MAX_ENTRIES}",
            hint="pack only the layer itself",
        )
    for entry in entries:
        _check_entry(entry)
    inflated = sum(entry.file_size for entry in entries)
    if inflated > MAX_INFLATED:
        raise InvalidAoi(
            f"the zip inflates to {inflated / 1e6:.0f} MB, more than {MAX_INFLATED / 1e6:.0f}",
            hint="split the layer",
        )
    _check_overlap(entries)
    return [entry for entry in entries if not entry.is_dir()]


def inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of `entry`, and stop where it holds more than it declared."""
    read = 0
    with archive.open(entry) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            read += len(chunk)
            if read > min(entry.file_size, MAX_INFLATED):
                raise InvalidAoi(
                    f"the entry {_shown(entry)} holds more than the zip declares",
                    hint="pack it again",
                )
            yield chunk
    if read != entry.file_size:
        raise InvalidAoi(
            f"the entry {_shown(entry)} holds less than the zip declares", hint="pack it again"
        )


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write the bytes of `entry` to `target`, a path of our own choosing."""
    with target.open("wb") as file:
        file.writelines(inflated(archive, entry))


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; damage found at any time is told as `InvalidAoi`."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,  # a method of compression that we do not have
        UnicodeDecodeError,
        OverflowError,
    ) as error:
        raise InvalidAoi(
            f"the zip is damaged or of an unusual kind: {error}", hint="pack it again"
        ) from error


def named_like(entries: Sequence[zipfile.ZipInfo], *suffixes: str) -> list[zipfile.ZipInfo]:
    """Return the entries whose names end in one of `suffixes`; a Mac's shadow files do not."""
    return [
        entry
        for entry in entries
        if PurePosixPath(entry.filename).suffix.lower() in suffixes
        and not PurePosixPath(entry.filename).name.startswith("._")
        and not entry.filename.startswith("__MACOSX/")
    ]


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise InvalidAoi(
            f"the zip entry {_shown(entry)} points outside the zip",
            hint="pack the files again, without folders",
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise InvalidAoi(f"the zip entry {_shown(entry)} is a link", hint="pack the file itself")
    if entry.flag_bits & ENCRYPTED:
        raise InvalidAoi(
            f"the zip entry {_shown(entry)} is encrypted", hint="pack it without a password"
        )
    ratio = entry.file_size / max(entry.compress_size, 1)
    if entry.file_size > SMALL_BYTES and ratio > MAX_RATIO:
        raise InvalidAoi(
            f"the zip entry {_shown(entry)} inflates {ratio:,.0f} times, more than {MAX_RATIO}",
            hint="a layer inflates 2 to 20 times; export it again",
        )


def _check_overlap(entries: Sequence[zipfile.ZipInfo]) -> None:
    by_place = sorted(entries, key=lambda entry: entry.header_offset)
    for first, second in pairwise(by_place):
        end = first.header_offset + LOCAL_HEADER_BYTES + first.compress_size
        if second.header_offset < end:
            raise InvalidAoi(
                f"the zip entries {_shown(first)} and {_shown(second)} overlap",
                hint="pack the files again",
            )


def _shown(entry: zipfile.ZipInfo) -> str:
    return repr(entry.filename[:80])
