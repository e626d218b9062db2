"""Alerts as files for other programs, with all that the desk knows."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from alerts.alert import Alert
from alerts.disclosure import AUDIENCES, DESK, Disclosure
from alerts.evidence.bundle import zipped
from alerts.formats.geojson import collection_of, feature_of, geojson_text
from alerts.pulled import Pulled
from aoi.errors import ServiceError
from monitor.errors import ConfigError

COLUMNS = (
    "event_id", "ref", "revision", "kind", "status", "review", "severity", "tier", "confidence",
    "aoi_id", "settlement_id", "settlement_name", "observed_after", "observed_before",
    "first_seen", "last_seen", "published_at", "area_ha", "settlement_fraction",
    "longitude", "latitude",
)  # fmt: skip

CAP = "cap"

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins so."""


def feature(alert: Alert, published_at: datetime) -> dict[str, Any]:
    """Return an alert as a GeoJSON Feature, as the desk may see it."""
    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    return feature_of(shown, published_at=published_at, reason="export")


def exported(alerts: Sequence[Alert], form: str, now: datetime) -> bytes:
    """Return alerts as a file of one of `FORMATS`.

    Raises
    ------
    ConfigError
        If there is no such format.
    """
    if form not in FORMATS:
        raise ConfigError(
            f"there is no export format {form!r}", hint=f"one of: {', '.join((*FORMATS, CAP))}"
        )
    return FORMATS[form](alerts, now)


def as_cap(pulled: Pulled, alerts: Sequence[Alert]) -> bytes:
    """Return one alert as a CAP message, or several as a zip of one message each.

    Raises
    ------
    ServiceError
        If there is none.
    """
    if not alerts:
        raise ServiceError("there is no alert to export", hint="see: emberwatch alert list --all")
    messages = {
        f"{alert.ref}-r{alert.revision}.cap.xml": pulled.desk_cap(alert) for alert in alerts
    }
    return zipped(messages) if len(messages) > 1 else next(iter(messages.values()))


def as_geojson(alerts: Sequence[Alert], now: datetime) -> bytes:
    """Return a FeatureCollection, schema 1.0."""
    features = [feature(alert, alert.released_at or alert.changed_at) for alert in alerts]
    return geojson_text(collection_of(features)).encode()


def as_csv(alerts: Sequence[Alert], now: datetime) -> bytes:
    """Return a table with a position for each alert; UTF-8 with a mark, as spreadsheets want."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(_row(alert) for alert in alerts)
    return text.getvalue().encode("utf-8-sig")


def _row(alert: Alert) -> dict[str, object]:
    body: Mapping[str, Any] = feature(alert, alert.released_at or alert.changed_at)["properties"]
    centre = alert.finding.geometry.centroid
    row = {name: body.get(name) for name in COLUMNS}
    row |= {
        "settlement_id": body["settlement"]["id"],
        "settlement_name": body["settlement"]["name"],
        "longitude": round(centre.x, 6),
        "latitude": round(centre.y, 6),
    }
    return {name: safe_cell(value) for name, value in row.items()}


def safe_cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def _by_driver(driver: str, suffix: str) -> Callable[[Sequence[Alert], datetime], bytes]:
    def written(alerts: Sequence[Alert], now: datetime) -> bytes:
        # Imported here: pandas takes two seconds to load.
        import geopandas

        rows = [_row(alert) for alert in alerts]
        if not rows:
            raise ServiceError(
                "there is no alert to export", hint="see: emberwatch alert list --all"
            )
        shapes = [alert.finding.geometry for alert in alerts]
        frame = geopandas.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"alerts{suffix}"
            frame.to_file(path, driver=driver, layer="alerts")
            return path.read_bytes()

    return written


FORMATS: Mapping[str, Callable[[Sequence[Alert], datetime], bytes]] = {
    "geojson": as_geojson,
    "csv": as_csv,
    "kml": _by_driver("KML", ".kml"),
    "gpkg": _by_driver("GPKG", ".gpkg"),
}
