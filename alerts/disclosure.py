"""Who may see what, and how precisely: the one place where that is decided (ALERTS 6.1).

Messages, maps, feeds and exports show a `Disclosure`, never an `Alert`: what an
audience may not know is not in it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from alerts.alert import Alert, Review, Status
from alerts.errors import NotCleared
from alerts.grading import Certainty, Severity, certainty_of, severity_score
from alerts.place import Place
from aoi.area import Sensitivity
from aoi.settlement import SettlementKind
from monitor.finding import Chip, Evidence, FindingKind, Tier

M_PER_DEGREE = 111_320.0

MIN_SETTLEMENTS_IN_CELL = 5
"""A cell with fewer names the place as surely as its coordinates would."""

Bounds = tuple[float, float, float, float]

Gazetteer = Callable[[Bounds, SettlementKind | None], int]
"""Counts the known settlements of a kind (all kinds for None) whose centre is in a cell."""


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0, in the spelling of FIRST; from open to closed."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"


TLPS = tuple(Tlp)

TLP_OF_SENSITIVITY = {
    Sensitivity.PUBLIC: Tlp.GREEN,
    Sensitivity.PARTNERS: Tlp.AMBER,
    Sensitivity.RESTRICTED: Tlp.AMBER_STRICT,
}

# Camps are restricted wherever they are; people who leave one are at their most exposed.
LEAST_TLP_OF_KIND = {
    FindingKind.CAMP_NEW: Tlp.AMBER_STRICT,
    FindingKind.CAMP_GROWTH: Tlp.AMBER_STRICT,
    FindingKind.CAMP_EMPTYING: Tlp.RED,
}


def tlp_of(alert: Alert) -> Tlp:
    """Return the label of an alert: the stricter of its area's and its kind's."""
    by_area = TLP_OF_SENSITIVITY[alert.place.sensitivity]
    return max(by_area, LEAST_TLP_OF_KIND.get(alert.kind, Tlp.CLEAR), key=TLPS.index)


LADDER_DEG = (0.001, 0.01, 0.1, 1.0)
"""Sides of the nested cells. Coarser than the last: the administrative unit."""


@dataclass(frozen=True, slots=True)
class Audience:
    """What people with one clearance may see."""

    name: str
    ceiling: Tlp
    """Nothing of a stricter label reaches them."""

    step_deg: float | None
    """Side of the finest cell they may know; 0 for true outlines, None for the admin unit."""


AUDIENCES: Mapping[str, Audience] = {
    audience.name: audience
    for audience in (
        Audience("public", Tlp.GREEN, None),
        Audience("partner", Tlp.AMBER, 0.01),
        Audience("partner-full", Tlp.AMBER, 0.0),
        Audience("restricted", Tlp.AMBER_STRICT, 0.0),
        Audience("named", Tlp.RED, 0.0),
        Audience("desk", Tlp.RED, 0.0),
    )
}
"""Clearances that an operator can give, from the lowest."""

LOWEST = "public"
DESK = "desk"


def is_cleared(alert: Alert, audience: Audience) -> bool:
    """Return True if the audience may know of the alert at all."""
    return TLPS.index(tlp_of(alert)) <= TLPS.index(audience.ceiling)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What one audience may see of one revision of an alert; None is withheld."""

    audience: str
    tlp: Tlp
    full: bool
    """True if nothing was coarsened."""

    event_id: str
    ref: str
    revision: int
    kind: FindingKind
    status: Status
    review: Review
    review_reason: str
    note: str
    reviewed_by: tuple[str, ...]
    severity: Severity
    severity_score: float | None
    certainty: Certainty
    tier: Tier
    confidence: float
    sensitivity: Sensitivity
    aoi_id: str | None
    aoi_name: str | None
    place: Place | None
    """Names and true outline of the place, None below `full`."""

    pcode: str | None
    """Administrative unit; None where a cell is shown instead, or none is known."""

    geometry: BaseGeometry | None
    """True outline or the cell, EPSG:4326; None where only the admin unit may be known."""

    step_deg: float | None
    """Side of the cell; 0 for the true outline, None for the admin unit."""

    observed_after: datetime
    observed_before: datetime
    first_seen: datetime | None
    last_seen: datetime | None
    known_at: datetime | None
    area_m2: float
    fraction: float | None
    clear_fraction: float
    looks_agreeing: int | None
    indicators: Mapping[str, float] | None
    evidence: tuple[Evidence, ...]
    chips: tuple[Chip, ...]
    detector: str
    calibration: str
    mode: str
    withheld: tuple[str, ...]
    """Names of the fields that this audience may not see."""

    @classmethod
    def for_(
        cls, alert: Alert, audience: Audience, gazetteer: Gazetteer | None = None, key: bytes = b""
    ) -> Disclosure:
        """Return what `audience` may see of `alert`.

        Parameters
        ----------
        gazetteer : Gazetteer, optional
            Without one no cell is known to be safe: coarsened audiences get the admin unit.
        key : bytes
            Secret of the identifiers that coarsened audiences see instead of the true ones.

        Raises
        ------
        NotCleared
            If the audience may not know of it at all.
        """
        if not is_cleared(alert, audience):
            raise NotCleared(
                f"alert {alert.ref} is {tlp_of(alert)}: not for the audience {audience.name}",
                hint="an operator sets clearances: emberwatch subscriber add --clearance",
            )
        if audience.step_deg == 0.0:
            return _whole(alert, audience)
        return _coarse(alert, audience, _safe_step(alert, audience, gazetteer), key)

    @property
    def precision_m(self) -> float | None:
        """How finely the place is known: 10 m for the true outline, None for the admin unit."""
        if self.step_deg is None:
            return None
        return 10.0 if self.step_deg == 0.0 else self.step_deg * M_PER_DEGREE

    @property
    def bounds(self) -> Bounds | None:
        """West, south, east and north of what is shown, degrees."""
        if self.geometry is None or self.geometry.is_empty:
            return None
        west, south, east, north = self.geometry.bounds
        return west, south, east, north


