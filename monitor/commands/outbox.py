"""delivery, incident, silence, reconcile: what an operator does with what is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, TypeVar

import typer

from alerts.errors import NotAllowed
from alerts.incidents import Incident, close_incident, open_incidents
from alerts.outbox import Delivery
from alerts.silences import Silence, active_silences, lift, silence
from monitor.commands.call import Call, Instant, add_row, instant, minutes, plain, table, verb
from monitor.finding import FindingKind

delivery = typer.Typer(help="Deliveries: what was sent, what waits, and what was given up.")
incident = typer.Typer(help="Incidents: what keeps messages from people until somebody acts.")
hush = typer.Typer(help="Silences: what is held back for a while, with a reason for everybody.")

Thing = TypeVar("Thing")
Cells = Mapping[str, Callable[[Thing], object]]
"""What stands in each column of a table, by its heading."""

DIFFERENT = 1
"""Exit status where the outbox is not as it should be."""

DeliveryId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of a delivery.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.add_typer(delivery, name="delivery", no_args_is_help=True)
    app.add_typer(incident, name="incident", no_args_is_help=True)
    app.add_typer(hush, name="silence", no_args_is_help=True)
    verb(app, "reconcile", example="emberwatch reconcile --days 30")(reconcile)
    verb(app, "forget", example="emberwatch forget")(forget)


@verb(delivery, "list", example="emberwatch delivery list --alert K7QF")
def list_deliveries(
    call: Call,
    event_id: Annotated[
        str, typer.Option("--alert", metavar="ID", help="Everything of one alert.")
    ] = "",
) -> None:
    """Count what is in the outbox, and list what was given up; or all of one alert.

    People are shown by their identifier, as in the log.
    """
    letterbox = call.service().letterbox
    found = letterbox.of_event(event_id) if event_id else letterbox.stuck()
    counts = letterbox.counts()
    rows = table("delivery", "event", "rev", "person", "by", "state", "tries", "last error")
    for one in found:
        add_row(rows, [one.delivery_id, one.event_id, one.revision, one.person_id, one.channel,
                       one.state.value, one.attempts, one.last_error])  # fmt: skip
    document = {"counts": counts, "deliveries": [_delivery_document(one) for one in found]}
    if not call.as_json:
        said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        call.say(document, f"in the outbox: {said or 'nothing'}")
    call.show(document, rows, "nothing was given up" if not event_id else "nobody is sent it")


@verb(delivery, "retry", example="emberwatch delivery retry 3f9a0c1d2e4b5a6978877665")
def retry(call: Call, delivery_id: DeliveryId, now: Instant = None) -> None:
    """Try again what was given up: the same bytes, the same Message-ID.

    What somebody may have already is refused: it would be a second copy.
    """
    service = call.service(now)
    service.letterbox.retry(delivery_id, service.now())
    service.deliver()
    found = service.letterbox.delivery(delivery_id)
    call.say(_delivery_document(found), f"delivery {plain(delivery_id)} is {found.state.value}")


@verb(incident, "list", example="emberwatch incident list")
def list_incidents(call: Call) -> None:
    """List what is open, oldest first."""
    cells: Cells[Incident] = {
        "cause": lambda one: one.cause,
        "since": lambda one: minutes(one.opened_at),
        "last": lambda one: minutes(one.seen_at),
        "times": lambda one: one.times,
        "what": lambda one: one.sentence,
    }
    fields = ("cause", "sentence", "times", "opened_at", "seen_at")
    found = open_incidents(call.service().database)
    _show_list(call, "incidents", found, cells, fields, "no incident is open")


@verb(incident, "close", example="emberwatch incident close email:config")
def close(
    call: Call,
    cause: Annotated[str, typer.Argument(metavar="CAUSE", help="As the list shows it.")],
    now: Instant = None,
) -> None:
    """Close an incident that was dealt with; it opens again if its cause strikes again."""
    service = call.service(now)
    if not close_incident(service.database, cause, service.now()):
        raise NotAllowed(
            f"no incident {cause[:120]!r} is open", hint="see: emberwatch incident list"
        )
    call.say({"cause": cause, "closed_at": service.now()}, f"closed {plain(cause)}")


@verb(hush, "add", example='emberwatch silence add --aoi sd-nyala --until 2026-12-01 --by amina '
      '--reason "burning of fields, see the season notice"')  # fmt: skip
def add_silence(
    call: Call,
    until: Annotated[str, typer.Option(metavar="ISO", help="Its end, within 30 days.")],
    by: Annotated[str, typer.Option("--by", help="Your name, kept with it.")],
    reason: Annotated[str, typer.Option(help="Everybody reads it on their digests.")],
    aoi_id: Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")] = "",
    kind: Annotated[FindingKind | None, typer.Option(help="Only this kind.")] = None,
    now: Instant = None,
) -> None:
    """Hold back alerts until a time; retractions are never held back."""
    service = call.service(now)
    ends_at = instant(until, "--until")
    areas = [area.aoi_id for area in service.registry.group(aoi_id)] if aoi_id else [""]
    for name in areas:
        silence(
            service.database, by, reason, service.now(), ends_at, aoi_id=name,
            kind=kind.value if kind else "",
        )  # fmt: skip
    call.say({"until": ends_at, "areas": areas}, f"silent until {minutes(ends_at)}")


@verb(hush, "list", example="emberwatch silence list")
def list_silences(call: Call, now: Instant = None) -> None:
    """List what is held back now."""
    service = call.service(now)
    cells: Cells[Silence] = {
        "n": lambda one: one.n,
        "area": lambda one: one.aoi_id or "all",
        "kind": lambda one: one.kind or "all",
        "until": lambda one: minutes(one.ends_at),
        "by": lambda one: one.author,
        "reason": lambda one: one.reason,
    }
    fields = ("n", "aoi_id", "kind", "ends_at", "author:by", "reason")
    found = active_silences(service.database, service.now())
    _show_list(call, "silences", found, cells, fields, "nothing is held back")


@verb(hush, "lift", example="emberwatch silence lift 3")
def lift_silence(
    call: Call,
    n: Annotated[int, typer.Argument(metavar="N", help="As the list shows it.")],
    now: Instant = None,
) -> None:
    """End a silence; what no other one holds back is sent."""
    service = call.service(now)
    if not lift(service.database, n, service.now()):
        raise NotAllowed(f"there is no silence {n}", hint="see: emberwatch silence list")
    service.deliver()
    call.say({"lifted": n}, f"silence {n} has ended")


def reconcile(
    call: Call,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 30,
    now: Instant = None,
) -> None:
    """Compare who should have received what with what was sent; each difference is an incident.

    `serve` does this by itself, every hour and every day. Ends with status 1 if
    anything is not as it should be.
    """
    service = call.service(now)
    found = service.reconcile(timedelta(days=days))
    rows = table("cause", "difference")
    for one in found:
        add_row(rows, [one.cause, one.sentence])
    document = [{"cause": one.cause, "sentence": one.sentence} for one in found]
    call.show({"differences": document}, rows, "everybody has what they should have")
    if found:
        raise typer.Exit(DIFFERENT)


def forget(call: Call, now: Instant = None) -> None:
    """Delete texts that are older than they are needed, and say what is kept.

    Messages that arrived, the mail server's copies of them, months of the journal: how long
    each is kept stands in [retention]. `serve` does this by itself, every day.
    """
    done = call.service(now).forget()
    call.say(
        {
            "messages": done.messages, "copies": done.copies, "journal": list(done.journal),
            "kept": list(done.kept),
        },
        f"deleted: the text of {done.messages} messages, {done.copies} copies of the mail "
        f"server, {len(done.journal)} months of the journal",
        *(f"kept: {what}" for what in done.kept),
    )  # fmt: skip


def _show_list(
    call: Call, name: str, found: Sequence[Thing], cells: Cells[Thing], fields: Sequence[str],
    empty: str,
) -> None:  # fmt: skip
    """Print things as a table with these cells, or as a document with these fields.

    A field is an attribute; ``"author:by"`` is the attribute `author` under the name ``by``.
    """
    rows = table(*cells)
    for one in found:
        add_row(rows, [cell(one) for cell in cells.values()])
    names = [field.partition(":") for field in fields]
    document = [{to or of: getattr(one, of) for of, _, to in names} for one in found]
    call.show({name: document}, rows, empty)


def _delivery_document(one: Delivery) -> dict[str, object]:
    return {
        "delivery_id": one.delivery_id,
        "event_id": one.event_id,
        "revision": one.revision,
        "person_id": one.person_id,
        "channel": one.channel,
        "reason": one.reason,
        "state": one.state.value,
        "hold_reason": one.hold_reason,
        "not_before": one.not_before,
        "attempts": one.attempts,
        "number": one.number,
        "possible_duplicate": one.possible_duplicate,
        "last_error": one.last_error,
    }
