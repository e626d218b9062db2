"""What a person asked for, and whether one revision is to be sent to them (ALERTS 2.4, 2.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, LOWEST, is_cleared
from alerts.grading import NEVER_TOLD, SEVERITIES, TIERS, Rank, Severity, rank_of
from monitor.finding import FindingKind, Tier

TILE = re.compile(r"-r\d+c\d+$")
"""What the name of a tile ends in."""

ALL_BUT_HOTSPOTS = tuple(kind for kind in FindingKind if kind is not FindingKind.HOTSPOTS)


class PersonState(StrEnum):
    """Whether messages go to an address. Nothing is deleted when they do not."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who receives messages by one channel."""

    person_id: str
    channel: str
    address: str = field(repr=False)
    state: PersonState
    clearance: str = LOWEST
    """Name of an audience; set by an operator, never by the person."""

    organisation: str = ""
    desk: bool = False
    language: str = "en"
    form: str = "full"
    """``full light text notify`` (ALERTS 5.4)."""

    time_zone: str = "UTC"
    attachments: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """One named wish of a person. A person may have many; each is judged alone."""

    profile_id: str
    person_id: str
    name: str
    starts_at: datetime
    """Watermark: what was published before is not sent."""

    active: bool = True
    aois: tuple[str, ...] = ()
    """Areas by name: adding an area never widens a profile."""

    units: tuple[str, ...] = ()
    """P-codes, or the start of one: ``"SD"`` is a country, ``"SD04"`` a state."""

    polygon: BaseGeometry | None = None
    kinds: tuple[FindingKind, ...] = ALL_BUT_HOTSPOTS
    min_severity: Severity = Severity.MODERATE
    min_tier: Tier = Tier.B
    unreviewed: bool = False
    """Also what no analyst has seen yet, where the area allows it."""

    night_severity: Severity | None = None
    """By night only this and worse is sent at once; None: as by day."""

    day_hours: tuple[int, int] = (7, 22)
    frequency: str = "immediate"
    """``immediate daily weekly``."""

    updates: bool = True