def _whole(alert: Alert, audience: Audience) -> Disclosure:
    finding, place = alert.finding, alert.place
    return Disclosure(
        audience=audience.name,
        tlp=tlp_of(alert),
        full=True,
        event_id=alert.event_id,
        ref=alert.ref,
        revision=alert.revision,
        kind=alert.kind,
        status=alert.status,
        review=alert.review,
        review_reason=alert.review_reason,
        note=alert.note,
        reviewed_by=alert.reviewed_by,
        severity=Severity(alert.severity),
        severity_score=severity_score(finding),
        certainty=certainty_of(alert.status),
        tier=finding.tier,
        confidence=finding.probability,
        sensitivity=place.sensitivity,
        aoi_id=place.aoi_id,
        aoi_name=place.aoi_name,
        place=place,
        pcode=place.admin_pcode or None,
        geometry=finding.geometry,
        step_deg=0.0,
        observed_after=finding.happened.start,
        observed_before=finding.happened.end,
        first_seen=finding.first_seen,
        last_seen=finding.last_seen,
        known_at=finding.known_at,
        area_m2=finding.area_m2,
        fraction=finding.settlement_fraction,
        clear_fraction=finding.clear_fraction,
        looks_agreeing=finding.looks_agreeing,
        indicators=finding.indicators,
        evidence=finding.evidence,
        chips=finding.chips,
        detector=finding.detector,
        calibration=finding.calibration,
        mode=finding.mode,
        withheld=(),
    )


WITHHELD_BELOW_FULL = (
    "aoi_id", "settlement", "evidence", "indicators", "first_seen", "last_seen", "note",
    "reviewed_by", "severity_score",
)  # fmt: skip


def _coarse(alert: Alert, audience: Audience, step_deg: float | None, key: bytes) -> Disclosure:
    finding, place = alert.finding, alert.place
    share = finding.settlement_fraction
    cell = None if step_deg is None else box(*cell_of(centre_of(alert), step_deg))
    return Disclosure(
        audience=audience.name,
        tlp=tlp_of(alert),
        full=False,
        event_id=alias_of(alert.event_id, audience.name, key),
        ref=alert.ref,
        revision=alert.revision,
        kind=alert.kind,
        status=alert.status,
        review=alert.review,
        review_reason=alert.review_reason,
        note="",
        reviewed_by=(),
        severity=Severity(alert.severity),
        severity_score=None,
        certainty=certainty_of(alert.status),
        tier=finding.tier,
        confidence=round(finding.probability, 1),
        sensitivity=place.sensitivity,
        aoi_id=None,
        aoi_name=None,
        place=None,
        pcode=place.admin_pcode or None if cell is None else None,
        geometry=cell,
        step_deg=step_deg,
        observed_after=_week_start(finding.happened.start),
        observed_before=_week_start(finding.happened.end) + timedelta(weeks=1),
        first_seen=None,
        last_seen=None,
        known_at=None,
        area_m2=one_figure(finding.area_m2),
        fraction=None if share is None else round(share * 4) / 4,
        clear_fraction=round(finding.clear_fraction * 4) / 4,
        looks_agreeing=None,
        indicators=None,
        evidence=(),
        chips=(),
        detector=finding.detector,
        calibration="",
        mode=finding.mode,
        withheld=WITHHELD_BELOW_FULL if cell is not None else (*WITHHELD_BELOW_FULL, "geometry"),
    )


def centre_of(alert: Alert) -> tuple[float, float]:
    """Return longitude and latitude of the place; the outline of the change for a new one."""
    outline = alert.place.footprint or alert.finding.geometry
    return outline.centroid.x, outline.centroid.y


def cell_of(position: tuple[float, float], step_deg: float) -> Bounds:
    """Return the cell of the published grid that holds a position in degrees.

    Cells are multiples of the step from (0, 0), so finer ones nest in coarser ones.
    """
    # Every step counts in the finest one: rounding could else put a fine cell outside its coarse.
    finest = round(1 / LADDER_DEG[0])
    span = round(step_deg * finest)
    column = math.floor(position[0] * finest) // span * span
    row = math.floor(position[1] * finest) // span * span
    return column / finest, row / finest, (column + span) / finest, (row + span) / finest


def _safe_step(alert: Alert, audience: Audience, gazetteer: Gazetteer | None) -> float | None:
    """Return the finest step of the audience whose cell hides the place among others."""
    if audience.step_deg is None or gazetteer is None:
        return None
    for step in LADDER_DEG:
        if step < audience.step_deg:
            continue
        cell = cell_of(centre_of(alert), step)
        if gazetteer(cell, alert.place.kind) >= MIN_SETTLEMENTS_IN_CELL:
            return step
    return None


def alias_of(event_id: str, audience: str, key: bytes) -> str:
    """Return what a coarsened audience sees as the identifier of an event.

    The true one is a digest of the settlement: it would confirm a guess.
    """
    family = event_id.split("-", 1)[0]
    digest = hmac.new(key, f"alias|{audience}|{event_id}".encode(), hashlib.sha256).hexdigest()
    return f"{family}-{digest[:13]}"


def one_figure(value: float) -> float:
    """Return `value` rounded to one significant figure."""
    if value <= 0:
        return 0.0
    magnitude = 10.0 ** math.floor(math.log10(value))
    return round(value / magnitude) * magnitude


def _week_start(instant: datetime) -> datetime:
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
