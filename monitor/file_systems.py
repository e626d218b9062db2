"""What a SQLite database must not lie on: memory, or a folder of another machine."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from sqlalchemy.engine import make_url

from monitor.errors import ConfigError

MOUNTS = Path("/proc/self/mountinfo")

VOLATILE = frozenset({"tmpfs", "ramfs"})
"""Emptied when the machine starts: alerts, subscribers and deliveries would be gone."""

# Locks and write-ahead logs of SQLite are unsafe there (sqlite.org/wal.html, "all processes
# using a database must be on the same host computer").
NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "glusterfs", "beegfs", "gfs2",
    "ncpfs", "coda", "davfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs",
    "fuse.rclone", "fuse.davfs2", "fuse.gcsfuse",
})  # fmt: skip

_ESCAPED = re.compile(r"\\([0-7]{3})")


def require_lasting(url: str, *, allow_volatile: bool = False) -> None:
    """Raise `ConfigError` if `url` is a SQLite file in memory or on a network file system.

    Parameters
    ----------
    url : str
        Address of the database; one on a server is no business of ours.
    allow_volatile : bool
        True for tests and demonstrations, which may lie in memory.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return
    kind = file_system_of(Path(address.database), _mounts())
    if kind in NETWORK:
        raise ConfigError(
            f"the database {address.database} lies on a network file system ({kind}), on which "
            "SQLite loses what was committed",
            hint="move [service] data_folder to a disk of this machine, or set [database] url to "
            "a PostgreSQL",
        )
    if kind in VOLATILE and not allow_volatile:
        raise ConfigError(
            f"the database {address.database} lies in memory ({kind}) and is gone when the "
            "machine starts again",
            hint="move [service] data_folder to a disk; for a test, set [database] "
            "allow_volatile = true",
        )


def file_system_of(path: Path, mounts: str) -> str:
    """Return the kind of the file system that a path lies on, empty if it is not known.

    Parameters
    ----------
    path : Path
        It need not exist yet.
    mounts : str
        As ``/proc/self/mountinfo`` has them; of two at one place the later hides the earlier.
    """
    place = PurePosixPath(path.resolve())
    found, depth = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = PurePosixPath(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = after.split(" ", 1)[0], len(point.parts)
    return found


def _mounts() -> str:
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Not Linux: nothing is known, and nothing refused.
        return ""
