"""One answer to one person: templates, words, redirects."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.web.accounts import Role
from alerts.web.assets import asset_path
from alerts.web.guard import FORM_FIELD, Visitor, form_cookie, form_token
from alerts.web.parts import Parts
from alerts.web.speech import NAMES, SiteSpeech, language_of
from alerts.words import plain

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "emberwatch-language"
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the navigation."""

    path: str
    label: str
    """Key of its words."""

    role: Role
    """Least role that sees it."""


@cache
def templates() -> Environment:
    """Return the templates: what is put into them is text unless they say otherwise."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset_path
    made.filters["plain"] = plain
    made.filters["path"] = lambda text: quote(str(text), safe="")
    return made


class Page:
    """Answers one request.

    Parameters
    ----------
    request : Request
        Has passed the guard.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.parts: Parts = request.app.state.parts
        self.visitor: Visitor = getattr(request.state, "visitor", Visitor())
        self.now: datetime = self.parts.now()
        settings = self.parts.settings
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        accepted = request.headers.get("accept-language", "")
        self.chose_language = chosen in NAMES
        self.speech = SiteSpeech(
            language_of(chosen, accepted, settings.language), settings.time_zone
        )

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page made from a template, with what every page has."""
        fresh = "" if self.visitor.cookie else secrets.token_urlsafe(16)
        visitor = Visitor(cookie=fresh) if fresh else self.visitor
        shown: dict[str, Any] = {
            "t": self.speech.say,
            "told": self.speech.told,
            "word": self.speech.word,
            "speech": self.speech,
            "language": self.speech.language,
            "direction": self.speech.direction,
            "languages": NAMES,
            "visitor": self.visitor,
            "navigation": self._navigation(),
            "here": self.request.url.path,
            "back": self._here(),
            "now": self.now,
            "form_field": FORM_FIELD,
            "form_token": form_token(self.parts, visitor),
            "said": self._said(),
            **values,
        }
        for name in ("message", "hint"):
            # Refusals are raised in English, wherever they are raised.
            if shown.get(name):
                shown[name] = self.speech.told(str(shown[name]))
        response = HTMLResponse(templates().get_template(template).render(shown), status)
        if fresh:
            self._set(response, form_cookie(self.parts), fresh, http_only=True)
        return response

    def speak(self, language: str) -> None:
        """Say everything from here on in another language, if there is such a one."""
        if language in NAMES:
            self.speech = SiteSpeech(language, self.parts.settings.time_zone)

    def go(self, path: str, said: str = "", **query: str) -> Response:
        """Send the browser to another page of ours; `said` is a sentence that it shows there."""
        asked = {"said": said, **query} if said else query
        address = f"{path}?{urlencode(asked)}" if asked else path
        return RedirectResponse(address, SEE_OTHER)

    def remember_language(self, response: Response, language: str) -> Response:
        """Let the browser keep the language."""
        self._set(response, LANGUAGE_COOKIE, language, http_only=True, max_age=365 * 86_400)
        return response

    def sign_in(self, response: Response, cookie: str, token: str, *, strict: bool) -> Response:
        """Let the browser keep a sign-in until it is closed."""
        self._set(response, cookie, token, http_only=True, strict=strict)
        return response

    def forget(self, response: Response, *cookies: str) -> Response:
        """Take cookies out of the browser."""
        for cookie in cookies:
            response.delete_cookie(cookie, path="/", secure=self.parts.settings.secure)
        return response

    def _set(
        self, response: Response, name: str, value: str, *, http_only: bool,
        strict: bool = False, max_age: int | None = None,
    ) -> None:  # fmt: skip
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            httponly=http_only,
            secure=self.parts.settings.secure,
            samesite="strict" if strict else "lax",
        )

    def _navigation(self) -> list[NavItem]:
        items: tuple[NavItem, ...] = self.request.app.state.navigation
        if self.visitor.role is Role.ANYONE:
            return []
        return [item for item in items if self.visitor.role.covers(item.role)]

    def _here(self) -> str:
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def _said(self) -> str:
        """Return the sentence that the page before asked for; only whole ones of ours."""
        key = f"said.{self.request.query_params.get('said', '')}"
        if not self.speech.knows(key):
            return ""
        return self.speech.say(key, ref=self.request.query_params.get("ref", "")[:8])


def own_path(path: str, otherwise: str = "/") -> str:
    """Return a path of this site; another site's address becomes `otherwise`."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours and "\\" not in path else otherwise


def page_of(request: Request) -> Page:
    return Page(request)


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PageOf = Annotated[Page, Depends(page_of)]
"""Annotation of a page's first argument."""

PartsOf = Annotated[Parts, Depends(parts_of)]
