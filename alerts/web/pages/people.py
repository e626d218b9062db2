"""People of the site and keys of machines: who may in, as what, and to which areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from alerts.clearance import CLEARANCES
from alerts.web.accounts import GIVEN, Role
from alerts.web.api_keys import KEY_ROLES
from alerts.web.errors import InvalidAccount
from alerts.web.guard import guarded_router, needs
from alerts.web.page import NavItem, Page, PageOf
from alerts.web.trail import trail
from aoi.errors import ServiceError, UnknownAoi

router = guarded_router()
NAVIGATION = (
    NavItem("/people", "nav.people", Role.ADMIN),
    NavItem("/keys", "nav.keys", Role.ADMIN),
)

TRAIL = 100
"""Lines of the record that are shown."""

Line = Annotated[str, Form(max_length=400)]
Areas = Annotated[str, Form(max_length=4_000)]


@router.get("/people")
@needs(Role.ADMIN)
def list_people(page: PageOf) -> Response:
    """Show who may sign in."""
    return _people(page)


@router.post("/people")
@needs(Role.ADMIN)
def add_person(page: PageOf, name: Line, role: Line, password: Line, aois: Areas = "") -> Response:
    """Add a person."""
    try:
        page.parts.accounts.add(
            name.strip(), role, password, page.now, _areas(page, aois), by=page.visitor.name
        )
    except (InvalidAccount, UnknownAoi) as error:
        return _people(page, {"name": name, "aois": aois}, error)
    return page.go("/people", said="person_added")


@router.post("/people/change")
@needs(Role.ADMIN)
def change_person(page: PageOf, name: Line, role: Line, aois: Areas = "") -> Response:
    """Give a person another role or other areas; wherever they are signed in, they are out."""
    try:
        _require_another(page, name)
        page.parts.accounts.change(
            name, page.now, role=role, areas=_areas(page, aois), by=page.visitor.name
        )
    except (InvalidAccount, UnknownAoi) as error:
        return _people(page, error=error)
    return page.go("/people", said="person_changed")


@router.post("/people/password")
@needs(Role.ADMIN)
def reset_password(page: PageOf, name: Line, password: Line) -> Response:
    """Give a person another password."""
    try:
        _require_another(page, name)
        page.parts.accounts.reset(name, password, page.now, by=page.visitor.name)
    except InvalidAccount as error:
        return _people(page, error=error)
    return page.go("/people", said="person_changed")


@router.post("/people/second-factor")
@needs(Role.ADMIN)
def reset_factor(page: PageOf, name: Line) -> Response:
    """Take off the second factor of a person who lost their telephone and their codes."""
    try:
        _require_another(page, name)
        account = page.parts.accounts.account(name)
    except InvalidAccount as error:
        return _people(page, error=error)
    page.parts.second_factors.remove(account.name, page.now, by=page.visitor.name)
    return page.go("/people", said="factor_reset")


@router.post("/people/remove")
@needs(Role.ADMIN)
def remove_person(page: PageOf, name: Line) -> Response:
    """Let a person in no more; their name stays under what they decided."""
    try:
        _require_another(page, name)
        page.parts.accounts.remove(name, page.now, by=page.visitor.name)
    except InvalidAccount as error:
        return _people(page, error=error)
    return page.go("/people", said="person_removed")


@router.get("/keys")
@needs(Role.ADMIN)
def list_keys(page: PageOf) -> Response:
    """Show the keys of machines; never their secrets."""
    return _keys(page)


@router.post("/keys")
@needs(Role.ADMIN)
def make_key(
    page: PageOf, label: Line, clearance: Line, role: Line = Role.READER, aois: Areas = ""
) -> Response:
    """Make a key, and show its secret this once."""
    try:
        areas = _areas(page, aois)
        key, secret = page.parts.api_keys.make(
            label, clearance, page.visitor.name, page.now, areas, role
        )
    except (InvalidAccount, UnknownAoi) as error:
        return _keys(page, error=error)
    return _keys(page, made=key.label, secret=secret)


@router.post("/keys/{key_id}/revoke")
@needs(Role.ADMIN)
def revoke_key(page: PageOf, key_id: str) -> Response:
    """Let a key open nothing from now on."""
    page.parts.api_keys.revoke(key_id, page.now, by=page.visitor.name)
    return page.go("/keys", said="key_revoked")


def _require_another(page: Page, name: str) -> None:
    """Refuse an admin who would lock themselves out: somebody must be able to let people in.

    Raises
    ------
    InvalidAccount
    """
    if name == page.visitor.name:
        raise InvalidAccount(
            "this is you", hint="another admin can do it; your password: on your own page"
        )


def _areas(page: Page, text: str) -> Sequence[str] | None:
    """Return the areas that a field names; an empty one is all of them.

    Raises
    ------
    UnknownAoi
    """
    named = list(dict.fromkeys(text.replace(",", " ").split()))
    for aoi_id in named:
        page.parts.registry.group(aoi_id)
    return named or None


def _people(
    page: Page, typed: dict[str, str] | None = None, error: ServiceError | None = None
) -> Response:
    return page.render(
        "people.html",
        200 if error is None else 422,
        people=page.parts.accounts.all(),
        trail=trail(page.parts.database, TRAIL),
        roles=[role.value for role in GIVEN],
        typed=typed or {"name": "", "aois": ""},
        message=error.message if error else "",
        hint=error.hint if error else "",
    )


def _keys(
    page: Page, error: ServiceError | None = None, *, made: str = "", secret: str = ""
) -> Response:
    return page.render(
        "keys.html",
        200 if error is None else 422,
        keys=page.parts.api_keys.all(),
        roles=[role.value for role in KEY_ROLES],
        clearances=CLEARANCES,
        made=made,
        secret=secret,
        message=error.message if error else "",
        hint=error.hint if error else "",
    )
