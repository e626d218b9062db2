"""What a person may do with an alert now, and what they may see before they did."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.alert import REJECTION_REASONS, RETRACTION_CLASSES, Action, Alert, Review
from alerts.web.page import Page

REASON_KEYS = {str(n): reason for n, reason in enumerate(REJECTION_REASONS, start=1)}
"""Digits that choose a reason on the keyboard."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The verdicts that are open to one person on one alert."""

    confirm: bool
    reject: bool
    unsure: bool
    retract: bool
    second: bool
    """True if somebody confirmed it and one more person must agree."""

    own: bool
    """True if that somebody is this person: another one must."""

    reasons: tuple[str, ...] = REJECTION_REASONS
    classes: tuple[str, ...] = RETRACTION_CLASSES

    @property
    def words(self) -> str:
        """Names of the open verdicts, for the script of the page."""
        named = (
            ("confirm", self.confirm), ("reject", self.reject), ("unsure", self.unsure),
            ("retract", self.retract),
        )  # fmt: skip
        return " ".join(name for name, is_open in named if is_open)


def choice_of(alert: Alert, name: str) -> Choice:
    """Return what a person may do with an alert.

    What nobody outside has is rejected, what somebody may have is retracted:
    `Alert.allowed` has only one of the two.
    """
    second = alert.review is Review.YES and alert.released_at is None and alert.standing
    own = second and name in alert.reviewed_by
    allowed = alert.allowed
    judged = alert.review is Review.YES and not alert.needs_review
    return Choice(
        confirm=Action.CONFIRM in allowed and not own and not judged,
        reject=Action.REJECT in allowed,
        unsure=Action.UNSURE in allowed,
        retract=Action.RETRACT in allowed,
        second=second,
        own=own,
    )


def hides_score(page: Page, alert: Alert) -> bool:
    """Return True while this person has not judged the alert, and the settings want it so."""
    if not page.parts.settings.hide_scores:
        return False
    return not page.parts.queue.judged_by(page.visitor.name, [alert.event_id])
