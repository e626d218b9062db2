"""Alerts as GeoJSON, schema 1.0 (PEERS 5.3, docs/schema/alert-1.0.json)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from alerts.disclosure import Disclosure
from alerts.place import Place
from monitor.finding import Chip

SCHEMA_VERSION = "1.0"

LIMITS = "Seen from space at 20 m. Says what was seen, not who or why."


def feature_of(
    shown: Disclosure, *, published_at: datetime, reason: str = "", params: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """Return one alert as a GeoJSON Feature, holding no more than was disclosed.

    Parameters
    ----------
    published_at : datetime
        When the revision left the house, UTC.
    reason : str
        Why the reader was notified.
    params : mapping
        Settings of the detector that are worth printing.
    """
    return {
        "type": "Feature",
        "id": shown.event_id,
        **({} if shown.bounds is None else {"bbox": [_degrees(edge) for edge in shown.bounds]}),
        "geometry": None if shown.geometry is None else _outline(shown.geometry),
        "properties": {
            "schema_version": SCHEMA_VERSION,
            "event_id": shown.event_id,
            "ref": shown.ref,
            "revision": shown.revision,
            "kind": shown.kind.value,
            "status": shown.status.value,
            "tlp": shown.tlp.value,
            **_verdict(shown),
            **_place(shown),
            **_times(shown, published_at),
            **_size(shown),
            **_grounds(shown, params),
            "notification_reason": reason,
            "withheld": list(shown.withheld),
        },
    }


def collection_of(features: list[dict[str, Any]]) -> dict[str, Any]:
    """Return features as one FeatureCollection."""
    return {"type": "FeatureCollection", "features": features}


def geojson_text(body: dict[str, Any]) -> str:
    """Return a feature or a collection as text, the same however often it is made."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _verdict(shown: Disclosure) -> dict[str, Any]:
    return {
        "review": shown.review.value,
        "review_reason": shown.review_reason or None,
        "reviewed_by": list(shown.reviewed_by),
        "severity": shown.severity.value,
        "severity_score": _number(shown.severity_score),
        "certainty": shown.certainty.value,
        "tier": shown.tier.value,
        "confidence": _number(shown.confidence),
        "sensitivity": shown.sensitivity.value,
    }


def _place(shown: Disclosure) -> dict[str, Any]:
    place = shown.place
    return {
        "aoi_id": shown.aoi_id,
        "settlement": _settlement(place),
        "admin": {"pcode": shown.pcode},
        "coordinate_precision_m": shown.precision_m,
    }


def _settlement(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"id": None, "name": None, "name_local": None}
    return {
        "id": place.settlement_id,
        "name": place.name or None,
        "name_local": place.name_local or None,
        "footprint": "assumed" if place.footprint_assumed else "mapped",
    }


def _times(shown: Disclosure, published_at: datetime) -> dict[str, Any]:
    return {
        "observed_after": _instant(shown.observed_after),
        "observed_before": _instant(shown.observed_before),
        "first_seen": _instant(shown.first_seen),
        "last_seen": _instant(shown.last_seen),
        "published_at": _instant(published_at),
        "time_precision": 1 if shown.full else 2,
        "geo_precision": 1 if shown.full else (2 if shown.geometry is not None else 3),
    }


def _size(shown: Disclosure) -> dict[str, Any]:
    return {
        "area_ha": round(shown.area_m2 / 10_000, 2),
        "settlement_fraction": _number(shown.fraction),
        "indicators": None
        if shown.indicators is None
        else {name: _number(value) for name, value in sorted(shown.indicators.items())},
        "coverage": {"clear_fraction": _number(shown.clear_fraction)},
    }


def _grounds(shown: Disclosure, params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "evidence": [_chip(chip) for chip in shown.chips],
        "method": {
            "detector": shown.detector.replace("/", "@"),
            "mode": shown.mode,
            "calibration": shown.calibration or None,
            "params": dict(params),
        },
        "limits": LIMITS,
    }


def _chip(chip: Chip) -> dict[str, Any]:
    return {
        "role": chip.role,
        "item": ", ".join(chip.scene_ids),
        "provider": chip.provider,
        "datetime": _instant(chip.acquired_at),
        "sha256": chip.sha256,
    }


def _outline(geometry: BaseGeometry) -> dict[str, Any]:
    body = mapping(geometry)
    return {"type": body["type"], "coordinates": _rounded(body["coordinates"])}


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, (int, float)):
        return _degrees(coordinates)
    return [_rounded(part) for part in coordinates]


def _degrees(value: float) -> float:
    # A tenth of a metre: blocks are 40 m, and fewer digits make smaller mails.
    return round(float(value), 6)


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 6)
