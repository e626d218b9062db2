"""The camp state of an area as one file, so that a new look costs no history."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from monitor.archive import write_whole
from monitor.camps.reading import CampReading
from monitor.camps.season import Season
from monitor.camps.sign import LookSign
from monitor.camps.verdict import CampState
from monitor.errors import ArchiveError

STATE_VERSION = "camp-state/1"
ARRAYS = ("gram", "moment", "theta", "variance")


def camp_state_path(folder: Path, aoi_id: str) -> Path:
    """Return where the camp state of an area lies."""
    return folder / aoi_id / "camps.npz"


def write_camp_state(path: Path, state: CampState) -> None:
    """Write a state whole or not at all.

    Raises
    ------
    ArchiveError
        If the folder cannot be written, or the disk is full.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for number, season in enumerate(state.seasons.values()):
        arrays |= {f"{name}_{number}": getattr(season, name) for name in ARRAYS}
    if state.signs:
        arrays["level"] = np.stack([sign.level for sign in state.signs])
        arrays["strength"] = np.stack([sign.strength for sign in state.signs])
    buffer = io.BytesIO()
    np.savez(buffer, words=np.array(json.dumps(_words(state))), **arrays)  # type: ignore[arg-type]
    write_whole(path, buffer.getvalue())


def read_camp_state(path: Path) -> CampState | None:
    """Return the state of an area, None if there is none or it is of another version.

    Raises
    ------
    ArchiveError
        If the file is damaged.
    """
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            words = json.loads(str(stored["words"]))
            arrays = {name: stored[name] for name in stored.files if name != "words"}
        return _state(words, arrays) if words["version"] == STATE_VERSION else None
    except (OSError, ValueError, KeyError, IndexError, BadZipFile, EOFError) as error:
        raise ArchiveError(
            f"the camp state {path.parent.name}/{path.name} cannot be read: {error}",
            hint="delete it; it is made anew from the archived looks",
        ) from error


def _words(state: CampState) -> dict[str, Any]:
    return {
        "version": STATE_VERSION,
        "region": state.region_version,
        "seasons": [
            {
                "track": season.track,
                "through": season.through.isoformat(),
                "solved_through": season.solved_through.isoformat(),
                "look_count": season.look_count,
                "has_texture": season.has_texture,
            }
            for season in state.seasons.values()
        ],
        "signs": [[s.look_id, s.track, s.at.isoformat()] for s in state.signs],
        "series": {
            camp_id: [{**asdict(r), "at": r.at.isoformat()} for r in readings]
            for camp_id, readings in state.series.items()
        },
    }


def _state(words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> CampState:
    seasons = {
        entry["track"]: Season(
            track=entry["track"],
            region_version=words["region"],
            through=datetime.fromisoformat(entry["through"]),
            solved_through=datetime.fromisoformat(entry["solved_through"]),
            look_count=int(entry["look_count"]),
            has_texture=bool(entry["has_texture"]),
            **{name: arrays[f"{name}_{number}"] for name in ARRAYS},
        )
        for number, entry in enumerate(words["seasons"])
    }
    signs = tuple(
        LookSign(
            look_id, track, datetime.fromisoformat(at), arrays["level"][n], arrays["strength"][n]
        )
        for n, (look_id, track, at) in enumerate(words["signs"])
    )
    series = {
        camp_id: tuple(
            CampReading(**{**entry, "at": datetime.fromisoformat(entry["at"])}) for entry in rows
        )
        for camp_id, rows in words["series"].items()
    }
    return CampState(words["region"], seasons, signs, series)
