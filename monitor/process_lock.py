"""One service on one data folder: a lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import MonitorError


class AlreadyRunning(MonitorError):
    """Another process holds the lock."""


@contextmanager
def process_lock(path: Path) -> Iterator[None]:
    """Hold the lock for as long as the block runs.

    `flock` and not `lockf`: the latter is lost when any descriptor of the file
    is closed, anywhere in the process.

    Raises
    ------
    AlreadyRunning
        If another process holds it; the message names its process id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(
                f"another service runs on this data folder (process {holder})",
                hint="stop it first, or give this one its own [service] data_folder",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)
