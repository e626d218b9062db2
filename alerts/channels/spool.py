"""A channel that writes each message to a file that any mail program opens; sends nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from alerts.errors import DeliveryFailed, FailureClass
from alerts.ports import Parcel


class Spool:
    """Writes ``<folder>/<delivery>.eml``, whole or not at all."""

    folds = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        """Write one message; the same message again replaces its own file."""
        target = self._folder / f"{parcel.delivery_id}.eml"
        partial = target.with_suffix(".partial")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_durably(partial, parcel.raw)
            before_dot()
            partial.replace(target)
            _sync_folder(self._folder)
        except OSError as error:
            raise DeliveryFailed(
                f"{target.name} cannot be written to the spool: {error.strerror}",
                hint="check [email] spool in config.toml, and the space on its disk",
                failure=FailureClass.TRANSIENT,
            ) from error
        return f"written to {target.name}"

    def close(self) -> None:
        """Nothing is kept open."""


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
