"""Signing in and out, one's own sign-ins and password, and the language of pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from alerts.web.accounts import Account, Role
from alerts.web.errors import InvalidAccount, TooManyTries, WrongPassword
from alerts.web.guard import form_cookie, guarded_router, half_cookie, needs, session_cookie
from alerts.web.page import Page, PageOf, own_path
from alerts.web.speech import NAMES

router = guarded_router()

Text = Annotated[str, Form(max_length=400)]


@router.get("/login")
@needs(Role.ANYONE)
def login_page(page: PageOf, to: str = "/") -> Response:
    """Show the form; while nobody can sign in, say how the first person is made."""
    if page.parts.accounts.none_yet():
        return page.render("nobody.html")
    return page.render("login.html", to=own_path(to), message="", hint="", name="")


@router.post("/login")
@needs(Role.ANYONE)
def login(page: PageOf, name: Text, password: Text, to: Text = "/") -> Response:
    """Sign a person in with a cookie that no browser had before."""
    parts = page.parts
    try:
        account = require_password(page, name.strip(), password)
    except (WrongPassword, TooManyTries) as error:
        status = 429 if isinstance(error, TooManyTries) else 401
        return page.render(
            "login.html", status, to=own_path(to), name=name, message=error.message, hint=error.hint
        )
    if page.visitor.name:
        # Whoever signs in again leaves no second open door behind.
        parts.sessions.end(page.visitor.cookie, page.now)
    token = parts.sessions.open(account.name, page.now, awaits_code=account.second_factor)
    if account.second_factor:
        response = page.forget(page.go("/login/code", to=own_path(to)), session_cookie(parts))
        return page.sign_in(response, half_cookie(parts), token, strict=True)
    strict = account.role is Role.ADMIN
    response = page.forget(page.go(own_path(to)), form_cookie(parts))
    return page.sign_in(response, session_cookie(parts), token, strict=strict)


@router.post("/logout")
@needs(Role.ANYONE)
def logout(page: PageOf) -> Response:
    """End this sign-in, here and in the browser."""
    parts = page.parts
    if page.visitor.name:
        parts.sessions.end(page.visitor.cookie, page.now)
    return page.forget(page.go("/login"), session_cookie(parts), form_cookie(parts))


@router.post("/language")
@needs(Role.ANYONE)
def choose_language(page: PageOf, language: Text, to: Text = "/") -> Response:
    """Keep the language that the reader chose."""
    known = language if language in NAMES else page.speech.language
    return page.remember_language(page.go(own_path(to)), known)


@router.get("/account")
@needs(Role.ANALYST)
def account_page(page: PageOf) -> Response:
    """Show one's own sign-ins, and the form for another password."""
    return _account(page)


@router.post("/account/password")
@needs(Role.ANALYST)
def change_password(page: PageOf, password: Text, new_password: Text) -> Response:
    """Change one's own password; every sign-in ends."""
    parts, name = page.parts, page.visitor.name
    try:
        require_password(page, name, password)
        parts.accounts.reset(name, new_password, page.now, by=name)
    except (WrongPassword, TooManyTries, InvalidAccount) as error:
        return _account(page, status=422, message=error.message, hint=error.hint)
    return page.forget(page.go("/login"), session_cookie(parts))


@router.post("/account/sign-out-everywhere")
@needs(Role.ANALYST)
def sign_out_everywhere(page: PageOf) -> Response:
    """End every sign-in of this person."""
    page.parts.sessions.end_all(page.visitor.name, page.now)
    return page.forget(page.go("/login"), session_cookie(page.parts))


def _account(page: Page, status: int = 200, message: str = "", hint: str = "") -> Response:
    sign_ins = page.parts.sessions.of(page.visitor.name, page.now)
    return page.render("account.html", status, sign_ins=sign_ins, message=message, hint=hint)


def require_password(page: Page, name: str, password: str) -> Account:
    """Return whose name and password these are.

    Raises
    ------
    WrongPassword, TooManyTries
    """
    parts, address = page.parts, client_of(page)
    parts.sign_ins.require_patience(name, address, page.now)
    account = parts.accounts.verified(name, password)
    if account is None or not account.second_factor:
        # A right password alone makes no address known where a code is still to come.
        parts.sign_ins.note(name, address, page.now, succeeded=account is not None)
    if account is None:
        raise WrongPassword("name or password is wrong", hint="an admin can set another password")
    return account


def client_of(page: Page) -> str:
    """Return the address that a request came from."""
    client = page.request.client
    return client.host if client else ""
