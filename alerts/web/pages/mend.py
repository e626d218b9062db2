"""Mending an alert: its outline drawn anew, two alerts joined, or one split in two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from alerts.alert import Action, Alert
from alerts.corrections import outline_from, text_of
from alerts.errors import NotAllowed, StaleAlert
from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.looks import Frame, cards_of, chosen, frame_of, outline_of
from alerts.web.page import Page, PageOf
from alerts.web.pages.alert import alert_of, look_of
from monitor.errors import ArchiveError
from monitor.finding import FindingKind

router = guarded_router()

MAX_TEXT = 100_000

Note = Annotated[str, Form(max_length=4_000)]
Ref = Annotated[str, Form(max_length=40)]
Revision = Annotated[int, Form(ge=1)]


class OutlineForm(BaseModel):
    """What somebody drew, on which revision."""

    model_config = ConfigDict(frozen=True)

    outline: Annotated[str, Field(max_length=MAX_TEXT)]
    revision: Annotated[int, Field(ge=1)]
    note: Annotated[str, Field(max_length=4_000)] = ""
    look: Annotated[str, Field(max_length=40)] = ""


Drawn = Annotated[OutlineForm, Form()]


@router.get("/alerts/{event_id}/mend")
@needs(Role.ANALYST)
def mend_page(page: PageOf, event_id: str, look: str = "") -> Response:
    """Show the outline on a picture, and the form that joins two alerts."""
    alert = alert_of(page, event_id)
    return _mend(page, alert, text_of(alert.finding.geometry), look=look)


@router.post("/alerts/{event_id}/outline")
@needs(Role.ANALYST)
def redraw(page: PageOf, event_id: str, drawn: Drawn) -> Response:
    """Keep another outline."""
    return _with_outline(page, event_id, drawn, page.parts.corrections.redraw, "redrawn")


@router.post("/alerts/{event_id}/split")
@needs(Role.ANALYST)
def split(page: PageOf, event_id: str, drawn: Drawn) -> Response:
    """Make what was drawn an alert of its own, and show it."""

    def split_off(*which: Any, **how: Any) -> Alert:
        _, part = page.parts.corrections.split(*which, **how)
        return part

    return _with_outline(page, event_id, drawn, split_off, "split")


@router.post("/alerts/{event_id}/join")
@needs(Role.ANALYST)
def join(page: PageOf, event_id: str, other: Ref, revision: Revision, note: Note = "") -> Response:
    """End this alert as the same as another."""
    alert = alert_of(page, event_id)
    try:
        target = alert_of(page, other.strip())
        page.parts.corrections.join(
            alert.event_id, target.event_id, page.visitor.name, page.now,
            note=note.strip(), expected_revision=revision,
        )  # fmt: skip
    except (NotAllowed, StaleAlert) as error:
        kept = alert_of(page, event_id)
        return _mend(page, kept, text_of(kept.finding.geometry), error, note=note, other=other)
    return page.go(f"/alerts/{target.event_id}", said="joined", ref=alert.ref)


def _with_outline(
    page: Page, event_id: str, drawn: OutlineForm, change: Callable[..., Alert], said: str
) -> Response:
    """Apply a drawing, and show the alert that came of it; what cannot be is drawn again."""
    alert = alert_of(page, event_id)
    try:
        shown = change(
            alert.event_id, outline_from(drawn.outline), page.visitor.name, page.now,
            note=drawn.note.strip(), expected_revision=drawn.revision,
        )  # fmt: skip
    except (NotAllowed, StaleAlert) as error:
        kept = alert_of(page, event_id)
        return _mend(page, kept, drawn.outline, error, note=drawn.note, look=drawn.look)
    return page.go(f"/alerts/{shown.event_id}", said=said, ref=alert.ref)


def _mend(
    page: Page, alert: Alert, outline: str, error: NotAllowed | StaleAlert | None = None, *,
    note: str = "", other: str = "", look: str = "",
) -> Response:  # fmt: skip
    cards = cards_of(alert, page.parts.store)
    pair = chosen(cards, "", look)
    shown = pair[1].look_id if pair else ""
    return page.render(
        "mend.html",
        200 if error is None else 409,
        alert=alert,
        may_draw=Action.CORRECT in alert.allowed,
        may_split=Action.CORRECT in alert.allowed and alert.kind is not FindingKind.BLIND,
        may_join=Action.REJECT in alert.allowed,
        outline=outline,
        original=_original(page, alert),
        frame=_frame(page, alert, shown),
        look=shown,
        cards=cards,
        message=error.message if error else "",
        hint=error.hint if error else "",
        note=note,
        other=other,
    )


def _original(page: Page, alert: Alert) -> str:
    """Return the outline of the detector, which no correction changes."""
    found = page.parts.store.findings(finding_ids=[alert.finding.finding_id])
    return text_of(found[0].geometry) if found else ""


def _frame(page: Page, alert: Alert, look_id: str) -> Frame | None:
    if not look_id:
        return None
    look = look_of(page, alert, look_id)
    try:
        return frame_of(page.parts.settings.data_folder / look.path, outline_of(alert))
    except ArchiveError:
        # Without a picture the outline can still be written as coordinates.
        return None
