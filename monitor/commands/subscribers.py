"""subscriber: who receives alerts, of what, and how."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from alerts.channels.chat import require_chat_address
from alerts.channels.webhook import Webhook
from alerts.disclosure import AUDIENCES
from alerts.enrolment import FORMS, FREQUENCIES, Preview, Wish
from alerts.errors import DeliveryFailed
from alerts.grading import Severity
from alerts.letters import CHAT
from alerts.subscription import ALL_BUT_HOTSPOTS, Person, PersonState, Profile, Send
from monitor.commands.call import Call, Instant, add_row, plain, table, verb
from monitor.errors import ConfigError
from monitor.finding import FindingKind, Tier
from monitor.service import Service

subscriber = typer.Typer(help="Subscribers: who receives alerts, of what, and how.")

CLEARANCES = tuple(name for name in AUDIENCES if name != "desk")

Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Address or identifier.")]
Several = Annotated[list[str] | None, typer.Option("--aoi", metavar="ID", help="May repeat.")]
Kinds = Annotated[
    list[FindingKind] | None, typer.Option("--kind", help="May repeat; default: all but hotspots.")
]

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="Mail, https of a webhook, or a chat service.")
]
LeastSeverity = Annotated[Severity, typer.Option(help="Nothing less.")]
LeastTier = Annotated[Tier, typer.Option(help="Nothing less sure.")]
Language = Annotated[str, typer.Option(help="en fr ar my")]
Clearance = Annotated[str | None, typer.Option(help=" ".join(CLEARANCES) + "; default: the lowest")]
Frequency = Annotated[str, typer.Option(help=" ".join(FREQUENCIES))]
Form = Annotated[str, typer.Option(help=" ".join(FORMS))]
Zone = Annotated[str, typer.Option(metavar="ZONE", help="Such as Africa/Khartoum.")]
AtNight = Annotated[
    Severity | None, typer.Option(help="From 22 to 7 only this and worse is sent at once.")
]
Organisation = Annotated[str, typer.Option(metavar="NAME", help="Who they work for.")]
Unreviewed = Annotated[
    bool, typer.Option("--unreviewed", help="Also what no analyst has seen, where allowed.")
]
Updates = Annotated[bool, typer.Option(help="Also what is no worse than before.")]
Attachments = Annotated[bool, typer.Option(help="Map and data with each mail.")]
BacklogDays = Annotated[
    int, typer.Option(min=0, max=365, help="One summary of what stands since so many days.")
]
Confirmed = Annotated[
    bool, typer.Option("--confirmed", help="You have the owner's word: ask no more.")
]


def add_to(app: typer.Typer) -> None:
    """Register the family of verbs."""
    app.add_typer(subscriber, name="subscriber", no_args_is_help=True)


@verb(subscriber, "add", example="emberwatch subscriber add desk@ngo.org --aoi sd-south-darfur")
def add(
    call: Call,
    address: Address,
    aois: Several = None,
    kinds: Kinds = None,
    min_severity: LeastSeverity = Severity.MODERATE,
    min_tier: LeastTier = Tier.B,
    language: Language = "en",
    clearance: Clearance = None,
    frequency: Frequency = "immediate",
    form: Form = "full",
    time_zone: Zone = "UTC",
    night_severity: AtNight = None,
    organisation: Organisation = "",
    unreviewed: Unreviewed = False,
    updates: Updates = True,
    attachments: Attachments = True,
    backlog_days: BacklogDays = 0,
    confirmed: Confirmed = False,
    now: Instant = None,
) -> None:
    """Add a person, or one more wish of one who is there; they are asked by mail to confirm.

    Without --aoi every area that is watched now; areas added later are not.
    """
    wish = Wish(
        aois=tuple(aois or ()),
        kinds=tuple(kinds or ALL_BUT_HOTSPOTS),
        min_severity=min_severity,
        min_tier=min_tier,
        language=language,
        clearance=clearance,
        frequency=frequency,
        form=form,
        time_zone=time_zone,
        night_severity=night_severity,
        organisation=organisation,
        unreviewed=unreviewed,
        updates=updates,
        attachments=attachments,
    )
    service = call.service(now)
    if "://" in address:
        _add_program(call, service, address, wish)
        return
    person = service.enrolment.add(address, wish, service.now(), confirmed=confirmed)
    _catch_up(service, person, backlog_days)
    waits = person.state is PersonState.PENDING
    call.say(
        _document(person),
        f"{plain(person.address)} is {person.state.value}, clearance {person.clearance}"
        + ("; nothing is sent until the address is confirmed" if waits else ""),
    )


@verb(subscriber, "list", example="emberwatch subscriber list")
def list_(call: Call) -> None:
    """List everybody who receives alerts, and what they asked for."""
    rows = table("address", "state", "clearance", "language", "areas", "from", "frequency")
    documents = []
    for person, profiles in call.service().enrolment.people():
        documents.append({**_document(person), "profiles": [_wish(one) for one in profiles]})
        areas = ", ".join(dict.fromkeys(aoi for one in profiles for aoi in one.aois))
        least = ", ".join(f"{one.min_severity.value} {one.min_tier.value}" for one in profiles)
        often = ", ".join(dict.fromkeys(one.frequency for one in profiles))
        cells = (_shown(person), person.state.value, person.clearance, person.language)
        add_row(rows, [*cells, areas, least, often])
    call.show({"subscribers": documents}, rows, "nobody yet: emberwatch subscriber add ADDRESS")


@verb(subscriber, "confirm", example="emberwatch subscriber confirm desk@ngo.org")
def confirm(call: Call, who: Who, now: Instant = None) -> None:
    """Begin to send to a person: you have the owner's word."""
    service = call.service(now)
    _said(call, service.enrolment.confirm(who, service.now()))


