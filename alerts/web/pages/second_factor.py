"""The second factor: its code at sign-in; setting it up and taking it off on one's own page."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.errors import InvalidAccount, TooManyTries, WrongCode, WrongPassword
from alerts.web.guard import form_cookie, guarded_router, half_cookie, needs, session_cookie
from alerts.web.page import Page, PageOf, own_path
from alerts.web.pages.entrance import client_of, require_password
from alerts.web.qr import drawing_of
from alerts.web.second_factors import grouped
from alerts.web.totp import address_of, written
from aoi.errors import ServiceError

router = guarded_router()

Text = Annotated[str, Form(max_length=400)]
HOME = "/account/second-factor"
REFUSED = (WrongPassword, WrongCode, TooManyTries, InvalidAccount)


@router.get("/login/code")
@needs(Role.ANYONE)
def code_page(page: PageOf, to: str = "/") -> Response:
    """Ask for the code, of whoever has just given their password."""
    if not _half_signed_in(page):
        return _from_the_start(page, to)
    return page.render("code.html", to=own_path(to), message="", hint="")


@router.post("/login/code")
@needs(Role.ANYONE)
def give_code(page: PageOf, code: Text, to: Text = "/") -> Response:
    """Sign a person in whose password was right and whose code is."""
    parts, name = page.parts, _half_signed_in(page)
    if not name:
        return _from_the_start(page, to)
    try:
        require_code(page, name, code)
    except (WrongCode, TooManyTries, InvalidAccount) as error:
        status = 429 if isinstance(error, TooManyTries) else 401
        return page.render(
            "code.html", status, to=own_path(to), message=error.message, hint=error.hint
        )
    parts.sessions.end(page.request.cookies[half_cookie(parts)], page.now)
    account = parts.accounts.account(name)
    token = parts.sessions.open(name, page.now)
    response = page.forget(page.go(own_path(to)), form_cookie(parts), half_cookie(parts))
    return page.sign_in(response, session_cookie(parts), token, strict=account.role is Role.ADMIN)


@router.get("/account/second-factor")
@needs(Role.ANALYST, without_factor=True)
def factor_page(page: PageOf, to: str = "/") -> Response:
    """Say whether there is one, and what can be done about it."""
    return _factor(page, to=to)


@router.post("/account/second-factor")
@needs(Role.ANALYST, without_factor=True)
def begin(page: PageOf, password: Text, to: Text = "/") -> Response:
    """Make a secret and show it, once; it counts from its first code on."""
    try:
        require_password(page, page.visitor.name, password)
        secret = page.parts.second_factors.begin(page.visitor.name, page.now)
    except REFUSED as error:
        return _factor(page, error, to=to)
    return _secret(page, secret, to)


@router.post("/account/second-factor/first-code")
@needs(Role.ANALYST, without_factor=True)
def first_code(page: PageOf, code: Text, to: Text = "/") -> Response:
    """Turn it on; every other sign-in ends, and this one goes on under a new cookie."""
    parts, name = page.parts, page.visitor.name
    try:
        codes = parts.second_factors.confirm(name, code, page.now)
    except WrongCode as error:
        secret = parts.second_factors.pending(name)
        return _secret(page, secret, to, error) if secret else _factor(page, error, to=to)
    token = parts.sessions.open(name, page.now)
    # The forms of the page that is shown belong to the new cookie.
    page.visitor = replace(page.visitor, cookie=token, second_factor=True, lacks_factor=False)
    response = _recovery(page, codes, to)
    return page.sign_in(
        response, session_cookie(parts), token, strict=page.visitor.role is Role.ADMIN
    )


@router.post("/account/second-factor/recovery")
@needs(Role.ANALYST)
def renew_codes(page: PageOf, password: Text, code: Text) -> Response:
    """Make new recovery codes and show them, once."""
    try:
        _require_both(page, password, code)
    except REFUSED as error:
        return _factor(page, error)
    codes = page.parts.second_factors.renew_codes(page.visitor.name, page.now)
    return _recovery(page, codes, HOME)


@router.post("/account/second-factor/off")
@needs(Role.ANALYST)
def turn_off(page: PageOf, password: Text, code: Text) -> Response:
    """Take it off, with both the password and a code; every sign-in ends."""
    parts, name = page.parts, page.visitor.name
    try:
        _require_both(page, password, code)
    except REFUSED as error:
        return _factor(page, error)
    parts.second_factors.remove(name, page.now, by=name)
    return page.forget(page.go("/login"), session_cookie(parts))


def require_code(page: Page, name: str, code: str) -> None:
    """Take a code, and count it among the tries to sign in.

    Raises
    ------
    WrongCode, TooManyTries, InvalidAccount
    """
    parts, address = page.parts, client_of(page)
    parts.sign_ins.require_patience(name, address, page.now)
    try:
        parts.second_factors.check(name, code, page.now)
    except WrongCode:
        parts.sign_ins.note(name, address, page.now, succeeded=False)
        raise
    parts.sign_ins.note(name, address, page.now, succeeded=True)


def _require_both(page: Page, password: str, code: str) -> None:
    require_password(page, page.visitor.name, password)
    require_code(page, page.visitor.name, code)


def _half_signed_in(page: Page) -> str:
    token = page.request.cookies.get(half_cookie(page.parts), "")
    return page.parts.sessions.awaiting_code(token, page.now) if token else ""


def _from_the_start(page: Page, to: str) -> Response:
    say = page.speech.say
    return page.render("login.html", to=own_path(to), name="", message=say("factor.again"), hint="")


def _factor(page: Page, error: ServiceError | None = None, to: str = "/") -> Response:
    parts, name = page.parts, page.visitor.name
    return page.render(
        "second_factor.html",
        422 if error else 200,
        is_on=page.visitor.second_factor,
        demanded=page.visitor.role in parts.settings.factor_for,
        left=parts.second_factors.codes_left(name),
        to=own_path(to),
        message=error.message if error else "",
        hint=error.hint if error else "",
    )


def _secret(page: Page, secret: bytes, to: str, error: ServiceError | None = None) -> Response:
    address = address_of(secret, page.visitor.name)
    return page.render(
        "factor_secret.html",
        422 if error else 200,
        back=HOME,
        secret=grouped(written(secret), " "),
        address=address,
        drawing=drawing_of(address),
        to=own_path(to),
        message=error.message if error else "",
        hint=error.hint if error else "",
    )


def _recovery(page: Page, codes: list[str], to: str) -> Response:
    return page.render("recovery_codes.html", codes=codes, to=own_path(to), back=HOME)
