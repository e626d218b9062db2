"""Messages that list several things: alerts that were held, and what was seen in a week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, select

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, TLPS, Disclosure, Tlp, is_cleared, tlp_of
from alerts.formats.text import (
    Paragraph,
    kind_label,
    what_line,
    when_lines,
    where_lines,
)
from alerts.keys import Keyring
from alerts.notes import Note, queue_note
from alerts.outbox import OPEN, Delivery, DeliveryState, deliveries_in, move
from alerts.payload import alert_of
from alerts.silences import active_silences
from alerts.store import AlertStore, alert_in, log_root
from alerts.subscribers import persons_in, profiles_in
from alerts.subscription import IN_ONE_MAIL, Person, PersonState, Profile
from alerts.tables import REVISIONS
from alerts.words import Speech, plain
from aoi.database import reading, writing
from aoi.registry import AoiRegistry
from monitor.coverage import CoverageDay, CoverageState
from monitor.store import MonitorStore

logger = structlog.get_logger(__name__)

HEARTBEAT_DAYS = 7

Shown = Callable[[Alert, str], Disclosure]
"""Returns what an audience may see: `LetterWriter.shown`."""


@dataclass(frozen=True, slots=True)
class DigestPolicy:
    """From ``[alerts]`` in config.toml."""

    blind_after: timedelta = timedelta(days=14)
    channel: str = "email"


class Digests:
    """Queues one message for what was held, and one a week for what was seen.

    Parameters
    ----------
    engine : Engine
    monitor : MonitorStore
        The coverage ledger.
    registry : AoiRegistry
    keys : Keyring
    shown : Shown
        Decides what each audience may see.
    """

    def __init__(
        self, engine: Engine, monitor: MonitorStore, registry: AoiRegistry, keys: Keyring,
        shown: Shown, policy: DigestPolicy | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._monitor = monitor
        self._registry = registry
        self._keys = keys
        self._shown = shown
        self._policy = policy or DigestPolicy()

    def queue_due(self, now: datetime) -> int:
        """Queue every digest and heartbeat that is due; return how many that were."""
        with reading(self._engine) as connection:
            people = persons_in(
                connection, desk=False, state=PersonState.ACTIVE.value,
                channel=self._policy.channel,
            )  # fmt: skip
        queued = sum(self._digest(person, now) for person in people)
        queued += sum(self._heartbeat(person, now) for person in people)
        if queued:
            logger.info("digests queued", count=queued)
        return queued

    def _digest(self, person: Person, now: datetime) -> int:
        with writing(self._engine) as connection:
            held = _due_in_one_mail(connection, person, now)
            told = [(one, alert) for one in held if (alert := _still_true(connection, one))]
            if not told:
                return 0
            note = self._note_of_alerts(person, told, now)
            digest_id = queue_note(
                connection, self._keys, person, f"digest-{now:%Y%m%d%H%M%S}", note, "digest", now
            )
            for one, _ in told:
                move(
                    connection, one, DeliveryState.IN_DIGEST, now,
                    carried_by=digest_id, hold_reason="",
                )  # fmt: skip
        return 1

    def _note_of_alerts(
        self, person: Person, told: Sequence[tuple[Delivery, Alert]], now: datetime
    ) -> Note:
        speech = Speech(person.language, person.time_zone)
        parts = [self._part(alert, one.audience, speech, now) for one, alert in told]
        status = Paragraph("status", "", (speech.say("digest.status"),))
        tlp = max((tlp_of(alert) for _, alert in told), key=TLPS.index)
        return Note(speech.say("digest.subject"), (status, *parts), tlp)

    def _part(self, alert: Alert, audience: str, speech: Speech, now: datetime) -> Paragraph:
        shown = self._shown(alert, audience)
        lines = (
            speech.say(f"status.{shown.status}"), what_line(shown, speech),
            *when_lines(shown, speech), *where_lines(shown, speech),
        )  # fmt: skip
        heading = f"[{shown.tlp}] {kind_label(shown, shown.status, speech)}, {shown.ref}"
        age = speech.say("digest.age", days=str(max((now - shown.observed_before).days, 0)))
        return Paragraph("alert", heading, (*lines, age))

    def _heartbeat(self, person: Person, now: datetime) -> int:
        week = f"heartbeat-{now:%G-W%V}"
        with reading(self._engine) as connection:
            if deliveries_in(connection, event_id=week, person_id=person.person_id):
                return 0
            profiles = [p for p in profiles_in(connection, person.person_id) if p.active]
        monday = (now - timedelta(days=now.weekday())).date()
        if all(profile.starts_at.date() >= monday for profile in profiles):
            return 0
        note = self._weekly(person, profiles, now)
        with writing(self._engine) as connection:
            queue_note(connection, self._keys, person, week, note, "digest", now)
        return 1

    def _weekly(self, person: Person, profiles: Sequence[Profile], now: datetime) -> Note:
        speech = Speech(person.language, person.time_zone)
        with reading(self._engine) as connection:
            numbers = _numbers(connection, person, now - timedelta(days=HEARTBEAT_DAYS), speech)
            root = log_root(connection)
        parts = [
            Paragraph("status", "", (speech.say("heartbeat.status"),)),
            *self._areas(person, profiles, speech, now),
            self._alerts_of_the_week(person, profiles, speech, now),
            *self._silences(person, profiles, speech, now),
            Paragraph("numbers", speech.say("heartbeat.numbers"), numbers),
            Paragraph(
                "root", speech.say("heartbeat.root"),
                (speech.say("heartbeat.root.line", root=root),),
            ),
        ]  # fmt: skip
        tlp = Tlp.AMBER if AUDIENCES[person.clearance].step_deg == 0 else Tlp.GREEN
        return Note(speech.say("heartbeat.subject"), tuple(parts), tlp)

    def _areas(
        self, person: Person, profiles: Sequence[Profile], speech: Speech, now: datetime
    ) -> list[Paragraph]:
        since = (now - timedelta(days=HEARTBEAT_DAYS)).date()
        named = AUDIENCES[person.clearance].step_deg == 0
        names = {area.aoi_id: area.name for area in self._registry.all()}
        watched = dict.fromkeys(aoi for p in profiles for aoi in p.aois if aoi in names)
        last_seen = self._monitor.last_seen()
        parts = []
        for number, aoi_id in enumerate(watched, start=1):
            days = self._monitor.coverage(aoi_id, since=since, until=now.date())
            lines = self._seen(days, last_seen.get(aoi_id), speech, now)
            heading = plain(names[aoi_id]) if named else speech.say(
                "heartbeat.area", number=str(number)
            )  # fmt: skip
            parts.append(Paragraph("area", heading, lines))
        return parts

    def _seen(
        self, days: Sequence[CoverageDay], last: datetime | None, speech: Speech, now: datetime
    ) -> tuple[str, ...]:
        seen = [day for day in days if day.state is CoverageState.SEEN]
        count = str(HEARTBEAT_DAYS)
        if seen and last is not None:
            best = max(day.clear_fraction for day in seen)
            line = speech.say(
                "heartbeat.seen", count=str(len(seen)), days=count, percent=f"{best:.0%}",
                date=speech.day(last),
            )  # fmt: skip
        else:
            line = speech.say("heartbeat.never", days=count)
        if last is not None and now - last <= self._policy.blind_after:
            return (line,)
        since = "–" if last is None else speech.day(last)
        reason = days[-1].reason if days else "–"
        return line, speech.say("heartbeat.blind", date=since, reason=reason)

    def _alerts_of_the_week(
        self, person: Person, profiles: Sequence[Profile], speech: Speech, now: datetime
    ) -> Paragraph:
        watched = {aoi for profile in profiles for aoi in profile.aois}
        since = now - timedelta(days=HEARTBEAT_DAYS)
        lines = [
            f"{kind_label(shown, shown.status, speech)}, {shown.ref}: "
            f"{speech.say(f'status.{shown.status}')}"
            for shown in self._told_of(person, watched, since)
        ]
        return Paragraph(
            "alerts",
            speech.say("heartbeat.alerts"),
            tuple(lines) or (speech.say("heartbeat.none"),),
        )

    def _silences(
        self, person: Person, profiles: Sequence[Profile], speech: Speech, now: datetime
    ) -> list[Paragraph]:
        """Say what is held back; who may not know places reads neither area nor reason."""
        named = AUDIENCES[person.clearance].step_deg == 0
        watched = {aoi for profile in profiles for aoi in profile.aois}
        lines = []
        for one in active_silences(self._engine, now):
            if one.aoi_id and one.aoi_id not in watched:
                continue
            until = speech.day(one.ends_at)
            if named:
                area, reason = one.aoi_id or "–", f"{one.kind or '–'}: {one.reason}"
                lines.append(speech.say("heartbeat.silence", area=area, reason=reason, date=until))
            else:
                lines.append(speech.say("heartbeat.silence.some", date=until))
        if not lines:
            return []
        return [
            Paragraph("silences", speech.say("heartbeat.silences"), tuple(dict.fromkeys(lines)))
        ]

    def _told_of(self, person: Person, watched: Iterable[str], since: datetime) -> list[Disclosure]:
        """Return what the person may see of the released alerts of the period."""
        audience, areas = AUDIENCES[person.clearance], set(watched)
        standing = (Status.CONFIRMED, Status.ENDED, Status.RETRACTED)
        return [
            self._shown(alert, audience.name)
            for alert in AlertStore(self._engine).alerts(states=standing)
            if alert.aoi_id in areas
            and alert.released_at is not None
            and alert.changed_at >= since
            and is_cleared(alert, audience)
        ]


def _due_in_one_mail(connection: Connection, person: Person, now: datetime) -> list[Delivery]:
    """Return what was held and is now told together; what waited for company and has none, not."""
    held = deliveries_in(
        connection, person_id=person.person_id, state=DeliveryState.HELD.value
    )  # fmt: skip
    due = [delivery for delivery in held if delivery.not_before <= now]
    waited = [delivery for delivery in due if delivery.hold_reason == "group_wait"]
    areas = {one.delivery_id: alert_in(connection, one.event_id).aoi_id for one in waited}
    several = {area for area, count in Counter(areas.values()).items() if count > 1}
    return [
        delivery
        for delivery in due
        if delivery.hold_reason in IN_ONE_MAIL or areas.get(delivery.delivery_id) in several
    ]


def _still_true(connection: Connection, delivery: Delivery) -> Alert | None:
    """Return the alert of a held delivery as it was published, None if it was taken back."""
    if not alert_in(connection, delivery.event_id).standing:
        return None
    query = select(REVISIONS.c.payload).where(
        REVISIONS.c.event_id == delivery.event_id, REVISIONS.c.revision == delivery.revision
    )
    return alert_of(connection.execute(query).scalar_one())


VOID = frozenset({DeliveryState.CANCELLED, DeliveryState.SUPERSEDED})


def _numbers(
    connection: Connection, person: Person, since: datetime, speech: Speech
) -> tuple[str, ...]:
    """Return the fate of every number of the period: a late mail is not a lost one."""
    fates: dict[str, list[int]] = {"sent": [], "trying": [], "void": []}
    for delivery in deliveries_in(connection, with_bytes=False, person_id=person.person_id):
        if delivery.number is None or delivery.created_at < since:
            continue
        fate = "void" if delivery.state in VOID else "trying" if delivery.state in OPEN else "sent"
        fates[fate].append(delivery.number)
    lines = [
        speech.say("heartbeat.fates", numbers=runs_of(numbers), fate=speech.say(f"fate.{fate}"))
        for fate, numbers in fates.items()
        if numbers
    ]
    return tuple(lines) or (speech.say("heartbeat.none"),)


def runs_of(numbers: Iterable[int]) -> str:
    """Return numbers with what follows on one another as a run: ``"1-3, 5"``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("-".join(str(edge) for edge in run) for run in runs)
