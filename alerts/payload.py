"""Alerts as JSON, and back: the payload of a revision, complete in itself."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from alerts.alert import Alert, Review, Status
from alerts.place import Place
from aoi.area import Sensitivity
from aoi.settlement import SettlementKind
from monitor.finding import Finding
from monitor.rows import finding_of, finding_row

Payload = dict[str, Any]

INSTANTS = ("happened_after", "happened_before", "first_seen", "last_seen", "known_at")


def canonical(body: Payload) -> str:
    """Return `body` as JSON with one spelling: sorted keys, no spaces, text unescaped."""
    return json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_of(body: Payload) -> str:
    """Return the digest of the one spelling of `body`."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def payload_of(alert: Alert) -> Payload:
    """Return everything that an alert says, without what the outbox keeps of it."""
    return {
        "event_id": alert.event_id,
        "ref": alert.ref,
        "status": alert.status.value,
        "revision": alert.revision,
        "place": _place_payload(alert.place),
        "finding": _finding_payload(alert.finding),
        "finding_ids": list(alert.finding_ids),
        "severity": alert.severity,
        "opened_at": alert.opened_at.isoformat(),
        "changed_at": alert.changed_at.isoformat(),
        "review": alert.review.value,
        "review_reason": alert.review_reason,
        "note": alert.note,
        "reviewed_by": list(alert.reviewed_by),
        "needs_review": alert.needs_review,
        "released_at": None if alert.released_at is None else alert.released_at.isoformat(),
        "follows": alert.follows,
        "split_from": alert.split_from,
    }


def alert_of(payload: Payload, *, outside: bool = False) -> Alert:
    """Return the alert that `payload_of` wrote."""
    released_at = payload["released_at"]
    return Alert(
        event_id=payload["event_id"],
        ref=payload["ref"],
        status=Status(payload["status"]),
        revision=payload["revision"],
        place=_place(payload["place"]),
        finding=_finding(payload["finding"]),
        finding_ids=tuple(payload["finding_ids"]),
        severity=payload["severity"],
        opened_at=datetime.fromisoformat(payload["opened_at"]),
        changed_at=datetime.fromisoformat(payload["changed_at"]),
        review=Review(payload["review"]),
        review_reason=payload["review_reason"],
        note=payload["note"],
        reviewed_by=tuple(payload["reviewed_by"]),
        needs_review=payload["needs_review"],
        released_at=None if released_at is None else datetime.fromisoformat(released_at),
        follows=payload["follows"],
        split_from=payload.get("split_from", ""),
        outside=outside,
    )


def _finding_payload(finding: Finding) -> Payload:
    row = finding_row(finding, finding.known_at)
    for column in ("created_at", "decision"):
        del row[column]
    for column in INSTANTS:
        row[column] = row[column].isoformat()
    row["geometry"] = _hex(finding.geometry)
    return row


def _finding(payload: Payload) -> Finding:
    instants = {column: datetime.fromisoformat(payload[column]) for column in INSTANTS}
    row: Any = {**payload, **instants, "geometry": shapely.from_wkb(payload["geometry"])}
    return finding_of(row)


def _place_payload(place: Place) -> Payload:
    return {
        "aoi_id": place.aoi_id,
        "aoi_name": place.aoi_name,
        "sensitivity": place.sensitivity.value,
        "settlement_id": place.settlement_id,
        "name": place.name,
        "name_local": place.name_local,
        "kind": None if place.kind is None else place.kind.value,
        "footprint": None if place.footprint is None else _hex(place.footprint),
        "footprint_assumed": place.footprint_assumed,
        "structures": place.structures,
        "admin_pcode": place.admin_pcode,
    }


def _place(payload: Payload) -> Place:
    kind, footprint = payload["kind"], payload["footprint"]
    return Place(
        **{
            **payload,
            "sensitivity": Sensitivity(payload["sensitivity"]),
            "kind": None if kind is None else SettlementKind(kind),
            "footprint": None if footprint is None else shapely.from_wkb(footprint),
        }
    )


def _hex(geometry: BaseGeometry) -> str:
    return shapely.to_wkb(geometry, hex=True)