@verb(subscriber, "pause", example="emberwatch subscriber pause desk@ngo.org")
def pause(call: Call, who: Who, now: Instant = None) -> None:
    """Stop sending to a person; `confirm` begins again, what was missed is not sent."""
    service = call.service(now)
    _said(call, service.enrolment.pause(who, service.now()))


@verb(subscriber, "rm", example="emberwatch subscriber rm desk@ngo.org")
def remove(call: Call, who: Who, now: Instant = None) -> None:
    """Unsubscribe a person; the record of what they were sent stays."""
    service = call.service(now)
    _said(call, service.enrolment.remove(who, service.now()))
    service.deliver()


@verb(subscriber, "key", example="emberwatch subscriber key desk@ngo.org desk.pem")
def key(
    call: Call,
    who: Who,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Their S/MIME certificate (PEM) or OpenPGP key."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Send in clear again.")] = False,
) -> None:
    """Encrypt what is sent to a person to their key (S/MIME or OpenPGP), subjects included.

    Compare the fingerprint of an OpenPGP key with its owner by another way, such as the phone.
    """
    if (file is None) is not remove:
        raise typer.BadParameter("name a key, or say --remove")
    service = call.service()
    person = service.enrolment.person(who)
    if file is None:
        service.recipient_keys.remove(person.person_id)
        call.say(_document(person), f"{plain(person.address)} is written to in clear")
        return
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", hint="check its name") from error
    kept = service.recipient_keys.put(person.person_id, text)
    until = kept.ends_at
    ends = f"the key ends {until:%Y-%m-%d}" if until else "the key does not end"
    named = f", fingerprint {kept.fingerprint}" if kept.fingerprint else ""
    call.say(
        {**_document(person), "encrypted_until": until, "kind": kept.kind,
         "fingerprint": kept.fingerprint},
        f"{plain(person.address)} is written to encrypted ({kept.kind}{named}); {ends}",
    )  # fmt: skip


@verb(subscriber, "preview", example="emberwatch subscriber preview desk@ngo.org --days 30")
def preview(
    call: Call,
    who: Who,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 30,
    now: Instant = None,
) -> None:
    """Say what the alerts of the last days would have brought a person, and why not."""
    service = call.service(now)
    found = service.enrolment.preview(who, service.now(), days)
    rows = table("alert", "kind", "would be", "because")
    for one in found:
        add_row(rows, [one.alert.ref, one.alert.kind.value, _outcome(one), one.verdict.reason])
    documents = [
        {"event_id": one.alert.event_id, "outcome": _outcome(one), "reason": one.verdict.reason}
        for one in found
    ]
    call.show({"preview": documents}, rows, f"no alert in {days} days")


def _catch_up(service: Service, person: Person, days: int) -> None:
    if days:
        since = service.now() - timedelta(days=days)
        service.publisher.catch_up(person, since, service.now())
    service.deliver()


def _add_program(call: Call, service: Service, url: str, wish: Wish) -> None:
    add_one = _add_endpoint if url.startswith("http") else _add_chat
    add_one(call, service, url, wish)


def _add_endpoint(call: Call, service: Service, url: str, wish: Wish) -> None:
    """Add a program that receives alerts; its secret is told once, here."""
    made = service.endpoints.add(url, wish, service.now())
    webhook = service.channels["webhook"]
    assert isinstance(webhook, Webhook)
    try:
        active = service.endpoints.activate(made.person.person_id, webhook, service.now())
        state = "active" if active else "pending: it did not give the challenge back"
    except DeliveryFailed as error:
        state = f"pending: {error.message}"
    call.say(
        {**_document(made.person), "state": state.split(":")[0], "secret": made.secret},
        f"{plain(url)} is {plain(state)}",
        f"secret for its signatures, shown this once: {made.secret}",
    )


def _add_chat(call: Call, service: Service, url: str, wish: Wish) -> None:
    """Add a room of a chat service: whoever knows its address may write to it."""
    require_chat_address(url)
    person = service.enrolment.add(url, wish, service.now(), channel=CHAT, confirmed=True)
    call.say(_document(person), f"{plain(_shown(person))} is {person.state.value}")


def _shown(person: Person) -> str:
    """Return an address as it may stand on a screen: that of a chat service is a secret."""
    if person.channel != CHAT:
        return person.address
    return f"{person.address.partition('://')[0]}://… {person.person_id}"


def _outcome(one: Preview) -> str:
    return "sent" if isinstance(one.verdict, Send) else type(one.verdict).__name__.lower()


def _said(call: Call, person: Person) -> None:
    call.say(_document(person), f"{plain(person.address)} is {person.state.value}")


def _document(person: Person) -> dict[str, object]:
    return {
        "person_id": person.person_id,
        "address": _shown(person),
        "state": person.state.value,
        "clearance": person.clearance,
        "language": person.language,
    }


def _wish(one: Profile) -> dict[str, object]:
    return {
        "name": one.name,
        "aois": one.aois,
        "kinds": [kind.value for kind in one.kinds],
        "min_severity": one.min_severity.value,
        "min_tier": one.min_tier.value,
        "frequency": one.frequency,
        "updates": one.updates,
        "active": one.active,
    }
