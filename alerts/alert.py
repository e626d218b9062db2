"""Alerts, their states, and the one table that says how they change (ALERTS 2.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from alerts.errors import NotAllowed
from alerts.place import Place
from monitor.finding import Finding, FindingKind

SERVICE = "service"
"""Actor of everything that no person did."""

REF_ALPHABET = "23456789ACDEFGHJKMNPQRTUVWXY"
"""Letters and digits that nobody confuses on the phone: no 0 O, 1 I L, S, B, Z."""


class Status(StrEnum):
    """What stands; words of OPERA DIST, with the two ways to be wrong."""

    FIRST = "first"
    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    ENDED = "ended"
    REJECTED = "rejected"
    RETRACTED = "retracted"


class Action(StrEnum):
    """What can be done to an alert."""

    OPEN = "open"
    ABSORB = "absorb"
    """New evidence: another revision of what stands."""

    RAISE = "raise"
    """Persisted, or seen by a second sensor family."""

    CONFIRM = "confirm"
    RELEASE = "release"
    """A second person agrees that it may leave the house."""

    UNSURE = "unsure"
    CORRECT = "correct"
    """An analyst mends place, time or words."""

    QUESTION = "question"
    """Late or re-processed evidence contradicts it: back to the desk, nothing withdrawn."""

    REJECT = "reject"
    RETRACT = "retract"
    END = "end"
    RESUME = "resume"
    REOPEN = "reopen"


class Review(StrEnum):
    """What people said of it."""

    UNSET = "unset"
    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


REJECTION_REASONS = (
    "agricultural",
    "industrial",
    "cloud_shadow",
    "water",
    "radiometry",
    "duplicate",
    "other",
)

RETRACTION_CLASSES = ("false", "wrong_place", "wrong_time", "unsafe")

_F, _P, _C, _E = Status.FIRST, Status.PROVISIONAL, Status.CONFIRMED, Status.ENDED
_STANDING = (_F, _P, _C, _E)

TRANSITIONS: Mapping[tuple[Status, Action], Status] = {
    (_F, Action.RAISE): _P,
    **{(status, Action.CONFIRM): _C for status in (_F, _P, _C)},
    (_C, Action.RELEASE): _C,
    **{(status, Action.UNSURE): status for status in (_F, _P, _C)},
    **{(status, Action.ABSORB): status for status in _STANDING},
    **{(status, Action.CORRECT): status for status in _STANDING},
    **{(status, Action.QUESTION): status for status in _STANDING},
    **{(status, Action.REJECT): Status.REJECTED for status in (_F, _P, _C)},
    **{(status, Action.RETRACT): Status.RETRACTED for status in (_F, _P, _C, _E)},
    **{(status, Action.END): _E for status in (_P, _C)},
    (_E, Action.RESUME): _P,
    (Status.REJECTED, Action.REOPEN): _F,
}
"""Where each act leads. A resumed alert that a person had confirmed stays confirmed."""

WITHDRAWN = frozenset({Status.REJECTED, Status.RETRACTED})


@dataclass(frozen=True, slots=True)
class Alert:
    """One change at one place: what we say of it now."""

    event_id: str
    """Deterministic and stable: family, and a digest of place and first look."""

    ref: str
    """Four to eight characters that people can say on the phone."""

    status: Status
    revision: int
    """Grows by one with every act; guards against two people at once."""

    place: Place
    finding: Finding
    """The strongest statement of the evidence so far."""

    finding_ids: tuple[str, ...]
    """Every finding that it absorbed, oldest first."""

    severity: str
    """A value of `alerts.grading.Severity`."""

    opened_at: datetime
    changed_at: datetime
    review: Review = Review.UNSET
    review_reason: str = ""
    """Reason code of a rejection, class of a retraction."""

    note: str = ""
    """What the last reviewer wrote; untrusted text."""

    reviewed_by: tuple[str, ...] = ()
    needs_review: bool = True
    """True while the desk should look at it."""

    released_at: datetime | None = None
    """When it was allowed to leave the house; None while it may not."""

    follows: str = ""
    """Event that was retracted at this place before, empty if none was."""

    split_from: str = ""
    """Event that a person divided, of which this is a part; empty if none was."""

    outside: bool = False
    """True once somebody outside the desk may have it. Kept by the outbox."""

    @property
    def kind(self) -> FindingKind:
        return self.finding.kind

    @property
    def aoi_id(self) -> str:
        return self.place.aoi_id

    @property
    def settlement_id(self) -> str | None:
        return self.place.settlement_id

    @property
    def standing(self) -> bool:
        """True unless it was rejected or retracted."""
        return self.status not in WITHDRAWN

    @property
    def allowed(self) -> frozenset[Action]:
        """What may be done now.

        What nobody outside has is rejected; what somebody may have is
        retracted, so that nobody is left with a claim that was withdrawn.
        """
        steps = frozenset(action for status, action in TRANSITIONS if status is self.status)
        return steps - {Action.REJECT if self.outside else Action.RETRACT}


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One act on one alert: who, when, why. Never changed, never deleted."""

    event_id: str
    revision: int
    """Revision of the alert after the act."""

    action: Action
    actor: str
    """Name of a reviewer, or ``"service"``."""

    at: datetime
    reason: str
    """A code: of 2.2 for verdicts; ``first escalated updated noted`` for evidence."""

    note: str
    before: Status | None
    """None for the event that opened it."""

    after: Status


