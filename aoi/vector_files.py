"""GeoPackage, Shapefile and FlatGeobuf, read in a child process that has little of anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from aoi.errors import InvalidAoi

TIMEOUT_S = 60

MEMORY_BYTES = 900_000_000
"""Address space of the child; the libraries alone take 300 MB of it."""

DRIVERS = ("ESRI Shapefile", "FlatGeobuf", "GPKG", "SQLite")
"""Drivers that stay in the child; GPKG is a part of SQLite."""

OTHER_DRIVERS = (
    "ADBC", "AIVector", "AVCBin", "AVCE00", "AmigoCloud", "CSV", "CSW", "Carto", "DGN", "DXF",
    "EDIGEO", "EEDA", "ESRIJSON", "Elasticsearch", "GDALG", "GML", "GPSBabel", "GPX", "GTFS",
    "GeoJSON", "GeoJSONSeq", "GeoRSS", "HTTP", "Idrisi", "JML", "JSONFG", "KML", "LIBKML",
    "LVBAG", "MBTiles", "MEM", "MVT", "MapInfo File", "MapML", "MiraMonVector", "NGW", "OAPIF",
    "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT", "OSM", "OpenFileGDB", "PCIDSK", "PDF",
    "PDS4", "PGDUMP", "PLSCENES", "PMTiles", "S57", "SXF", "Selafin", "TopoJSON", "VDV", "VFK",
    "VICAR", "WAsP", "WFS", "XLSX",
)  # fmt: skip

CHILD_SETTINGS = {
    "GDAL_SKIP": ",".join(OTHER_DRIVERS),
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "SHAPE_RESTORE_SHX": "YES",
    "OGR_ORGANIZE_POLYGONS": "DEFAULT",
    "OPENBLAS_NUM_THREADS": "1",
    "GDAL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@contextmanager
def as_geojson(kind: str, path: Path, encoding: str, said: list[str]) -> Iterator[BinaryIO]:
    """Open `path` as GeoJSON that a child process made of it.

    Parameters
    ----------
    kind : str
        ``"GeoPackage"``, ``"Shapefile"`` or ``"FlatGeobuf"``, judged by content.
    path : Path
        The file, already looked through as far as that needs no library.
    encoding : str
        Encoding of its texts, empty for the one that it states.
    said : list of str
        What the child changed is appended.

    Raises
    ------
    InvalidAoi
        If the child refuses, dies or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="emberwatch-") as folder:
        out = Path(folder) / "layer.geojson"
        said += _converted(kind, path, encoding, out)
        with out.open("rb") as stream:
            yield stream


def _converted(kind: str, path: Path, encoding: str, out: Path) -> list[str]:
    child_arguments = [kind, str(path), encoding, str(out), str(MEMORY_BYTES)]
    command = [sys.executable, "-m", "aoi.vector_child", *child_arguments]
    try:
        child = subprocess.run(
            command, env=_environment(), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InvalidAoi(
            f"the {kind} was not read within {TIMEOUT_S} s", hint="simplify or split it"
        ) from error
    if child.returncode:
        raise InvalidAoi(
            f"the {kind} cannot be read: its reader stopped ({_cause(child)})",
            hint="it is damaged, or needs too much memory; export it again",
        )
    answer = json.loads(child.stdout)
    if "refused" in answer:
        message, hint = answer["refused"]
        raise InvalidAoi(message, hint=hint)
    return list(answer["notices"])


def _cause(child: subprocess.CompletedProcess[bytes]) -> str:
    if child.returncode < 0:
        return f"signal {-child.returncode}"
    lines = child.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:120] if lines else f"status {child.returncode}"


def _environment() -> dict[str, str]:
    """Return what the child may know: the way to our code, and no secret of the service."""
    here = str(Path(__file__).resolve().parents[1])
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    return {**kept, **CHILD_SETTINGS, "PYTHONPATH": here, "PYTHONUTF8": "1"}
