"""The archive of detections of an area as a file below the data folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from monitor.archive import write_whole
from monitor.detectors.fire_seasons import DayCount, FireSeasons
from monitor.errors import ArchiveError

STATE_VERSION = 1


def fire_path(folder: Path, aoi_id: str) -> Path:
    """Return where the archive of an area lies, `folder` being the data folder."""
    return folder / "fires" / f"{aoi_id}.json"


def write_seasons(folder: Path, seasons: FireSeasons) -> None:
    """Write an archive whole or not at all.

    Raises
    ------
    ArchiveError
        If the disk is full or the folder cannot be written.
    """
    text = json.dumps(_document(seasons), separators=(",", ":"))
    write_whole(fire_path(folder, seasons.aoi_id), text.encode())


def read_seasons(folder: Path, aoi_id: str) -> FireSeasons | None:
    """Return the archive of an area, None if there is none or it is of another version.

    Raises
    ------
    ArchiveError
        If the file is damaged.
    """
    path = fire_path(folder, aoi_id)
    try:
        document = json.loads(path.read_bytes())
        return _seasons(document) if document["version"] == STATE_VERSION else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(
            f"the archive of fires {path} cannot be read: {error}",
            hint="remove it: it is made anew from the sources",
        ) from error


def _document(seasons: FireSeasons) -> dict[str, Any]:
    return {
        "version": STATE_VERSION,
        "aoi_id": seasons.aoi_id,
        "places": seasons.places,
        "since": seasons.since and seasons.since.isoformat(),
        "through": seasons.through and seasons.through.isoformat(),
        "near": seasons.near,
        "ring": seasons.ring,
        "lost": seasons.lost,
        "waiting": {
            day.isoformat(): {place: [one.near, one.ring] for place, one in counts.items()}
            for day, counts in seasons.waiting.items()
        },
        "cells": [[*cell, months] for cell, months in seasons.cells.items()],
        "latest": {place: at.isoformat() for place, at in seasons.latest.items()},
    }


def _seasons(document: Mapping[str, Any]) -> FireSeasons:
    return FireSeasons(
        aoi_id=document["aoi_id"],
        places=document["places"],
        since=_day(document["since"]),
        through=_day(document["through"]),
        near=_counts(document["near"]),
        ring=_counts(document["ring"]),
        lost=_counts(document["lost"]),
        waiting={
            date.fromisoformat(day): {place: DayCount(*one) for place, one in counts.items()}
            for day, counts in document["waiting"].items()
        },
        cells={
            (east, north): {int(month): count for month, count in months.items()}
            for east, north, months in document["cells"]
        },
        latest={p: datetime.fromisoformat(at) for p, at in document["latest"].items()},
    )


def _counts(part: Mapping[str, Mapping[str, float]]) -> dict[str, dict[int, float]]:
    return {place: {int(s): n for s, n in counts.items()} for place, counts in part.items()}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
