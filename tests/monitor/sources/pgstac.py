"""A full STAC API that is not ours: stac-fastapi on pgstac, in a PostgreSQL of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

COLLECTION = {
    "id": "sentinel-2-l2a",
    "type": "Collection",
    "stac_version": "1.0.0",
    "description": "scenes of a test",
    "license": "proprietary",
    "extent": {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
    },
    "links": [],
}


def interpreter() -> Path | None:
    """Return the Python that holds the API, None without one.

    It has an environment of its own, for it asks for other versions than ours: `make pgstac`.
    """
    named = os.environ.get("EMBERWATCH_PGSTAC_PYTHON", "")
    python = Path(named) if named else Path(__file__).parents[3] / ".pgstac" / "bin" / "python"
    return python if python.with_name("pypgstac").is_file() else None


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, None without PostgreSQL and PostGIS."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    postgis = list(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))
    return homes[-1].parent if homes and postgis else None


@contextmanager
def pgstac(items: list[dict[str, Any]], bin_folder: Path, python: Path) -> Iterator[str]:
    """Run the API over `items` with an interpreter, and give its address."""
    with tempfile.TemporaryDirectory() as name, _postgres(Path(name), bin_folder) as variables:
        folder = Path(name)
        _load(folder, items, variables, python.with_name("pypgstac"))
        port = _free_port()
        command = [
            str(python),
            "-m",
            "uvicorn",
            "--factory",
            "stac_fastapi.pgstac.app:create_app",
        ]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        environment = {**os.environ, **variables}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_for(url, server)
                yield url
            finally:
                server.kill()


@contextmanager
def _postgres(folder: Path, bin_folder: Path) -> Iterator[Mapping[str, str]]:
    port = _free_port()
    data, log = folder / "db", folder / "log"
    data.mkdir()
    as_owner: list[str] = []
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        for path in (folder, data):
            shutil.chown(path, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*as_owner, str(bin_folder / "pg_ctl"), "-D", str(data), "-l", str(log), "-w"]
    initdb = [*as_owner, str(bin_folder / "initdb"), "-D", str(data), "-A", "trust", "-U", "test"]
    _run(initdb)
    _run([*control, "-o", options, "start"])
    try:
        yield {
            "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "test", "PGPASSWORD": "x",
            "PGDATABASE": "postgres",
        }  # fmt: skip
    finally:
        _run([*control, "-m", "immediate", "stop"])


def _load(
    folder: Path, items: list[dict[str, Any]], variables: Mapping[str, str], pypgstac: Path
) -> None:
    _run([str(pypgstac), "migrate"], variables)
    for kind, entries in (("collections", [COLLECTION]), ("items", items)):
        file = folder / f"{kind}.ndjson"
        file.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        _run([str(pypgstac), "load", kind, str(file), "--method", "upsert"], variables)


def _run(command: list[str], variables: Mapping[str, str] | None = None) -> None:
    environment = {**os.environ, **(variables or {})}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"the STAC API ended with {server.returncode}")
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return
        pause.wait(0.1)
    raise RuntimeError("the STAC API does not answer")
