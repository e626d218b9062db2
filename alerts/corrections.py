"""People mend alerts: another outline, two that are one, one that is two. Nothing is lost by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from shapely.validation import explain_validity
from sqlalchemy import Connection, Engine

from alerts.alert import (
    FAMILIES,
    Action,
    Alert,
    AlertEvent,
    Review,
    Status,
    act,
    event_id_of_part,
)
from alerts.disclosure import centre_of
from alerts.errors import NotAllowed
from alerts.grading import severity_of
from alerts.outbox import cancel_unsent
from alerts.refs import free_ref
from alerts.store import alert_in, insert_alert, stale, update_alert
from aoi.database import writing
from aoi.tiling import area_km2
from monitor.finding import Finding, FindingKind

logger = structlog.get_logger(__name__)

BY_HAND = "outline=analyst"
"""Flag of a finding whose outline a person drew; the detector's own stays in its finding."""

MAX_VERTICES = 2_000
SMALLEST_M2 = 400.0
"""Either part of a split alert must be larger than one pixel of 20 m."""

MAX_DISTANCE_DEG = 0.1
"""An outline is of this place: about 10 km are more than a settlement and its camps."""


class Corrections:
    """Applies what an analyst mended, as one more revision of the alert.

    Parameters
    ----------
    engine : Engine
    ref_key : bytes
        Secret that references of new alerts are made with.
    """

    def __init__(self, engine: Engine, ref_key: bytes = b"") -> None:
        self._engine = engine
        self._ref_key = ref_key

    def redraw(
        self, event_id: str, outline: BaseGeometry, by: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> Alert:  # fmt: skip
        """Give an alert another outline; area, share and severity follow from it.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """
        with writing(self._engine) as connection:
            alert = _opened(connection, event_id, expected_revision)
            require_sound(outline, alert)
            changed, event = act(
                alert, Action.CORRECT, actor=by, at=now, reason="updated", note=note
            )
            changed = _with(changed, redrawn(alert.finding, outline, alert.place.footprint))
            update_alert(connection, changed, [event])
        logger.info("alert redrawn", event_id=alert.event_id)
        return changed

    def join(
        self, event_id: str, into: str, by: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> Alert:  # fmt: skip
        """End an alert as the same as another one, which takes its findings; return the other.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """
        with writing(self._engine) as connection:
            alert = _opened(connection, event_id, expected_revision)
            other = alert_in(connection, into)
            require_same(alert, other)
            ended, ending = _ended(alert, other, by, now, note)
            joined, joining = act(
                other, Action.CORRECT, actor=by, at=now, reason="updated",
                note=f"joined with {alert.ref}. {note}".strip(),
            )  # fmt: skip
            joined = _with(joined, together(other.finding, alert.finding, other.place.footprint))
            ids = dict.fromkeys((*other.finding_ids, *alert.finding_ids))
            joined = replace(joined, finding_ids=tuple(ids))
            why = f"joined with {other.ref} by {by}"
            cancel_unsent(connection, alert.event_id, why, now)
            update_alert(connection, ended, [ending])
            update_alert(connection, joined, [joining])
        logger.info("alerts joined", event_id=alert.event_id, into=other.event_id)
        return joined

    def split(
        self, event_id: str, drawn: BaseGeometry, by: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> tuple[Alert, Alert]:  # fmt: skip
        """Make the part of an alert that was drawn an alert of its own; return rest and part.

        The part rests on the same findings and waits for a verdict of its own. Joining it
        with the rest undoes the split.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """
        with writing(self._engine) as connection:
            alert = _opened(connection, event_id, expected_revision)
            require_sound(drawn, alert)
            rest, part = divided(alert, drawn)
            part_id = event_id_of_part(alert)
            ref = free_ref(connection, part_id, self._ref_key)
            changed, event = act(
                alert, Action.CORRECT, actor=by, at=now, reason="updated",
                note=f"{ref} was split off. {note}".strip(),
            )  # fmt: skip
            changed = _with(changed, redrawn(alert.finding, rest, alert.place.footprint))
            new, opening = _split_off(alert, part, (part_id, ref), by, now, note)
            update_alert(connection, changed, [event])
            insert_alert(connection, new, [opening])
        logger.info("alert split", event_id=alert.event_id, part=part_id)
        return changed, new


def redrawn(finding: Finding, outline: BaseGeometry, footprint: BaseGeometry | None) -> Finding:
    """Return a finding with another outline, and the numbers that follow from it."""
    share = finding.settlement_fraction
    if share is not None and footprint is not None:
        share = min(area_m2(outline.intersection(footprint)) / area_m2(footprint), 1.0)
    flags = finding.flags if BY_HAND in finding.flags else (*finding.flags, BY_HAND)
    return replace(
        finding, geometry=outline, area_m2=area_m2(outline), settlement_fraction=share, flags=flags
    )


def together(one: Finding, other: Finding, footprint: BaseGeometry | None) -> Finding:
    """Return one finding that says what two say of one place."""
    outline = unary_union([one.geometry, other.geometry])
    new = (entry for entry in other.evidence if entry not in one.evidence)
    merged = replace(
        one,
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
        known_at=max(one.known_at, other.known_at),
        evidence=(*one.evidence, *new),
    )
    return redrawn(merged, outline, footprint)


def divided(alert: Alert, drawn: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """Return what stays of the outline of an alert, and the part that was drawn around.

    Raises
    ------
    NotAllowed
        If the alert has no outline to divide, or either part would be next to nothing.
    """
    if alert.kind is FindingKind.BLIND:
        raise NotAllowed("an area that was not seen has no parts", hint="see its coverage")
    outline = alert.finding.geometry
    part, rest = _surface(outline.intersection(drawn)), _surface(outline.difference(drawn))
    if area_m2(part) < SMALLEST_M2:
        raise NotAllowed(
            f"nothing of {alert.ref} lies in what was drawn",
            hint="draw around the part that is an event of its own",
        )
    if area_m2(rest) < SMALLEST_M2:
        raise NotAllowed(
            f"nothing of {alert.ref} would stay: all of it lies in what was drawn",
            hint="draw around one part alone",
        )
    return rest, part


def area_m2(shape: BaseGeometry) -> float:
    """Return the area of a shape in EPSG:4326 on the ellipsoid, square metres."""
    return area_km2(shape) * 1e6 if not shape.is_empty else 0.0


def outline_from(text: str) -> BaseGeometry:
    """Return the outline that a person wrote: ``longitude, latitude`` a line, parts set apart
    by an empty line.

    Raises
    ------
    NotAllowed
        If a line cannot be read, or a part has fewer than three corners.
    """
    parts: list[Polygon] = []
    corners: list[tuple[float, float]] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            corners.append(_corner(line, number))
        elif corners:
            if len(corners) < 3:
                raise NotAllowed(
                    f"the part that ends in line {number} has {len(corners)} corners",
                    hint="an outline has three corners or more",
                )
            parts.append(Polygon(corners))
            corners = []
    if not parts:
        raise NotAllowed("the outline is empty", hint="draw three corners or more")
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def text_of(outline: BaseGeometry) -> str:
    """Return an outline as `outline_from` reads it; holes are left out."""
    polygons: Sequence[BaseGeometry] = getattr(outline, "geoms", [outline])
    return "\n\n".join(
        "\n".join(f"{x:.6f}, {y:.6f}" for x, y in polygon.exterior.coords[:-1])
        for polygon in polygons
        if isinstance(polygon, Polygon)
    )


def require_sound(outline: BaseGeometry, alert: Alert) -> None:
    """Refuse an outline that cannot be one of this place.

    Raises
    ------
    NotAllowed
    """
    vertices = sum(len(part.exterior.coords) for part in getattr(outline, "geoms", [outline]))
    if vertices > MAX_VERTICES:
        raise NotAllowed(
            f"the outline has {vertices} corners", hint=f"at most {MAX_VERTICES} are kept"
        )
    if not outline.is_valid:
        raise NotAllowed(
            f"the outline crosses itself: {explain_validity(outline)}", hint="move its corners"
        )
    if area_m2(outline) <= 0:
        raise NotAllowed("the outline has no area", hint="draw it around something")
    x, y = centre_of(alert)
    west, south, east, north = outline.bounds
    if max(x - west, east - x, y - south, north - y) > MAX_DISTANCE_DEG:
        raise NotAllowed(
            "the outline lies more than about 10 km from the place",
            hint="longitude comes first; another place is another alert",
        )


def require_same(alert: Alert, other: Alert) -> None:
    """Refuse to join what cannot be one event.

    Raises
    ------
    NotAllowed
    """
    if alert.event_id == other.event_id:
        raise NotAllowed(f"{alert.ref} is the alert itself", hint="name the other one")
    if alert.outside:
        raise NotAllowed(
            f"alert {alert.ref} cannot be joined away: people outside may have it",
            hint=f"retract it, and say in the note that {other.ref} stands",
        )
    if not other.standing:
        raise NotAllowed(f"alert {other.ref} was {other.status}", hint="join with one that stands")
    if alert.aoi_id != other.aoi_id or FAMILIES[alert.kind] != FAMILIES[other.kind]:
        raise NotAllowed(
            f"{alert.ref} and {other.ref} are of different areas or families",
            hint="join fires with fires and camps with camps, in one area",
        )


def _opened(connection: Connection, event_id: str, expected_revision: int | None) -> Alert:
    """Return the alert to mend, unless somebody changed it since it was looked at."""
    alert = alert_in(connection, event_id)
    if expected_revision is not None and alert.revision != expected_revision:
        raise stale(connection, alert, expected_revision)
    return alert


def _ended(
    alert: Alert, other: Alert, by: str, now: datetime, note: str
) -> tuple[Alert, AlertEvent]:
    said = f"the same as {other.ref}. {note}".strip()
    ended, event = act(alert, Action.REJECT, actor=by, at=now, reason="duplicate", note=said)
    ended = replace(
        ended, review=Review.NO, review_reason="duplicate", note=said, needs_review=False,
        reviewed_by=(*ended.reviewed_by, by),
    )  # fmt: skip
    return ended, event


def _split_off(
    alert: Alert, part: BaseGeometry, names: tuple[str, str], by: str, now: datetime, note: str
) -> tuple[Alert, AlertEvent]:
    event_id, ref = names
    said = f"split from {alert.ref}. {note}".strip()
    new = Alert(
        event_id=event_id,
        ref=ref,
        status=Status.FIRST,
        revision=1,
        place=alert.place,
        finding=alert.finding,
        finding_ids=alert.finding_ids,
        severity=alert.severity,
        opened_at=now,
        changed_at=now,
        split_from=alert.event_id,
    )
    new = _with(new, redrawn(alert.finding, part, alert.place.footprint))
    return new, AlertEvent(event_id, 1, Action.OPEN, by, now, "first", said, None, Status.FIRST)


def _surface(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape: where outlines touch, lines and points are left over."""
    parts = [one for one in getattr(shape, "geoms", [shape]) if isinstance(one, Polygon)]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _with(alert: Alert, finding: Finding) -> Alert:
    return replace(alert, finding=finding, severity=severity_of(finding).value)


def _corner(line: str, number: int) -> tuple[float, float]:
    parts = line.replace(",", " ").replace(";", " ").split()
    try:
        x, y = (float(part) for part in parts)
    except ValueError as error:
        raise NotAllowed(
            f"line {number} of the outline is not a corner: {line[:60]!r}",
            hint="write longitude, latitude in degrees, such as 25.3019, 12.6756",
        ) from error
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        raise NotAllowed(
            f"line {number} of the outline is not on the earth: {line[:60]!r}",
            hint="write longitude first, in degrees",
        )
    return x, y