@dataclass(frozen=True, slots=True)
class Send:
    """Send it now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Send it later."""

    reason: str
    until: datetime
    send_reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not send it."""

    reason: str


Verdict = Send | Hold | Skip


@dataclass(frozen=True, slots=True)
class SentSoFar:
    """What one person was sent, as the outbox has it: never recomputed history."""

    event: Rank = NEVER_TOLD
    """Highest rank told of this event."""

    place: Rank = NEVER_TOLD
    """Highest rank told of this settlement and kind within the cool-down, this event included."""

    inhibited_by: str = ""
    """Reference of a confirmed burn of the same settlement that was sent already."""

    in_last_day: int = 0
    """Messages of the last 24 hours."""

    in_last_hour: int = 0
    last_at: datetime | None = None
    """When the last message on this event left."""

    area_last_at: datetime | None = None
    """When the last message on anything in the area left or was queued, within the interval."""

    outdated: bool = False
    """A person has corrected the place or the time since they were told of this event."""


NOTHING_SENT = SentSoFar()


@dataclass(frozen=True, slots=True)
class SubscriptionPolicy:
    """Limits that hold for everybody. From ``[alerts]`` in config.toml."""

    max_messages_per_day: int = 20
    max_messages_per_hour: int = 5
    """What comes above it in an hour is told in one mail at its end."""

    group_interval: timedelta = timedelta(hours=1)
    """Least time between two messages on one event that is no worse; the last one counts."""

    group_wait: timedelta = timedelta(0)
    """Wait before a first message, so that what happens at the same time in an area shares it."""

    auto_publish_aois: tuple[str, ...] | None = ()
    """Areas whose tier A goes to those who asked for unreviewed alerts; None: every area."""

    embargo: timedelta = timedelta(0)
    public_delay: timedelta = timedelta(days=30)
    """Age of what the lowest clearance may see."""


def decide(
    alert: Alert,
    profile: Profile,
    person: Person,
    sent: SentSoFar,
    now: datetime,
    policy: SubscriptionPolicy,
) -> Verdict:
    """Say whether a revision goes to a person for the sake of one profile, and why.

    Retractions are not decided here: they go to whoever may have the claim.
    """
    if sent.outdated:
        return correction_for(alert, person, sent, now, policy)
    refusal = _not_theirs(alert, profile, person) or _not_wanted(alert, profile, policy)
    if refusal:
        return Skip(refusal)
    rank = rank_of(alert)
    reason = _reason(alert, rank, sent)
    if reason == "" or (reason == "updated" and not profile.updates):
        return Skip("updates_off" if reason else "already_notified")
    must = reason == "escalated" and rank.severity >= SEVERITIES.index(Severity.SEVERE)
    if sent.inhibited_by and not must:
        return Skip("inhibited")
    fresh = sent.event == NEVER_TOLD and sent.place != NEVER_TOLD
    if fresh and not rank.exceeds(sent.place):
        return Skip("cooldown")
    return _when(alert, profile, person, sent, now, policy, reason, must)


def correction_for(
    alert: Alert, person: Person, sent: SentSoFar, now: datetime, policy: SubscriptionPolicy
) -> Verdict:
    """Say whether what somebody was told is put right, whatever they wish for (ALERTS 2.4).

    Their wishes chose what to hear of; nobody wishes to keep a position that is wrong. So
    neither profiles nor cool-down, caps, night or digests count, only whether it can reach
    them and they may see it.
    """
    refusal = _not_reached(alert, person)
    if refusal:
        return Skip(refusal)
    reason = _reason(alert, rank_of(alert), sent)
    until = _embargoed_until(alert, person, now, policy)
    return Send(reason) if now >= until else Hold("embargo", until, reason)


def _not_reached(alert: Alert, person: Person) -> str:
    """Return why nothing of the alert may or can go to the person, empty if it may."""
    if person.state is not PersonState.ACTIVE:
        return {
            PersonState.PENDING: "unconfirmed_address",
            PersonState.SUPPRESSED: "suppressed_address",
        }.get(person.state, "paused")
    return "" if is_cleared(alert, AUDIENCES[person.clearance]) else "clearance"


def _not_theirs(alert: Alert, profile: Profile, person: Person) -> str:
    """Return why the alert is none of what the profile may have, empty if it is."""
    refusal = _not_reached(alert, person)
    if refusal:
        return refusal
    if not profile.active:
        return "paused"
    if not covers(profile, alert):
        return "area"
    return "watermark" if alert.changed_at < profile.starts_at else ""


def _not_wanted(alert: Alert, profile: Profile, policy: SubscriptionPolicy) -> str:
    """Return which wish of the profile the alert does not meet, empty if it meets all."""
    if alert.kind not in profile.kinds:
        return "kind"
    if SEVERITIES.index(Severity(alert.severity)) < SEVERITIES.index(profile.min_severity):
        return "below_severity"
    if TIERS.index(alert.finding.tier) < TIERS.index(profile.min_tier):
        return "below_tier"
    # What the ledger knows needs no analyst.
    by_ledger = alert.kind is FindingKind.BLIND and alert.status is Status.PROVISIONAL
    reviewed = alert.status in (Status.CONFIRMED, Status.ENDED) or by_ledger
    if reviewed and alert.released_at is not None:
        return ""
    allowed = policy.auto_publish_aois is None or named(alert.aoi_id, policy.auto_publish_aois)
    auto = alert.finding.tier is Tier.A and allowed
    wanted = profile.unreviewed and auto and alert.status is Status.PROVISIONAL
    return "" if wanted else "unreviewed"


def named(aoi_id: str, names: Sequence[str]) -> bool:
    """Return True if an area, or the bigger one that it is a tile of, is among `names`."""
    return aoi_id in names or TILE.sub("", aoi_id) in names


def covers(profile: Profile, alert: Alert) -> bool:
    """Return True if the place of an alert lies in what the profile watches."""
    if alert.aoi_id in profile.aois:
        return True
    pcode = alert.place.admin_pcode
    if pcode and any(pcode.startswith(unit) for unit in profile.units):
        return True
    outline = alert.place.footprint or alert.finding.geometry
    return profile.polygon is not None and bool(profile.polygon.intersects(outline.centroid))


def _reason(alert: Alert, rank: Rank, sent: SentSoFar) -> str:
    if sent.event == NEVER_TOLD:
        return "first"
    if alert.status is Status.CONFIRMED and rank.status > sent.event.status:
        return "confirmed"
    return "escalated" if rank.exceeds(sent.event) else "updated"


def _when(
    alert: Alert, profile: Profile, person: Person, sent: SentSoFar, now: datetime,
    policy: SubscriptionPolicy, reason: str, must: bool,
) -> Verdict:  # fmt: skip
    published = _embargoed_until(alert, person, now, policy)
    if now < published:
        return Hold("embargo", published, reason)
    if must:
        return Send(reason)
    morning = _next_morning(profile, person, now)
    quiet = profile.night_severity
    severity = SEVERITIES.index(Severity(alert.severity))
    if morning is not None and quiet is not None and severity < SEVERITIES.index(quiet):
        return Hold("quiet_hours", morning, reason)
    waits_until = None if sent.last_at is None else sent.last_at + policy.group_interval
    if reason == "updated" and waits_until is not None and now < waits_until:
        return Hold("group_wait", waits_until, reason)
    if person.channel != WORDS_GO_BY:
        # A program is not flooded, and can do nothing with a digest.
        return Send(reason)
    if profile.frequency != "immediate":
        return Hold("digest", next_period(person, profile.frequency, now), reason)
    if sent.in_last_day >= policy.max_messages_per_day:
        return Hold("cap", next_period(person, "daily", now), reason)
    if sent.in_last_hour >= policy.max_messages_per_hour:
        return Hold("burst", now + timedelta(hours=1), reason)
    company = _company(sent, now, policy)
    mild = severity < SEVERITIES.index(Severity.SEVERE)
    if reason == "first" and mild and company > now:
        return Hold("group_wait", company, reason)
    return Send(reason)


def _embargoed_until(
    alert: Alert, person: Person, now: datetime, policy: SubscriptionPolicy
) -> datetime:
    delay = policy.public_delay if person.clearance == LOWEST else policy.embargo
    return (alert.released_at or now) + delay


def _company(sent: SentSoFar, now: datetime, policy: SubscriptionPolicy) -> datetime:
    """Return until when a first message waits for others of its area."""
    wait = now + policy.group_wait
    if sent.area_last_at is None or not policy.group_wait:
        return wait
    return max(wait, sent.area_last_at + policy.group_interval)


WORDS_GO_BY = "email"
"""The channel of messages that list several things."""

DIGEST_HOUR = 6
"""In the person's own morning."""

