"""The master key of a data folder: made once, readable by the service alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from monitor.errors import ConfigError

KEY_BYTES = 32


def master_key(data_folder: Path) -> bytes:
    """Return the key in ``keys/master``; make it if this data folder has none.

    Identifiers of messages and links in them are made from it, so it belongs
    into the backup with the database.

    Raises
    ------
    ConfigError
        If others can read it, it is damaged, or it cannot be written.
    """
    path = data_folder / "keys" / "master"
    try:
        _make(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                f"others can read the key {path}", hint=f"take the right away: chmod 600 {path}"
            )
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot use the key {path}: {error.strerror}",
            hint="see [service] data_folder in config.toml, and its rights",
        ) from error
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"the key {path} has {len(key)} bytes, not {KEY_BYTES}",
            hint="restore it from the backup of the data folder",
        )
    return key


def _make(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"master.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link does not replace: two starts at once end with one key.
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()
