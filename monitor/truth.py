"""What truly happened, from truth.csv (CONTRACT section 5) and what may lie beside it."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shapely.geometry import Point

from aoi.grid import to_metres
from monitor.camp_skill import NEW, CampEvent
from monitor.errors import ConfigError
from monitor.skill import TrueEvent

COLUMNS = ("settlement_id", "kind", "started_at", "ended_at", "fraction")
KINDS = ("burned", "camp_new", "camp_growth", "camp_emptied")

HINT = "truth.csv: settlement_id,kind,started_at,ended_at,fraction; instants in ISO 8601"


def read_truth(path: Path, known_ids: Collection[str]) -> list[TrueEvent]:
    """Return the burns of a truth file, oldest first; camps have tests of their own.

    Parameters
    ----------
    path : Path
    known_ids : collection of str
        Settlements that are watched: truth about any other cannot be compared.

    Raises
    ------
    ConfigError
        If the file is missing, or a row cannot be used; the message names the row.
    """
    events = [
        _event(row, f"{path.name}, row {number}", known_ids)
        for number, row in enumerate(_rows(path), start=2)
        if _kind(row, f"{path.name}, row {number}") == "burned"
    ]
    return sorted(events, key=lambda event: event.started_at)


def read_camp_truth(path: Path, known_ids: Collection[str], epsg: int) -> list[CampEvent]:
    """Return the camps of a truth file, oldest first; its burns are left out.

    Parameters
    ----------
    path : Path
    known_ids : collection of str
        Settlements that are watched; growth and emptying of others are left out.
    epsg : int
        Projected system of the area, for the middles of new camps.

    Raises
    ------
    ConfigError
        If the file is missing, or a row cannot be used; the message names the row.
    """
    events = []
    for number, row in enumerate(_rows(path), start=2):
        where = f"{path.name}, row {number}"
        kind = _kind(row, where)
        place = (row["settlement_id"] or "").strip()
        if kind == "burned" or (kind != NEW and place not in known_ids):
            continue
        started, ended = (_instant(row[name], where) for name in ("started_at", "ended_at"))
        x_m = y_m = math.nan
        if kind == NEW:
            middle = to_metres(_point(row, where), epsg).centroid
            x_m, y_m = middle.x, middle.y
        fraction = _number(row["fraction"], where)
        events.append(CampEvent(kind, place, started, ended, fraction, x_m, y_m))
    return sorted(events, key=lambda event: event.started_at)


def read_confounders(path: Path) -> list[TrueEvent]:
    """Return the confounders of a simulated world by settlement; none without the file.

    Those on open land, which name no settlement, are left out.

    Raises
    ------
    ConfigError
        If the file is there and is not GeoJSON.
    """
    if not path.is_file():
        return []
    features = _json(path).get("features", [])
    return [
        TrueEvent(
            settlement_id=feature["properties"]["settlement_id"],
            kind=feature["properties"]["kind"],
            started_at=_instant(feature["properties"]["started_at"], path.name),
            ended_at=_instant(feature["properties"]["ended_at"], path.name),
        )
        for feature in features
        if feature["properties"].get("settlement_id")
    ]


def origin_of(folder: Path) -> str:
    """Return ``"simulated"`` if a simulator's manifest lies in `folder`, else ``"real"``."""
    manifest = folder / "manifest.json"
    if manifest.is_file() and "seed" in _json(manifest):
        return "simulated"
    return "real"


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}", hint=HINT) from error
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path.name} lacks the columns {', '.join(missing)}", hint=HINT)
    return list(rows)


def _point(row: Mapping[str, str], where: str) -> Point:
    """Return the middle of a new camp, degrees."""
    texts = [(row.get(name) or "").strip() for name in ("longitude", "latitude")]
    try:
        longitude, latitude = (float(text) for text in texts)
    except ValueError as error:
        raise ConfigError(
            f"{where}: longitude and latitude {texts} are no position",
            hint="a new camp has no settlement: give its middle in degrees",
        ) from error
    if not (-180.0 <= longitude <= 180.0 and -90.0 <= latitude <= 90.0):
        raise ConfigError(f"{where}: {longitude}, {latitude} is not on Earth", hint=HINT)
    return Point(longitude, latitude)


def _event(row: Mapping[str, str], where: str, known_ids: Collection[str]) -> TrueEvent:
    place = row["settlement_id"].strip()
    if place not in known_ids:
        raise ConfigError(
            f"{where}: no settlement {place!r} is watched",
            hint="import it first: emberwatch settlement import FILE --aoi ID",
        )
    started, ended = (_instant(row[name], where) for name in ("started_at", "ended_at"))
    if ended < started:
        raise ConfigError(f"{where}: ended_at {row['ended_at']} is before started_at", hint=HINT)
    return TrueEvent(place, "burned", started, ended, _fraction(row["fraction"], where))


def _kind(row: Mapping[str, str], where: str) -> str:
    kind = (row["kind"] or "").strip()
    if kind not in KINDS:
        raise ConfigError(f"{where}: kind {kind!r} is unknown", hint=f"kinds: {', '.join(KINDS)}")
    return kind


def _instant(text: str, where: str) -> datetime:
    try:
        parsed = datetime.fromisoformat((text or "").strip())
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r} is not an instant", hint=HINT) from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _fraction(text: str, where: str) -> float:
    fraction = _number(text, where)
    if fraction > 1.0:
        raise ConfigError(f"{where}: fraction {text} is not between 0 and 1", hint=HINT)
    return fraction


def _number(text: str, where: str) -> float:
    """Return a share of 0 or more, which growth may take beyond 1; NaN of an empty cell."""
    if not (text or "").strip():
        return float("nan")
    try:
        number = float(text)
    except ValueError as error:
        raise ConfigError(f"{where}: fraction {text!r} is not a number", hint=HINT) from error
    if not 0.0 <= number < math.inf:
        raise ConfigError(f"{where}: fraction {text} is not between 0 and 1", hint=HINT)
    return number


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path.name}: {error}", hint="write it again") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path.name} is not a JSON object", hint="write it again")
    return found