def act(
    alert: Alert, action: Action, *, actor: str, at: datetime, reason: str = "", note: str = ""
) -> tuple[Alert, AlertEvent]:
    """Return the alert after `action`, and the event that records it.

    Raises
    ------
    NotAllowed
        If `action` is not among `Alert.allowed`.
    """
    if action not in alert.allowed:
        raise NotAllowed(
            f"cannot {action} alert {alert.ref}: it is {_described(alert)}",
            hint=f"allowed now: {', '.join(sorted(alert.allowed)) or 'nothing'}",
        )
    after = TRANSITIONS[alert.status, action]
    if action is Action.RESUME and alert.review is Review.YES:
        after = Status.CONFIRMED
    changed = replace(alert, status=after, revision=alert.revision + 1, changed_at=at)
    event = AlertEvent(
        alert.event_id, changed.revision, action, actor, at, reason, note, alert.status, after
    )
    return changed, event


def _described(alert: Alert) -> str:
    return f"{alert.status}{', and somebody outside may have it' if alert.outside else ''}"


FAMILIES: Mapping[FindingKind, str] = {
    FindingKind.BURN: "fire",
    FindingKind.HOTSPOTS: "fire",
    FindingKind.STRUCTURE_DAMAGE: "damage",
    FindingKind.CAMP_NEW: "camp",
    FindingKind.CAMP_GROWTH: "camp",
    FindingKind.CAMP_EMPTYING: "camp",
    FindingKind.BLIND: "blind",
}


def event_id_of(finding: Finding, follows: str = "") -> str:
    """Return the identifier of the event that `finding` opens.

    Made from the place and the acquisition of the first look, so that running
    again, or over a re-processed scene, finds the same event.
    """
    text = "|".join((_place_key(finding), finding.first_seen.isoformat(), follows))
    if FAMILIES[finding.kind] == "camp":
        text += f"|{finding.kind}"
    digest = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()
    return f"{FAMILIES[finding.kind]}-{digest[:13]}"


def event_id_of_part(alert: Alert) -> str:
    """Return the identifier of the event that is split off an alert as it stands."""
    digest = hashlib.sha256(f"{alert.event_id}|part|{alert.revision}".encode()).digest()
    return f"{FAMILIES[alert.kind]}-{base64.b32encode(digest).decode().lower()[:13]}"


def _place_key(finding: Finding) -> str:
    if finding.settlement_id is not None:
        return finding.settlement_id
    if finding.kind is FindingKind.BLIND:
        return finding.aoi_id
    centre = finding.geometry.centroid
    # Cells of 0.001 degrees: a cluster that gains a block keeps its identity.
    return f"{finding.aoi_id}@{centre.x:.3f},{centre.y:.3f}"


def ref_of(event_id: str, key: bytes, length: int) -> str:
    """Return the first `length` characters of the reference of an event.

    Keyed, so that a reference tells nobody what it stands for.
    """
    digest = hmac.new(key, event_id.encode(), hashlib.sha256).digest()
    return "".join(REF_ALPHABET[byte % len(REF_ALPHABET)] for byte in digest[:length])
