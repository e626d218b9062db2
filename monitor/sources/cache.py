"""Bytes that were fetched once, kept on disk within a limit.

An entry is one file, named after its key and its own content, and put in place in
one step: what is there is whole. A full or broken disk costs the caching and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

logger = structlog.get_logger(__name__)

DEFAULT_MAX_BYTES = 5_000_000_000
ROOM_LEFT = 0.9
"""Share of the limit that is kept when the oldest entries go, so that it is not every time."""

COUNTED_EVERY = 0.02
"""Share of the limit that may be added before the folder is counted again."""

# Bytes added by this process since it last counted a folder.
_ADDED: dict[Path, int] = {}

_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of entries, shared by all processes of this machine."""

    folder: Path
    max_bytes: int = DEFAULT_MAX_BYTES

    def get(self, key: str) -> bytes | None:
        """Return what was put under `key`; None if it is not there or is damaged."""
        name = _digest(key.encode())
        for path in self._shelf(name).glob(f"{name}-*"):
            if path.suffix == _UNFINISHED:
                continue
            content = self._content(path)
            if content is not None:
                return content
        return None

    def put(self, key: str, content: bytes) -> bool:
        """Keep `content` under `key`; return False if the disk does not take it."""
        if len(content) > self.max_bytes:
            return False
        name = _digest(key.encode())
        path = self._shelf(name) / f"{name}-{_digest(content)}"
        try:
            _write_whole(path, content)
            for older in path.parent.glob(f"{name}-*"):
                if older != path and older.suffix != _UNFINISHED:
                    older.unlink(missing_ok=True)
            self._make_room(len(content))
        except OSError as error:
            logger.warning("cache.full", reason=error.strerror)
            return False
        return True

    def _shelf(self, name: str) -> Path:
        return self.folder / name[:2]

    def _content(self, path: Path) -> bytes | None:
        try:
            content = path.read_bytes()
            if path.name.endswith(_digest(content)):
                # The time of last use, by which entries go.
                os.utime(path)
                return content
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("cache.unreadable", reason=error.strerror)
            return None
        logger.warning("cache.damaged", entry=path.name[:16])
        return None

    def _make_room(self, added: int) -> None:
        """Let the entries go that were not used for longest, if the limit is passed."""
        counted = self.folder in _ADDED
        _ADDED[self.folder] = _ADDED.get(self.folder, 0) + added
        if counted and _ADDED[self.folder] < COUNTED_EVERY * self.max_bytes:
            return
        _ADDED[self.folder] = 0
        entries = []
        for path in self.folder.glob("??/*"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            entries.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in entries)
        if total <= self.max_bytes:
            return
        for _, size, path in sorted(entries):
            path.unlink(missing_ok=True)
            total -= size
            if total <= self.max_bytes * ROOM_LEFT:
                return


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=_UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(unfinished).replace(path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
