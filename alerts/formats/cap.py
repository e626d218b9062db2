"""Alerts in the Common Alerting Protocol 1.2 (OASIS), for one audience (ALERTS 5.6)."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from alerts.alert import Status
from alerts.disclosure import Disclosure, Tlp
from alerts.formats.text import (
    kind_label,
    sure_line,
    what_line,
    when_lines,
    where_lines,
)
from alerts.words import Speech, plain
from monitor.finding import FindingKind

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

EXPIRES_AFTER = timedelta(days=30)

MAX_HEADLINE = 160
MAX_POLYGONS = 50
"""An outline in more parts is told as the hull of all of them."""

SCOPES = {
    Tlp.CLEAR: "Public",
    Tlp.GREEN: "Restricted",
    Tlp.AMBER: "Restricted",
    Tlp.AMBER_STRICT: "Restricted",
    Tlp.RED: "Private",
}

# Fire and Safety name what happened; Security would name somebody who did it.
CATEGORIES = {
    FindingKind.BURN: ("Fire", "Safety"),
    FindingKind.HOTSPOTS: ("Fire", "Safety"),
    FindingKind.BLIND: ("Other",),
}

# CAP wants region codes of the language where they matter; these do not.
LANGUAGE_CODES = {"en": "en-GB", "fr": "fr-FR", "ar": "ar", "my": "my"}


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What surrounds the event in one CAP message."""

    identifier: str
    sender: str
    sent: datetime
    references: tuple[str, ...] = ()
    """``sender,identifier,sent`` of everything that this audience got of the event before."""

    note: str = ""
    address: str = ""
    """The one addressee of a private message."""

    web: str = ""
    exercise: bool = False


def cap_identifier(event_id: str, revision: int, audience: str, key: bytes) -> str:
    """Return the identifier of one revision for one audience: a keyed UUID."""
    text = f"cap|{event_id}|{revision}|{audience}".encode()
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}"


def reference_of(dispatch: Dispatch) -> str:
    """Return how a later message refers to this one."""
    return f"{dispatch.sender},{dispatch.identifier},{cap_time(dispatch.sent)}"


def cap_time(instant: datetime) -> str:
    """Return an instant as CAP has it: UTC is ``-00:00``, never Z, and whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def cap_of(shown: Disclosure, dispatch: Dispatch, speeches: Sequence[Speech]) -> bytes:
    """Return one CAP message, an info block for each language."""
    root = etree.Element(_q("alert"), nsmap={None: NAMESPACE})
    _add(root, "identifier", dispatch.identifier)
    _add(root, "sender", dispatch.sender)
    _add(root, "sent", cap_time(dispatch.sent))
    _add(root, "status", "Test" if dispatch.exercise else "Actual")
    _add(root, "msgType", _type_of(shown, dispatch))
    _add(root, "scope", SCOPES[shown.tlp])
    if SCOPES[shown.tlp] == "Restricted":
        _add(root, "restriction", f"{shown.tlp}; precision {_precision(shown)}")
    if SCOPES[shown.tlp] == "Private":
        _add(root, "addresses", dispatch.address)
    if dispatch.note:
        _add(root, "note", plain(dispatch.note, 500))
    if dispatch.references:
        _add(root, "references", " ".join(dispatch.references))
    _add(root, "incidents", shown.ref)
    for speech in speeches:
        _add_info(root, shown, dispatch, speech)
    body: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return body


def _type_of(shown: Disclosure, dispatch: Dispatch) -> str:
    if shown.status is Status.RETRACTED:
        return "Cancel"
    return "Update" if dispatch.references else "Alert"


def _precision(shown: Disclosure) -> str:
    if shown.step_deg is None:
        return "administrative unit"
    return "full" if shown.step_deg == 0 else f"{shown.step_deg:g} degrees"


def _add_info(root: etree._Element, shown: Disclosure, dispatch: Dispatch, speech: Speech) -> None:
    info = etree.SubElement(root, _q("info"))
    label = kind_label(shown, shown.status, speech)
    status = speech.say(f"status.{shown.status}")
    _add(info, "language", LANGUAGE_CODES.get(speech.language, speech.language))
    for category in CATEGORIES.get(shown.kind, ("Safety",)):
        _add(info, "category", category)
    _add(info, "event", label)
    _add(info, "responseType", "Monitor" if shown.status is Status.ENDED else "Assess")
    _add(info, "urgency", "Past" if shown.kind is FindingKind.BURN else "Unknown")
    _add(info, "severity", shown.severity.value.capitalize())
    _add(info, "certainty", shown.certainty.value.capitalize())
    if shown.full:
        _add(info, "onset", cap_time(shown.observed_after))
    _add(info, "expires", cap_time(dispatch.sent + EXPIRES_AFTER))
    _add(info, "senderName", "Emberwatch")
    _add(info, "headline", plain(f"{label}, {shown.ref}: {status}", MAX_HEADLINE))
    _add(info, "description", _description(shown, speech))
    if dispatch.web:
        _add(info, "web", dispatch.web)
    for name, value in _parameters(shown):
        parameter = etree.SubElement(info, _q("parameter"))
        _add(parameter, "valueName", f"emberwatch:{name}")
        _add(parameter, "value", value)
    _add_area(info, shown, speech)


def _description(shown: Disclosure, speech: Speech) -> str:
    if shown.status is Status.RETRACTED:
        lines = [speech.say("status.retracted"), speech.say(f"retraction.{shown.review_reason}")]
    else:
        lines = [
            what_line(shown, speech),
            *when_lines(shown, speech),
            sure_line(shown, speech),
            speech.say("limits.line"),
        ]
    return "\n".join(lines)


def _parameters(shown: Disclosure) -> list[tuple[str, str]]:
    step = "" if shown.step_deg is None else f"{shown.step_deg:g}"
    return [
        ("tlp", shown.tlp.value),
        ("revision", str(shown.revision)),
        ("tier", shown.tier.value),
        ("changedAreaHa", f"{shown.area_m2 / 10_000:.2f}"),
        ("locationPrecisionDeg", step),
        ("observedAfter", cap_time(shown.observed_after)),
        ("observedBefore", cap_time(shown.observed_before)),
    ]


def _add_area(info: etree._Element, shown: Disclosure, speech: Speech) -> None:
    area = etree.SubElement(info, _q("area"))
    _add(area, "areaDesc", " ".join(where_lines(shown, speech)))
    if shown.geometry is not None and not shown.geometry.is_empty:
        for polygon in _polygons(shown.geometry):
            _add(area, "polygon", _ring(polygon))
    if shown.pcode:
        geocode = etree.SubElement(area, _q("geocode"))
        _add(geocode, "valueName", "P-code")
        _add(geocode, "value", shown.pcode)


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    parts = list(geometry.geoms) if isinstance(geometry, MultiPolygon) else [geometry]
    polygons = [part for part in parts if isinstance(part, Polygon)]
    if len(polygons) <= MAX_POLYGONS:
        return polygons
    hull = geometry.convex_hull
    assert isinstance(hull, Polygon)  # fifty blocks side by side are not flat
    return [hull]


def _ring(polygon: Polygon) -> str:
    return " ".join(f"{y:.6f},{x:.6f}" for x, y in polygon.exterior.coords)


def _q(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _q(name)).text = text
