"""Active-fire detections from FIRMS text: VIIRS and MODIS, every variant seen. Pure."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.scene import Hotspot

AVAILABLE_AFTER = timedelta(hours=3)
"""From overpass to FIRMS: global near-real-time detections come within three hours."""

# Archive and near-real-time files name the fire channel differently, MODIS a third way.
_BRIGHTNESS = ("bright_ti4", "brightness")
_NEEDED = ("latitude", "longitude", "acq_date", "acq_time", "satellite", "confidence")

_SATELLITES = {
    "n": "N", "npp": "N", "snpp": "N", "suomi npp": "N", "suomi-npp": "N",
    "1": "N20", "n20": "N20", "noaa-20": "N20", "noaa20": "N20", "j1": "N20",
    "2": "N21", "n21": "N21", "noaa-21": "N21", "noaa21": "N21", "j2": "N21",
    "t": "T", "terra": "T", "a": "A", "aqua": "A",
}  # fmt: skip
_CONFIDENCE = {
    "l": "low", "low": "low", "n": "nominal", "nominal": "nominal", "h": "high", "high": "high",
}  # fmt: skip
# MODIS gives percent; classes of the MODIS Collection 6.1 fire user guide.
LOW_BELOW_PERCENT = 30.0
HIGH_ABOVE_PERCENT = 80.0

# What a detection is superseded by, from first draft to the standard product.
_STAGES = ("URT", "RT", "NRT")


@dataclass(frozen=True, slots=True)
class FirmsRows:
    """What one text held."""

    hotspots: tuple[Hotspot, ...]
    impossible: tuple[str, ...] = ()
    """A sentence for each row that could not be read or lies nowhere on the earth."""


def parse_firms(text: str, origin: str) -> FirmsRows:
    """Return the detections that a FIRMS text lists.

    Parameters
    ----------
    text : str
        Comma-separated, with a header.
    origin : str
        File or address, for messages.

    Raises
    ------
    SourceUnavailable
        If it is empty, or an error page of a server.
    SourceRefused
        If it is another refusal, or a table without the columns of FIRMS.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    header = [name.strip().lower() for name in lines[0].split(",")] if lines else []
    _require_table(header, lines, origin)
    hotspots, impossible = [], []
    for number, row in enumerate(csv.DictReader(lines[1:], fieldnames=header), start=2):
        try:
            hotspots.append(_hotspot(row))
        except ValueError as error:
            impossible.append(f"{origin} line {number}: {error}")
    return FirmsRows(tuple(hotspots), tuple(impossible))


def newest_versions(hotspots: Iterable[Hotspot]) -> list[Hotspot]:
    """Return each detection once, oldest first, in its most final version."""
    best: dict[tuple[float, float, datetime, str], Hotspot] = {}
    for spot in hotspots:
        key = (spot.latitude, spot.longitude, spot.acquired_at, spot.satellite)
        if key not in best or _stage(spot) > _stage(best[key]):
            best[key] = spot
    return sorted(
        best.values(), key=lambda h: (h.acquired_at, h.satellite, h.latitude, h.longitude)
    )


def _require_table(header: list[str], lines: list[str], origin: str) -> None:
    missing = [name for name in _NEEDED if name not in header]
    if not missing:
        return
    said = lines[0].strip()[:80] if lines else ""
    if not said:
        raise SourceUnavailable(
            f"hotspot file {origin} is empty", hint="an interrupted download; fetch it again"
        )
    if said.startswith("<") or "limit" in said.lower():
        raise SourceUnavailable(f"hotspot file {origin} is an error page: {said!r}")
    if len(missing) == len(_NEEDED):
        raise SourceRefused(
            f"hotspot file {origin} is not a table of FIRMS but says {said!r}",
            hint="see whether the map key is right, and fetch the file again",
        )
    raise SourceRefused(
        f"hotspot file {origin} lacks the columns {', '.join(missing)}",
        hint="keep the columns of FIRMS as they are",
    )


def _hotspot(row: Mapping[str, str]) -> Hotspot:
    if any(row.get(name) is None for name in _NEEDED):
        raise ValueError("the row is cut short")
    longitude, latitude = float(row["longitude"]), float(row["latitude"])
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise ValueError("the position lies nowhere on the earth")
    acquired_at = _instant(row["acq_date"], row["acq_time"])
    satellite = _known(_SATELLITES, row["satellite"], "satellite")
    kind = (row.get("type") or "").strip()
    return Hotspot(
        longitude=longitude,
        latitude=latitude,
        acquired_at=acquired_at,
        satellite=satellite,
        instrument="MODIS" if satellite in {"T", "A"} else "VIIRS",
        confidence=_confidence(row["confidence"]),
        frp_mw=_number(row.get("frp")),
        brightness_k=next((_number(row[n]) for n in _BRIGHTNESS if row.get(n)), math.nan),
        scan_km=_number(row.get("scan")),
        track_km=_number(row.get("track")),
        is_night=(row.get("daynight") or "").strip().upper() == "N",
        available_at=acquired_at + AVAILABLE_AFTER,
        version=(row.get("version") or "").strip(),
        static_type=int(kind) if kind else None,
    )


def _instant(day: str, time: str) -> datetime:
    # Spreadsheets drop leading zeros: "7" is seven minutes past midnight.
    digits = time.strip().replace(":", "").zfill(4)
    try:
        return datetime.strptime(f"{day.strip()} {digits}", "%Y-%m-%d %H%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"no date and time: {day!r} {time!r}") from error


def _known(table: Mapping[str, str], value: str, name: str) -> str:
    found = table.get(value.strip().lower())
    if found is None:
        raise ValueError(f"unknown {name} {value!r}")
    return found


def _confidence(value: str) -> str:
    text = value.strip().lower()
    if text in _CONFIDENCE:
        return _CONFIDENCE[text]
    percent = float(text)
    if not 0 <= percent <= 100:
        raise ValueError(f"confidence {value!r} is no percentage")
    if percent < LOW_BELOW_PERCENT:
        return "low"
    return "high" if percent > HIGH_ABOVE_PERCENT else "nominal"


def _number(value: str | None) -> float:
    try:
        return float(value or "nan")
    except ValueError:
        return math.nan


def _stage(spot: Hotspot) -> int:
    version = spot.version.upper()
    return next((i for i, s in enumerate(_STAGES) if version.endswith(s)), len(_STAGES))
