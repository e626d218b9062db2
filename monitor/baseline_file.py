"""Baseline states as files: one compact array archive for each area and track."""

from __future__ import annotations

import io
import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from monitor.archive import write_whole
from monitor.baseline import STATE_VERSION, Baseline, feature_set_named
from monitor.errors import ArchiveError

WORDS = ("aoi_id", "track", "sets_version", "fitted_at", "fitted_looks", "through", "look_count")


def baseline_path(folder: Path, aoi_id: str, track: str) -> Path:
    """Return where the state of a track lies."""
    return folder / aoi_id / f"{track}.npz"


def write_baseline(folder: Path, baseline: Baseline) -> Path:
    """Write a state whole or not at all, and return its path.

    Raises
    ------
    ArchiveError
        If the folder cannot be written, or the disk is full.
    """
    path = baseline_path(folder, baseline.aoi_id, baseline.track)
    words = {name: str(getattr(baseline, name)) for name in WORDS}
    words |= {
        "version": STATE_VERSION,
        "features": baseline.features.name,
        "fitted_at": baseline.fitted_at.isoformat(),
        "through": baseline.through.isoformat(),
    }
    arrays = {
        f.name: getattr(baseline, f.name)
        for f in fields(baseline)
        if isinstance(getattr(baseline, f.name), np.ndarray)
    }
    buffer = io.BytesIO()
    np.savez(buffer, words=np.array(json.dumps(words)), **arrays)
    write_whole(path, buffer.getvalue())
    return path


def read_baseline(folder: Path, aoi_id: str, track: str) -> Baseline | None:
    """Return the state of a track, None if there is none or it is of another version.

    Raises
    ------
    ArchiveError
        If the file is damaged.
    """
    path = baseline_path(folder, aoi_id, track)
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            words = json.loads(str(stored["words"]))
            arrays = {name: stored[name] for name in stored.files if name != "words"}
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise ArchiveError(
            f"the baseline of {aoi_id}, track {track}, cannot be read: {error}",
            hint=f"delete {path.name}; it is fitted anew from the archived looks",
        ) from error
    if words["version"] != STATE_VERSION:
        return None
    return Baseline(
        aoi_id=words["aoi_id"],
        track=words["track"],
        sets_version=words["sets_version"],
        features=feature_set_named(words["features"]),
        fitted_at=datetime.fromisoformat(words["fitted_at"]),
        fitted_looks=int(words["fitted_looks"]),
        through=datetime.fromisoformat(words["through"]),
        look_count=int(words["look_count"]),
        **arrays,
    )
