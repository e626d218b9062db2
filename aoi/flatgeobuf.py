"""FlatGeobuf: its counts held against the size of the file, before anything is allocated."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from aoi.errors import InvalidAoi

MAGIC = b"fgb\x03fgb"
PREAMBLE_BYTES = 12
MAX_HEADER_BYTES = 1_000_000
NODE_BYTES = 40
DEFAULT_NODE_SIZE = 16

# Places of the two fields in the table of the header (flatgeobuf/header.fbs).
FEATURES_COUNT, INDEX_NODE_SIZE = 8, 9


def check_flatgeobuf(path: Path, max_features: int) -> None:
    """Refuse a file that is cut off, or declares more than it holds.

    Raises
    ------
    InvalidAoi
        If header, index and features do not fill the file exactly.
    """
    with path.open("rb") as stream:
        try:
            count, node_size, start = _header(stream)
        except struct.error as error:
            raise _cut_off() from error
        if count > max_features:
            raise InvalidAoi(
                f"it declares {count:,} features, more than {max_features:,}",
                hint="split the layer",
            )
        start += index_bytes(count, node_size)
        if start > path.stat().st_size:
            raise _cut_off()
        found = _count_features(stream, start, path.stat().st_size)
    if count and found != count:
        raise _cut_off()


def index_bytes(count: int, node_size: int) -> int:
    """Return the size of the packed R-tree over `count` features."""
    if not count or not node_size:
        return 0
    if node_size < 2:
        raise InvalidAoi("its index has nodes of one child", hint="export it again")
    nodes = level = count
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    return (nodes if count > 1 else 2) * NODE_BYTES


def _header(stream: BinaryIO) -> tuple[int, int, int]:
    """Return the number of features, the size of index nodes, and where the index begins."""
    preamble = stream.read(PREAMBLE_BYTES)
    (size,) = struct.unpack_from("<I", preamble, 8)
    if size > MAX_HEADER_BYTES:
        raise InvalidAoi(f"its header declares {size:,} bytes", hint="export it again")
    header = stream.read(size)
    if len(header) < size:
        raise _cut_off()
    (table,) = struct.unpack_from("<I", header, 0)
    (back,) = struct.unpack_from("<i", header, table)
    vtable = table - back
    if not 0 <= vtable < size:
        raise _cut_off()
    count = _field(header, table, vtable, FEATURES_COUNT, "<Q", 0)
    node_size = _field(header, table, vtable, INDEX_NODE_SIZE, "<H", DEFAULT_NODE_SIZE)
    return count, node_size, PREAMBLE_BYTES + size


def _field(header: bytes, table: int, vtable: int, index: int, form: str, default: int) -> int:
    (vtable_bytes,) = struct.unpack_from("<H", header, vtable)
    slot = 4 + 2 * index
    if slot >= vtable_bytes:
        return default
    (offset,) = struct.unpack_from("<H", header, vtable + slot)
    if not offset:
        return default
    value: int = struct.unpack_from(form, header, table + offset)[0]
    return value


def _count_features(stream: BinaryIO, start: int, end: int) -> int:
    count, at = 0, start
    while at < end:
        stream.seek(at)
        length = stream.read(4)
        if len(length) < 4:
            raise _cut_off()
        at += 4 + int.from_bytes(length, "little")
        count += 1
    if at != end:
        raise _cut_off()
    return count


def _cut_off() -> InvalidAoi:
    return InvalidAoi(
        "the FlatGeobuf does not hold what it declares", hint="it was cut off: export it again"
    )