IN_ONE_MAIL = ("digest", "cap", "burst")
"""Holds that end in a message that lists several alerts."""


def next_period(person: Person, frequency: str, now: datetime) -> datetime:
    """Return when the next digest of a person is made: a morning, or Monday's morning."""
    local = now.astimezone(ZoneInfo(person.time_zone))
    morning = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    days = 1 if morning <= local else 0
    if frequency == "weekly":
        days += -(local.weekday() + days) % 7
    return (morning + timedelta(days=days)).astimezone(now.tzinfo)


def _next_morning(profile: Profile, person: Person, now: datetime) -> datetime | None:
    """Return when the person's day begins, None if it is day already."""
    local = now.astimezone(ZoneInfo(person.time_zone))
    first, last = profile.day_hours
    if first <= local.hour < last:
        return None
    morning = local.replace(hour=first, minute=0, second=0, microsecond=0)
    if local.hour >= last:
        morning += timedelta(days=1)
    return morning.astimezone(now.tzinfo)


ORDER = (Send, Hold, Skip)


def merged(verdicts: Sequence[tuple[str, Verdict]]) -> tuple[Verdict, tuple[str, ...]]:
    """Return the one verdict for a person, and the names of the profiles that it comes from.

    Parameters
    ----------
    verdicts : sequence of tuple
        Name of each profile with what was decided for its sake.

    One message, however many profiles match; the most urgent wish decides when.
    """
    if len(verdicts) == 1:
        name, verdict = verdicts[0]
        return verdict, () if isinstance(verdict, Skip) else (name,)
    best = min(verdicts, key=lambda judged: ORDER.index(type(judged[1])))[1]
    if isinstance(best, Hold):
        holds = [verdict for _, verdict in verdicts if isinstance(verdict, Hold)]
        best = min(holds, key=lambda hold: (hold.reason in IN_ONE_MAIL, hold.until))
    if isinstance(best, Skip):
        return best, ()
    return best, tuple(name for name, verdict in verdicts if not isinstance(verdict, Skip))
