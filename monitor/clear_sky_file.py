"""The clear-sky share of an area as a file below the data folder."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aoi.area import Aoi
from monitor.archive import write_whole
from monitor.clear_sky import ClearSky, SkyDay
from monitor.errors import ArchiveError

STATE_VERSION = 1


def sky_path(folder: Path, aoi_id: str) -> Path:
    """Return where the sky of an area lies, `folder` being the data folder."""
    return folder / "skies" / f"{aoi_id}.json"


def write_sky(folder: Path, aoi_id: str, sky: ClearSky) -> None:
    """Write a sky whole or not at all.

    Raises
    ------
    ArchiveError
        If the disk is full or the folder cannot be written.
    """
    text = json.dumps(_document(sky), separators=(",", ":"))
    write_whole(sky_path(folder, aoi_id), text.encode())


def read_sky(folder: Path, area: Aoi) -> ClearSky | None:
    """Return what is known of the sky over an area, or of the bigger one that it is a tile of.

    None if nobody asked yet, or it is of another version.

    Raises
    ------
    ArchiveError
        If the file is damaged.
    """
    known = _read(sky_path(folder, area.aoi_id))
    if known is None and area.group_id:
        known = _read(sky_path(folder, area.group_id))
    return known


def _read(path: Path) -> ClearSky | None:
    try:
        document = json.loads(path.read_bytes())
        return _sky(document) if document["version"] == STATE_VERSION else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(
            f"the clear-sky share {path} cannot be read: {error}",
            hint="remove it, and ask again: emberwatch aoi sky",
        ) from error


def _document(sky: ClearSky) -> dict[str, Any]:
    return {
        "version": STATE_VERSION,
        "asked_at": sky.asked_at.isoformat(),
        "since": sky.since.isoformat(),
        "until": sky.until.isoformat(),
        "days": [[d.day.isoformat(), d.measured_fraction, d.clear_fraction] for d in sky.days],
        "lost_days": sky.lost_days,
        "pixel_m": sky.pixel_m,
        "units": sky.units,
    }


def _sky(document: dict[str, Any]) -> ClearSky:
    return ClearSky(
        asked_at=datetime.fromisoformat(document["asked_at"]),
        since=date.fromisoformat(document["since"]),
        until=date.fromisoformat(document["until"]),
        days=tuple(
            SkyDay(date.fromisoformat(day), float(measured), float(clear))
            for day, measured, clear in document["days"]
        ),
        lost_days=int(document["lost_days"]),
        pixel_m=float(document["pixel_m"]),
        units=float(document["units"]),
    )
