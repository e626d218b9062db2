"""The links in mails. Opening one changes nothing, since mail scanners open them; a button acts.

A link is its own proof (a signed token), so no sign-in and no cookie is asked for, and
the one-click way out of RFC 8058 works. Every bad link gets one answer.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from alerts.subscription import Person, PersonState
from alerts.tokens import Purpose
from alerts.web.accounts import Role
from alerts.web.errors import FormRefused
from alerts.web.guard import guarded_router, needs
from alerts.web.page import Page, PageOf

router = guarded_router()

Word = Annotated[str, Form(max_length=40)]
Note = Annotated[str, Form(max_length=2_000)]


BUTTONS = {
    Purpose.UNSUBSCRIBE: ("link_unsubscribe.html", PersonState.UNSUBSCRIBED),
    Purpose.CONFIRM: ("link_confirm.html", PersonState.ACTIVE),
}
"""Links that open one button: its page, and the state that it leads to."""


@router.get("/unsubscribe/{token}")
@needs(Role.ANYONE)
def unsubscribe_page(page: PageOf, token: str) -> Response:
    """Show the button."""
    return _button(page, Purpose.UNSUBSCRIBE, _person(page, Purpose.UNSUBSCRIBE, token))


@router.post("/unsubscribe/{token}")
@needs(Role.ANYONE, from_anywhere=True)
def unsubscribe(page: PageOf, token: str) -> Response:
    """Let the person go, at once."""
    person = page.parts.enrolment.unsubscribe_by_link(token, page.now)
    return _button(page, Purpose.UNSUBSCRIBE, person)


@router.get("/confirm/{token}")
@needs(Role.ANYONE)
def confirm_page(page: PageOf, token: str) -> Response:
    """Show the button."""
    return _button(page, Purpose.CONFIRM, _person(page, Purpose.CONFIRM, token))


@router.post("/confirm/{token}")
@needs(Role.ANYONE, from_anywhere=True)
def confirm(page: PageOf, token: str) -> Response:
    """Begin to send."""
    return _button(page, Purpose.CONFIRM, page.parts.enrolment.confirm_by_link(token, page.now))


@router.get("/s/{token}")
@needs(Role.ANYONE)
def manage_page(page: PageOf, token: str) -> Response:
    """Show what the person gets, and the ways to pause it or to leave."""
    return _managed(page, _person(page, Purpose.MANAGE, token))


@router.post("/s/{token}")
@needs(Role.ANYONE, from_anywhere=True)
def manage(page: PageOf, token: str, act: Word) -> Response:
    """Pause, resume or leave."""
    enrolment = page.parts.enrolment
    person = _person(page, Purpose.MANAGE, token)
    acts = {"pause": enrolment.pause, "resume": enrolment.resume, "leave": enrolment.remove}
    if act not in acts:
        raise FormRefused(f"{act[:40]!r} cannot be done here", hint="use the buttons of the page")
    if act == "resume" and person.state is not PersonState.PAUSED:
        # Who left, or never confirmed, comes back by a confirmation and not by an old link.
        return _managed(page, person)
    return _managed(page, acts[act](person.person_id, page.now))


@router.get("/feedback/{token}")
@needs(Role.ANYONE)
def feedback_page(page: PageOf, token: str) -> Response:
    """Show the question and three answers."""
    event_id = page.parts.feedback.event_of_link(token, page.now)
    ref = page.parts.alerts.alert(event_id).ref
    return page.render("link_feedback.html", done=False, ref=ref)


@router.post("/feedback/{token}")
@needs(Role.ANYONE, from_anywhere=True)
def feedback(page: PageOf, token: str, verdict: Word, note: Note = "") -> Response:
    """Keep an answer; it puts the alert before the desk and changes nothing by itself."""
    given = page.parts.feedback.answer(token, verdict, note, page.now)
    ref = page.parts.alerts.alert(given.event_id).ref
    return page.render("link_feedback.html", done=True, ref=ref)


def _person(page: Page, purpose: Purpose, token: str) -> Person:
    """Return whose link it is, and speak their language.

    Raises
    ------
    BadToken
    """
    person = page.parts.enrolment.person_of_link(purpose, token, page.now)
    _speak(page, person)
    return person


def _button(page: Page, purpose: Purpose, person: Person) -> Response:
    template, reached = BUTTONS[purpose]
    _speak(page, person)
    return page.render(template, done=person.state is reached, person=person)


def _speak(page: Page, person: Person) -> None:
    if not page.chose_language:
        page.speak(person.language)


def _managed(page: Page, person: Person) -> Response:
    profiles = next(
        (mine for one, mine in page.parts.enrolment.people() if one.person_id == person.person_id),
        [],
    )
    return page.render("link_manage.html", person=person, profiles=profiles)
