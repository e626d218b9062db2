"""A private PostgreSQL on this machine, for the tests that run on both databases."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@contextmanager
def private_postgres(folder: Path) -> Iterator[str]:
    """Yield the address of an empty database; the server ends with the block."""
    binaries = FOLDERS[0] if FOLDERS else None
    if binaries is None or os.geteuid() != 0 or not shutil.which("runuser"):
        pytest.skip("needs PostgreSQL's programs and the right to start them as postgres")
    pytest.importorskip("psycopg", reason="needs the extra postgres")
    state = folder / "postgres"
    state.mkdir()
    shutil.chown(state, "postgres")
    _make_reachable(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = f"-p {port} -k {state} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [binaries / "pg_ctl", "-D", state / "db", "-l", state / "log", "-w"]
    _as_postgres(binaries / "initdb", "-D", state / "db", "-A", "trust", "-U", "test")
    _as_postgres(*control, "-o", server, "start")
    try:
        yield f"postgresql+psycopg://test@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres(*control, "-m", "fast", "stop")


def _as_postgres(*words: object) -> None:
    command = ["runuser", "-u", "postgres", "--", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _make_reachable(folder: Path) -> None:
    """Let postgres pass through the folders that pytest made for root alone."""
    for parent in (folder, *folder.parents):
        if "pytest-of" in str(parent):
            parent.chmod(parent.stat().st_mode | 0o011)
