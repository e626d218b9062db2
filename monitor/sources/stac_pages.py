"""Items of a STAC API: pystac-client speaks the protocol, our HTTP client carries it."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from pystac import STACError
from pystac_client import Client
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError, ParametersError
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import DoesNotConformTo, PystacClientWarning

from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline
from monitor.sources.web import Request, WebSettings, fetch

PAGE_ITEMS = 100
MAX_PAGES = 200
"""Three years of an area have some ten; a catalogue that goes on for ever is stopped here."""

LANDING_GOOD_FOR_S = 3_600.0

# Landing pages by address, with the time of arrival: a tick asks once, not once an area.
_LANDING: dict[str, tuple[float, str]] = {}


def items(
    url: str, query: Mapping[str, Any], *, name: str, web: WebSettings, deadline: Deadline
) -> Iterator[dict[str, Any]]:
    """Yield the items that a search gives, page after page, as parsed JSON.

    Parameters
    ----------
    url : str
        Landing page of the API.
    query : mapping
        Parameters of `pystac_client.Client.search`.
    name : str
        Of the catalogue, for messages.

    Raises
    ------
    SourceUnavailable
        If the catalogue cannot answer, answers with something else, or goes in circles.
    SourceRefused
        If it refuses, or is no STAC API with item search.
    """
    seen: set[str] = set()
    with _translated(name, url):
        client = Client.open(url, stac_io=_Transport(url, name, web, deadline))
        for page in client.search(limit=PAGE_ITEMS, **query).pages_as_dicts():
            fresh = [item for item in page["features"] if _key(item) not in seen]
            if not fresh:
                raise _loop(name)
            seen.update(_key(item) for item in fresh)
            yield from fresh


def require_catalogue(url: str, *, name: str, web: WebSettings, deadline: Deadline) -> None:
    """Raise `SourceError` unless the address is that of a STAC API that answers now."""
    _LANDING.pop(url, None)
    with _translated(name, url):
        client = Client.open(url, stac_io=_Transport(url, name, web, deadline))
        client.search(limit=1)


class _Transport(StacApiIO):
    """Carries the requests of pystac-client, and checks answers before it reads them."""

    def __init__(self, url: str, name: str, web: WebSettings, deadline: Deadline) -> None:
        super().__init__()
        self._root = url
        self._name = name
        self._web = web
        self._deadline = deadline
        self._asked: set[str] = set()

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Return the text that an address answers with."""
        if href.rstrip("/") == self._root.rstrip("/"):
            return self._landing()
        method = (method or "GET").upper()
        question = f"{method} {href} {json.dumps(parameters, sort_keys=True)}"
        if question in self._asked or len(self._asked) >= MAX_PAGES:
            raise _loop(self._name)
        self._asked.add(question)
        if urlsplit(href).hostname != urlsplit(self._root).hostname:
            raise SourceRefused(
                f"{self._name}: the next page is said to lie on {urlsplit(href).hostname!r}",
                hint="pages of a catalogue are only taken from its own host",
            )
        return self._text(href, method, headers or {}, parameters or {})

    def _landing(self) -> str:
        arrived, text = _LANDING.get(self._root, (0.0, ""))
        if not text or time.monotonic() - arrived > LANDING_GOOD_FOR_S:
            text = self._text(self._root, "GET", {}, {})
            _LANDING[self._root] = (time.monotonic(), text)
        return text

    def _text(
        self, href: str, method: str, headers: Mapping[str, str], parameters: Mapping[str, Any]
    ) -> str:
        content = b""
        headers = {**headers, "Accept": "application/geo+json, application/json"}
        if method == "POST":
            content = json.dumps(parameters).encode()
            headers["Content-Type"] = "application/json"
        elif parameters:
            href = f"{href}{'&' if '?' in href else '?'}{urlencode(parameters)}"
        what = f"{self._name}, catalogue"
        request = Request(href, what, method, headers, content)
        answer = fetch(request, self._web, self._deadline)
        _require_page(answer.json(what), what)
        return answer.body.decode("utf-8", errors="replace")


def _require_page(page: Any, what: str) -> None:
    """Refuse what pystac-client would trip over."""
    told = page if isinstance(page, dict) else {}
    lists = [told.get("features", []), told.get("links", [])]
    whole = all(isinstance(entries, list) for entries in lists) and all(
        isinstance(entry, dict) for entries in lists for entry in entries
    )
    whole = whole and all("rel" in link and "href" in link for link in told.get("links", []))
    if not told or not whole:
        raise SourceUnavailable(
            f"{what}: the answer is JSON but no page of STAC",
            hint="see whether the address is that of a STAC API",
        )


def _loop(name: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{name}: catalogue loop, its pages go round in a circle",
        hint="a fault of the provider; nothing of this search is used",
    )


def _key(item: Mapping[str, Any]) -> str:
    return f"{item.get('collection')}/{item.get('id')}"


@contextmanager
def _translated(name: str, url: str) -> Iterator[None]:
    hint = "see whether the address is that of a STAC API with item search"
    with warnings.catch_warnings():
        # What a catalogue does not advertise is no concern of the person at the screen.
        warnings.simplefilter("ignore", PystacClientWarning)
        try:
            yield
        except (DoesNotConformTo, ClientTypeError, NotImplementedError, STACError) as error:
            _LANDING.pop(url, None)
            # pystac wraps what its transport raises where it follows a link.
            if isinstance(error.__cause__, SourceError):
                raise error.__cause__ from error
            raise SourceRefused(f"{name}: cannot be searched: {error}", hint) from error
        except (APIError, ParametersError, KeyError, TypeError) as error:
            _LANDING.pop(url, None)
            raise SourceUnavailable(f"{name}: an answer cannot be read: {error!r}", hint) from error
