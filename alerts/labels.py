"""What people decided, as labels that a detector can learn from. Pure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from alerts.alert import SERVICE, Action, Alert, AlertEvent
from alerts.errors import AlertError
from monitor.finding import Finding, FindingKind, SensorFamily
from monitor.stacking import Case

VERDICTS = (Action.CONFIRM, Action.REJECT, Action.RETRACT, Action.UNSURE)

YES, NO, UNKNOWN, OTHER = "burned", "not_burned", "cannot_tell", "other_change"

NOTHING_WAS_THERE = ("cloud_shadow", "water", "radiometry")
"""Reasons for which what was seen was no change of the ground."""

HIT_RULE = "hit rule"
"""In the unit of an optical score whose rate counts the hotspots already."""


@dataclass(frozen=True, slots=True)
class Label:
    """One decided alert: what people said, and what was known when it stood."""

    event_id: str
    aoi_id: str
    settlement_id: str
    kind: str
    label: str
    """``burned`` (for other kinds: it happened), ``not_burned``, ``cannot_tell`` or
    ``other_change``."""

    confounder: str
    """Code of the rejection, or class of the retraction; empty if it was confirmed."""

    reviewers: int
    """How many different people gave a verdict."""

    decided_at: datetime
    first_seen: datetime
    tier: str
    probability: float
    rate_per_village_year: float
    """NaN for kinds without one."""

    optical_p: float
    hotspots_p: float
    """NaN where no such evidence was attached, or the optical rule counts it already."""

    radar_p: float
    looks_agreeing: int
    mode: str
    flags: str
    hotspots_share: float = math.nan
    """Part of the fire pixels around that touches the settlement; NaN where `hotspots_p` is."""


def label_of(alert: Alert, events: Sequence[AlertEvent]) -> Label | None:
    """Return the label of an alert by its last verdict, None without a useful one."""
    verdicts = [e for e in events if e.action in VERDICTS and e.actor != SERVICE]
    if not verdicts:
        return None
    last = max(verdicts, key=lambda event: (event.at, event.revision))
    if last.reason == "duplicate":
        return None
    finding = alert.finding
    rate = finding.indicators.get("rate_per_village_year", math.nan)
    return Label(
        event_id=alert.event_id,
        aoi_id=alert.aoi_id,
        settlement_id=alert.settlement_id or "",
        kind=alert.kind.value,
        label=_words(last),
        confounder="" if last.action is Action.CONFIRM else last.reason,
        reviewers=len({event.actor for event in verdicts}),
        decided_at=last.at,
        first_seen=finding.first_seen,
        tier=finding.tier.value,
        probability=finding.probability,
        rate_per_village_year=math.nan if rate is None else rate,
        optical_p=_p_of(finding, SensorFamily.OPTICAL),
        hotspots_p=math.nan if _is_counted(finding) else _p_of(finding, SensorFamily.HOTSPOTS),
        radar_p=_p_of(finding, SensorFamily.RADAR),
        looks_agreeing=finding.looks_agreeing,
        mode=finding.mode,
        flags=" ".join(finding.flags),
        hotspots_share=math.nan if _is_counted(finding) else _share_of(finding),
    )


def _words(verdict: AlertEvent) -> str:
    if verdict.action is Action.CONFIRM:
        return YES
    if verdict.action is Action.REJECT:
        return NO if verdict.reason in NOTHING_WAS_THERE else OTHER
    if verdict.action is Action.RETRACT and verdict.reason == "false":
        return NO
    return UNKNOWN


def cases_of(labels: Iterable[Label]) -> list[Case]:
    """Return the burns among labels that say yes or no, oldest decision first."""
    kept = [
        label
        for label in labels
        if label.kind == FindingKind.BURN.value
        and label.label != UNKNOWN
        and math.isfinite(label.rate_per_village_year)
    ]
    return [
        Case(
            burned=label.label == YES,
            rate=label.rate_per_village_year,
            hotspots_p=_known(label.hotspots_p),
            radar_p=_known(label.radar_p),
            hotspots_share=_known(label.hotspots_share),
        )
        for label in sorted(kept, key=lambda one: (one.decided_at, one.event_id))
    ]


def labels_csv(labels: Iterable[Label]) -> str:
    """Return labels as a table, in the order given; unknown numbers are empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [f.name for f in fields(Label)], lineterminator="\n")
    writer.writeheader()
    for label in labels:
        writer.writerow({name: _cell(value) for name, value in asdict(label).items()})
    return out.getvalue()


def labels_from(text: str, origin: str) -> list[Label]:
    """Return the labels of a table that `labels_csv` wrote.

    Raises
    ------
    AlertError
        If a column is missing or a row cannot be read; the message names the line.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    # Tables of earlier versions lack the share.
    missing = {f.name for f in fields(Label)} - {"hotspots_share"} - set(rows.fieldnames or ())
    if missing:
        raise AlertError(
            f"{origin} lacks the columns {', '.join(sorted(missing))}",
            hint="export it with: emberwatch alert labels",
        )
    return [_label(row, f"{origin} line {number}") for number, row in enumerate(rows, start=2)]


def _label(row: dict[str, str], where: str) -> Label:
    try:
        values: dict[str, object] = {f.name: row.get(f.name, "") for f in fields(Label)}
        for name in ("decided_at", "first_seen"):
            values[name] = datetime.fromisoformat(row[name])
        for name in ("reviewers", "looks_agreeing"):
            values[name] = int(row[name])
        for name in ("probability", *_NUMBERS):
            values[name] = float(row.get(name) or "nan")
        values["label"] = _known_label(row["label"])
    except (TypeError, ValueError) as error:
        raise AlertError(f"{where}: {error}", hint="correct the row, or leave it out") from error
    return Label(**values)  # type: ignore[arg-type]  # each field was read as its type above


_NUMBERS = ("rate_per_village_year", "optical_p", "hotspots_p", "radar_p", "hotspots_share")


def _known_label(text: str) -> str:
    if text not in (YES, NO, UNKNOWN, OTHER):
        raise ValueError(f"unknown label {text!r}")
    return text


def _share_of(finding: Finding) -> float:
    found = [e for e in finding.evidence if e.family is SensorFamily.HOTSPOTS]
    return found[0].values.get("inside_share", math.nan) if found else math.nan


def _p_of(finding: Finding, family: SensorFamily) -> float:
    found = [e.p for e in finding.evidence if e.family is family]
    return min(found, default=math.nan)


def _is_counted(finding: Finding) -> bool:
    return any(HIT_RULE in e.score_unit for e in finding.evidence)


def _known(p: float) -> float | None:
    return p if math.isfinite(p) else None


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
