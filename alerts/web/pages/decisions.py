"""Verdicts: confirm, reject, unsure, retract. Two people at once lose nobody's words."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from alerts.alert import Alert, Status
from alerts.errors import NotAllowed, StaleAlert
from alerts.web.accounts import Role
from alerts.web.errors import FormRefused
from alerts.web.guard import guarded_router, needs
from alerts.web.page import Page, PageOf, own_path
from alerts.web.verdicts import choice_of

router = guarded_router()

MAX_NOTE = 4_000

Note = Annotated[str, Form(max_length=MAX_NOTE)]
Word = Annotated[str, Form(max_length=400)]
Revision = Annotated[int, Form(ge=1)]


@router.post("/alerts/{event_id}/verdict")
@needs(Role.ANALYST)
def verdict(
    page: PageOf, event_id: str, verdict: Word, revision: Revision, note: Note = "",
    reason: Word = "", to: Word = "/",
) -> Response:  # fmt: skip
    """Keep a person's verdict on the revision that they saw."""
    alert = page.visitor.require_alert(page.parts.alerts.alert(event_id))
    try:
        judged = judged_by(page, alert, verdict, revision, note.strip(), reason)
    except StaleAlert as error:
        return _again(page, event_id, error, verdict, note, reason, to, changed=True)
    except NotAllowed as error:
        return _again(page, event_id, error, verdict, note, reason, to, changed=False)
    return page.go(own_path(to), said=_said(judged, verdict), ref=judged.ref)


def judged_by(
    page: Page, alert: Alert, verdict: str, revision: int, note: str, reason: str
) -> Alert:
    """Keep the verdict of whoever asks, and return the alert as it is then.

    Raises
    ------
    StaleAlert, NotAllowed, FormRefused
    """
    desk, by, now, event_id = page.parts.desk, page.visitor.name, page.now, alert.event_id
    if verdict == "confirm":
        return desk.confirm(event_id, by, now, note=note, expected_revision=revision)
    if verdict == "reject":
        return desk.reject(event_id, by, reason, now, note=note, expected_revision=revision)
    if verdict == "unsure":
        return desk.unsure(event_id, by, now, note=note, expected_revision=revision)
    if verdict == "retract":
        return desk.retract(event_id, by, reason, now, note=note, expected_revision=revision)
    raise FormRefused(f"{verdict[:40]!r} is no verdict", hint="use the buttons of the page")


def _again(
    page: Page, event_id: str, error: StaleAlert | NotAllowed, verdict: str, note: str,
    reason: str, to: str, *, changed: bool,
) -> Response:  # fmt: skip
    """Show what stood in the way, with everything that was typed, ready to be sent again."""
    alert = page.parts.alerts.alert(event_id)
    events = page.parts.alerts.events(alert.event_id)
    return page.render(
        "conflict.html",
        409,
        alert=alert,
        choice=choice_of(alert, page.visitor.name),
        events=events[-5:],
        changed=changed,
        message=error.message,
        hint=error.hint,
        verdict=verdict,
        note=note,
        reason=reason,
        to=own_path(to),
    )


def _said(judged: Alert, verdict: str) -> str:
    if verdict == "confirm" and judged.released_at is None:
        return "confirmed_once"
    if judged.status is Status.CONFIRMED and verdict == "confirm":
        return "confirmed"
    return {"reject": "rejected", "unsure": "unsure", "retract": "retracted"}.get(verdict, "done")
