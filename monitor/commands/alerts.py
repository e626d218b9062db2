"""alert: what was found, why, and what people say of it."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from alerts.alert import REJECTION_REASONS, Alert, Status
from alerts.errors import AlertError
from alerts.formats.quoted import quoted_lines
from alerts.grading import severity_of
from alerts.words import Speech
from monitor.commands import labels
from monitor.commands.call import Call, Instant, add_row, minutes, plain, table, verb
from monitor.commands.export import CAP, FORMATS, as_cap, exported
from monitor.finding import Finding
from monitor.reading import Reading, Verdict
from monitor.service import Service

alert = typer.Typer(help="Alerts: what was found, why, and what people say of it.")


def add_to(app: typer.Typer) -> None:
    """Register the family of verbs."""
    labels.add_to(alert)
    app.add_typer(alert, name="alert", no_args_is_help=True)


READINGS_BEFORE = timedelta(days=60)
READINGS_AFTER = timedelta(days=30)
WITHDRAWN = (Status.REJECTED, Status.RETRACTED)

AlertId = Annotated[
    str, typer.Argument(metavar="ID", help="Event or reference, such as K7QF; for explain also a "
                        "settlement.")
]  # fmt: skip
Reviewer = Annotated[str, typer.Option("--by", help="Your name, kept with the decision.")]
Note = Annotated[str, typer.Option(help="A sentence for colleagues.")]


@verb(alert, "list", example="emberwatch alert list --all")
def list_(
    call: Call,
    aoi_id: Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those withdrawn.")] = False,
) -> None:
    """List the alerts that stand, newest first."""
    found = call.service().alerts.alerts(aoi_id=aoi_id or None)
    if not everything:
        found = [one for one in found if one.status not in WITHDRAWN]
    rows = table("ref", "what", "status", "tier", "severity", "between", "and", "where")
    for one in found:
        happened = one.finding.happened
        between = f"{happened.start:%Y-%m-%d}", f"{happened.end:%Y-%m-%d}"
        words = one.kind.value, one.status.value, one.finding.tier.value, one.severity
        add_row(rows, [one.ref, *words, *between, one.place.name or one.aoi_id])
    call.show({"alerts": [_document(one) for one in found]}, rows, "no alert stands")


@verb(alert, "show", example="emberwatch alert show K7QF")
def show(call: Call, event_id: AlertId) -> None:
    """Show one alert and everything that happened to it."""
    service = call.service()
    found = service.alerts.alert(event_id)
    events = service.alerts.events(found.event_id)
    history = [
        {
            "revision": event.revision, "at": event.at, "action": event.action.value,
            "by": event.actor, "reason": event.reason, "note": event.note,
            "status": event.after.value,
        }
        for event in events
    ]  # fmt: skip
    lines = [*_summary(found), "", "history:"]
    lines += [
        f"  {minutes(event.at)} r{event.revision} {event.action.value} by {plain(event.actor)}: "
        f"{event.after.value} {plain(event.reason)} {plain(event.note)}".rstrip()
        for event in events
    ]
    lines += ["", f"allowed now: {', '.join(sorted(found.allowed)) or 'nothing'}"]
    call.say({**_document(found), "history": history, "allowed": sorted(found.allowed)}, *lines)


@verb(alert, "explain", example="emberwatch alert explain K7QF")
def explain(call: Call, event_id: AlertId, now: Instant = None) -> None:
    """Say why there is an alert, or why there is none: every reading, every decision.

    ID is an event, a reference, or the identifier of a settlement.
    """
    service = call.service(now)
    found = _alert_or_none(service, event_id)
    settlement_id = event_id if found is None else found.settlement_id
    if found is None:
        service.registry.settlement(event_id)
    findings = service.store.findings(settlement_id=settlement_id)
    since = found.finding.first_seen if found is not None else service.now()
    readings = service.store.readings(settlement_id or "", since - READINGS_BEFORE)
    if found is not None:
        readings = [
            one for one in readings if one.acquired_at <= found.finding.last_seen + READINGS_AFTER
        ]
    decisions = service.store.decisions([finding.finding_id for finding in findings])
    document = {
        "settlement_id": settlement_id,
        "alert": None if found is None else _document(found),
        "readings": [_reading_document(reading) for reading in readings],
        "findings": [
            {**_finding_document(one), "decision": decisions.get(one.finding_id)}
            for one in findings
        ],
        "readers": _readers(service, found),
    }
    if call.as_json:
        call.say(document)
        return
    call.say(document, *(_summary(found) if found else [f"{plain(settlement_id)}: no alert named"]))
    call.show(document, _readings_table(readings), "no look has been compared yet")
    for one in findings:
        decision = decisions.get(one.finding_id, "not yet absorbed")
        call.say(
            document,
            f"finding {one.finding_id}, tier {one.tier.value}, probability "
            f"{one.probability:.2f}, {one.looks_agreeing} looks agree: {plain(decision)}",
            *(f"  {line}" for line in _said_of(one)),
        )
    for row in _readers(service, found):
        readers = "reader" if row["people"] == 1 else "readers"
        words = f"{row['people']} {readers} {row['outcome']} ({row['reason']})"
        call.say(document, f"revision {row['revision']}: {words}")


def _readers(service: Service, found: Alert | None) -> list[dict[str, object]]:
    """Return for how many readers what was decided, by whom nothing is said."""
    if found is None:
        return []
    return [
        {"revision": revision, "outcome": outcome, "reason": reason, "people": people}
        for revision, outcome, reason, people in service.letterbox.decided(found.event_id)
    ]


@verb(alert, "confirm", example='emberwatch alert confirm K7QF --by amina --note "smoke too"')
def confirm(
    call: Call, event_id: AlertId, by: Reviewer, note: Note = "", now: Instant = None
) -> None:
    """Confirm an alert, so that it is published."""
    service = call.service(now)
    _judged(call, service, service.desk.confirm(event_id, by, service.now(), note=note))


@verb(alert, "reject", example="emberwatch alert reject K7QF --by amina --reason agricultural")
def reject(
    call: Call,
    event_id: AlertId,
    by: Reviewer,
    reason: Annotated[str, typer.Option(metavar="CODE", help=" ".join(REJECTION_REASONS))],
    note: Note = "",
    now: Instant = None,
) -> None:
    """Reject an alert that nobody outside has."""
    service = call.service(now)
    _judged(call, service, service.desk.reject(event_id, by, reason, service.now(), note=note))


@verb(alert, "retract", example="emberwatch alert retract K7QF --by amina --reason wrong_place")
def retract(
    call: Call,
    event_id: AlertId,
    by: Reviewer,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What recipients will read.")],
    note: Note = "",
    now: Instant = None,
) -> None:
    """Take back an alert that somebody may have; exactly they are told."""
    service = call.service(now)
    _judged(call, service, service.desk.retract(event_id, by, reason, service.now(), note=note))


@verb(alert, "recall", example="emberwatch alert recall K7QF")
def recall(
    call: Call,
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Event or reference.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Of every alert.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Send it after all.")] = False,
    now: Instant = None,
) -> None:
    """Hold back at once whatever was not sent yet; what was sent must be retracted."""
    if bool(event_id) == everything:
        raise typer.BadParameter("name one alert, or say --all")
    service = call.service(now)
    act = service.letterbox.let_go if undo else service.letterbox.recall
    count = act(service.now(), event_id or None)
    if undo:
        service.deliver()
    done = "released" if undo else "held back"
    call.say({"event_id": event_id, "messages": count}, f"{count} messages were {done}")


@verb(alert, "export", example="emberwatch alert export --format csv > alerts.csv")
def export(
    call: Call,
    form: Annotated[str, typer.Option("--format", help=" | ".join((*FORMATS, CAP)))] = "geojson",
    out: Annotated[Path | None, typer.Option(help="File to write; needed for gpkg.")] = None,
    aoi_id: Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")] = "",
    event_id: Annotated[str, typer.Option("--alert", metavar="ID", help="Only this alert.")] = "",
) -> None:
    """Export the alerts with all that the desk knows; mind who gets the file.

    CAP holds one alert a message: several are a zip of messages.
    """
    service = call.service()
    found = service.alerts.alerts(aoi_id=aoi_id or None)
    if event_id:
        found = [service.alerts.alert(event_id)]
    cap = form == CAP
    content = as_cap(service.pulled, found) if cap else exported(found, form, service.now())
    if out is None:
        typer.echo(content, nl=False)
        return
    out.write_bytes(content)
    call.say({"written": str(out), "alerts": len(found)}, f"{len(found)} alerts in {plain(out)}")


def _said_of(finding: Finding) -> list[str]:
    """Return what each sensor says, and the figures that people quote."""
    said = [
        f"{e.family.value}: p {e.p:.2g}, {e.score:.2g} {e.score_unit}, "
        f"{len(e.look_ids)} show it, {len(e.quiet_look_ids)} do not"
        for e in finding.evidence
    ]
    return [*said, *quoted_lines(finding.indicators, Speech())]


def _alert_or_none(service: Service, event_id: str) -> Alert | None:
    try:
        return service.alerts.alert(event_id)
    except AlertError:
        return None


def _judged(call: Call, service: Service, judged: Alert) -> None:
    service.publisher.publish_released(service.now())
    service.courier.deliver_due(service.now())
    line = f"alert {judged.ref} is {judged.status.value} (revision {judged.revision})"
    if judged.status is Status.CONFIRMED and judged.released_at is None:
        line += "; a second person must agree before it leaves the house"
    call.say(_document(judged), line)


def _summary(one: Alert) -> list[str]:
    finding = one.finding
    share = finding.settlement_fraction
    seen = f"{finding.area_m2 / 1e4:.2f} ha" + ("" if share is None else f", {share:.0%} of it")
    happened = finding.happened
    return [
        f"{one.ref} {one.event_id}: {one.kind.value}, {one.status.value}, severity {one.severity}",
        f"  where   {plain(one.place.name or '-')} in {plain(one.aoi_id)}",
        f"  when    between {minutes(happened.start)} and {minutes(happened.end)}; known "
        f"{minutes(finding.known_at)}",
        f"  what    {seen}",
        f"  sure    tier {finding.tier.value}, probability {finding.probability:.2f}, "
        f"{finding.looks_agreeing} looks agree, mode {finding.mode}",
        f"  marks   {plain(', '.join(finding.flags) or 'none')}",
    ]


def _readings_table(readings: list[Reading]) -> Table:
    rows = table("acquired", "mode", "verdict", "p", "burned", "why")
    for one in readings:
        measured = math.isfinite(one.burned_fraction)
        burned = f"{one.burned_fraction:.0%}" if measured else ""
        judged = one.verdict in (Verdict.QUIET, Verdict.BURN_LIKE)
        why = [*([] if judged else [one.reason]), *one.flags]
        cells = (minutes(one.acquired_at), one.mode, one.verdict.value, f"{one.p:.2g}", burned)
        add_row(rows, [*cells, ", ".join(why)])
    return rows


def _document(one: Alert) -> dict[str, object]:
    finding = one.finding
    return {
        "event_id": one.event_id,
        "ref": one.ref,
        "revision": one.revision,
        "kind": one.kind.value,
        "status": one.status.value,
        "review": one.review.value,
        "severity": severity_of(finding).value,
        "tier": finding.tier.value,
        "probability": finding.probability,
        "aoi_id": one.aoi_id,
        "settlement_id": one.settlement_id,
        "settlement_name": one.place.name,
        "observed_after": finding.happened.start,
        "observed_before": finding.happened.end,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "area_ha": round(finding.area_m2 / 1e4, 4),
        "settlement_fraction": finding.settlement_fraction,
        "released_at": one.released_at,
    }


def _finding_document(one: Finding) -> dict[str, object]:
    return {
        "finding_id": one.finding_id,
        "tier": one.tier.value,
        "probability": one.probability,
        "looks_agreeing": one.looks_agreeing,
        "observed_after": one.happened.start,
        "observed_before": one.happened.end,
        "mode": one.mode,
        "detector": one.detector,
        "calibration": one.calibration,
        "indicators": dict(one.indicators),
        "flags": one.flags,
        "evidence": [
            {
                "family": e.family.value, "detector": e.detector, "p": e.p, "score": e.score,
                "look_ids": e.look_ids, "quiet_look_ids": e.quiet_look_ids,
                "confounders": e.confounders,
            }
            for e in one.evidence
        ],
    }  # fmt: skip


def _reading_document(one: Reading) -> dict[str, object]:
    finite = {name: value for name, value in one.values.items() if value == value}
    return {
        "look_id": one.look_id,
        "acquired_at": one.acquired_at,
        "known_at": one.known_at,
        "track": one.track,
        "mode": one.mode,
        "verdict": one.verdict.value,
        "reason": one.reason,
        "p": one.p,
        "score": one.score if one.score == one.score else None,
        "burned_fraction": one.burned_fraction
        if one.burned_fraction == one.burned_fraction
        else None,
        "values": finite,
        "flags": one.flags,
    }
