"""GeoPackage: looked through as a database before the big library opens it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from aoi.errors import InvalidAoi

# Tables that stand on code: reading one may run, or open, something else.
SAFE_MODULES = ("rtree",)


def checked_layer(path: Path) -> str:
    """Return the name of the one layer of features that `path` holds.

    Raises
    ------
    InvalidAoi
        If it is no GeoPackage, is cut off, has several layers, or a layer
        that is not a plain table.
    """
    require_whole(path)
    try:
        # immutable: no journal beside the file is read, no lock is taken.
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            return _checked(connection)
    except sqlite3.Error as error:
        raise InvalidAoi(
            f"it is not a GeoPackage that can be read: {error}", hint="export it again"
        ) from error


def _checked(connection: sqlite3.Connection) -> str:
    tables = {
        name: (kind, sql or "")
        for name, kind, sql in connection.execute("SELECT name, type, sql FROM sqlite_master")
    }
    if "gpkg_contents" not in tables:
        raise InvalidAoi(
            "it is a SQLite file, but no GeoPackage", hint="export the layer as GeoPackage"
        )
    layers = [
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type = 'features'"
        )
    ]
    if len(layers) != 1:
        raise InvalidAoi(
            f"it has {len(layers)} layers: {', '.join(map(repr, layers[:10]))}",
            hint="export the one layer that is meant to a file of its own",
        )
    (layer,) = layers
    kind, _ = tables.get(layer, ("nothing", ""))
    if kind != "table":
        raise InvalidAoi(
            f"its layer {layer!r} is a {kind}, not a table", hint="export the layer itself"
        )
    for name, (_, sql) in tables.items():
        _require_plain(name, sql)
    return str(layer)


def _require_plain(name: str, sql: str) -> None:
    words = sql.upper().split()
    if words[:3] != ["CREATE", "VIRTUAL", "TABLE"]:
        return
    module = words[words.index("USING") + 1].partition("(")[0].lower() if "USING" in words else ""
    if module not in SAFE_MODULES:
        raise InvalidAoi(
            f"its table {name!r} stands on the extension {module!r}",
            hint="export the layer to a new GeoPackage",
        )


def require_whole(path: Path) -> None:
    """Refuse a file that is shorter than its header says."""
    with path.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100:
        raise InvalidAoi("it ends in the middle", hint="copy or export it again")
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    declared = page_bytes * int.from_bytes(head[28:32], "big")
    if path.stat().st_size < declared:
        raise InvalidAoi(
            f"it ends in the middle: {path.stat().st_size:,} bytes of {declared:,}",
            hint="copy or export it again",
        )
