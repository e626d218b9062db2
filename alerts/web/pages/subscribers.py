"""Who receives alerts: the list, what each would get, and how much they may know."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Query
from fastapi.responses import Response

from alerts.clearance import CLEARANCES, cleared
from alerts.enrolment import Wish
from alerts.errors import InvalidAddress, UnknownSubscriber
from alerts.grading import Severity
from alerts.letters import CHAT
from alerts.subscription import Person, Profile, Send
from alerts.web.accounts import Role
from alerts.web.errors import FormRefused, NotPermitted
from alerts.web.guard import Visitor, guarded_router, needs
from alerts.web.page import NavItem, Page, PageOf
from alerts.words import LANGUAGES
from aoi.errors import UnknownAoi

router = guarded_router()
NAVIGATION = (NavItem("/subscribers", "nav.subscribers", Role.OPERATOR),)

Line = Annotated[str, Form(max_length=400)]
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/subscribers")
@needs(Role.OPERATOR)
def list_subscribers(page: PageOf) -> Response:
    """Show everybody who receives alerts from areas that the operator may see."""
    return _list(page)


@router.post("/subscribers")
@needs(Role.OPERATOR)
def add_subscriber(
    page: PageOf, address: Line, aois: Line = "", clearance: Line = "", language: Line = "en",
    min_severity: Line = "moderate", organisation: Line = "",
) -> Response:  # fmt: skip
    """Add somebody; they are asked by mail to confirm, and get nothing until they did."""
    typed = {"address": address, "aois": aois, "organisation": organisation}
    try:
        wish = Wish(
            aois=_their_areas(page, aois),
            clearance=clearance or None,
            language=language,
            min_severity=_severity(min_severity),
            organisation=organisation,
        )
        page.parts.enrolment.add(address.strip(), wish, page.now)
    except (InvalidAddress, UnknownAoi) as error:
        return _list(page, typed, error)
    return page.go("/subscribers", said="subscriber_added")


@router.get("/subscribers/{person_id}")
@needs(Role.OPERATOR)
def show_subscriber(page: PageOf, person_id: str, days: Days = 30) -> Response:
    """Show one person, and what the alerts of the last days would have brought them."""
    person, profiles = _theirs(page, person_id)
    found = [
        one
        for one in page.parts.enrolment.preview(person.person_id, page.now, days)
        if page.visitor.may_see(one.alert.aoi_id)
    ]
    return page.render(
        "subscriber.html",
        person=person,
        address=shown_address(person),
        profiles=profiles,
        preview=[(one, _outcome(one.verdict)) for one in found[:200]],
        days=days,
        clearances=CLEARANCES,
    )


@router.post("/subscribers/{person_id}/state")
@needs(Role.OPERATOR)
def move_subscriber(page: PageOf, person_id: str, state: Line) -> Response:
    """Pause, resume, confirm or remove a person."""
    person, _ = _theirs(page, person_id)
    enrolment = page.parts.enrolment
    acts = {"pause": enrolment.pause, "resume": enrolment.resume, "remove": enrolment.remove}
    if state not in acts:
        raise FormRefused(f"{state[:40]!r} is nothing to do", hint="use the buttons of the page")
    acts[state](person.person_id, page.now)
    return _back(page, person, f"subscriber_{state}")


@router.post("/subscribers/{person_id}/clearance")
@needs(Role.OPERATOR)
def change_clearance(page: PageOf, person_id: str, clearance: Line) -> Response:
    """Set how much a person may know."""
    person, _ = _theirs(page, person_id)
    cleared(page.parts.database, person, clearance, page.now, page.visitor.name)
    return _back(page, person, "subscriber_cleared")


def shown_address(person: Person) -> str:
    """Return an address as it may stand on a page: that of a chat service is a secret."""
    if person.channel != CHAT:
        return person.address
    return f"{person.address.partition('://')[0]}://… {person.person_id[:8]}"


def _list(
    page: Page, typed: dict[str, str] | None = None,
    error: InvalidAddress | UnknownAoi | None = None,
) -> Response:  # fmt: skip
    people = [
        (person, shown_address(person), profiles)
        for person, profiles in page.parts.enrolment.people()
        if _concerns(page.visitor, profiles)
    ]
    return page.render(
        "subscribers.html",
        200 if error is None else 422,
        people=people,
        clearances=CLEARANCES,
        severities=[one.value for one in Severity],
        tongues=tuple(LANGUAGES),
        typed=typed or {"address": "", "aois": "", "organisation": ""},
        message=error.message if error else "",
        hint=error.hint if error else "",
    )


def _theirs(page: Page, person_id: str) -> tuple[Person, list[Profile]]:
    """Return a person who has to do with the areas of the operator; any other is unknown.

    Raises
    ------
    UnknownSubscriber
    """
    for person, profiles in page.parts.enrolment.people():
        if person.person_id == person_id and _concerns(page.visitor, profiles):
            return person, profiles
    raise UnknownSubscriber("nobody is subscribed by that name", hint="see the list of subscribers")


def _concerns(visitor: Visitor, profiles: list[Profile]) -> bool:
    if visitor.areas is None:
        return True
    areas = [aoi_id for profile in profiles for aoi_id in profile.aois]
    # Changing such a person touches every area of theirs, so all must be the operator's.
    return bool(areas) and all(visitor.may_see(aoi_id) for aoi_id in areas)


def _their_areas(page: Page, aois: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(word for word in aois.replace(",", " ").split() if word))
    if page.visitor.areas is None:
        return named
    for aoi_id in named:
        page.visitor.require_area(aoi_id)
    if not named:
        raise NotPermitted("every area is more than you may see", hint="name areas of yours")
    return named


def _severity(word: str) -> Severity:
    if word not in list(Severity):
        raise InvalidAddress(f"{word[:40]!r} is no severity", hint=", ".join(Severity))
    return Severity(word)


def _outcome(verdict: object) -> str:
    return "sent" if isinstance(verdict, Send) else type(verdict).__name__.lower()


def _back(page: Page, person: Person, said: str) -> Response:
    return page.go(f"/subscribers/{quote(person.person_id, safe='')}", said=said)
