"""Query parameters of programs: boxes, times, pages, and the links to the next one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import HTTPException

from alerts.disclosure import Bounds
from alerts.web.records import Asked

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100
MAX_OFFSET = 10_000_000
REFUSED = 400


def asked_of(query: Mapping[str, str], allowed: tuple[str, ...], **more: str) -> Asked:
    """Return what a query asks for.

    Raises
    ------
    HTTPException
        400 for a parameter that is unknown or cannot be read.
    """
    unknown = sorted(set(query) - set(allowed))
    if unknown:
        raise HTTPException(
            REFUSED, f"there is no parameter {unknown[0][:40]!r}; use {', '.join(allowed)}"
        )
    start, end = times_of(query.get("datetime", ""))
    return Asked(
        limit=min(_whole(query, "limit", DEFAULT_LIMIT, least=1), MAX_LIMIT),
        offset=_whole(query, "offset", 0, least=0),
        bounds=bounds_of(query.get("bbox", "")),
        start=start,
        end=end,
        **more,
    )


def bounds_of(text: str) -> Bounds | None:
    """Return the box of a ``bbox`` in degrees, heights left out.

    Raises
    ------
    HTTPException
        400.
    """
    if not text:
        return None
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise HTTPException(REFUSED, f"bbox {text[:60]!r} holds something else than numbers") from (
            error
        )
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise HTTPException(REFUSED, f"bbox {text[:60]!r} is not west,south,east,north in degrees")
    west, south, east, north = numbers
    on_earth = all(-180 <= x <= 180 for x in (west, east)) and -90 <= south <= north <= 90
    if not on_earth:
        raise HTTPException(REFUSED, f"bbox {text[:60]!r} is not on the earth, or south of itself")
    return west, south, east, north


def times_of(text: str) -> tuple[datetime | None, datetime | None]:
    """Return start and end of a ``datetime``: an instant, or ``a/b`` with ``..`` for open.

    Raises
    ------
    HTTPException
        400.
    """
    if not text:
        return None, None
    first, slash, last = text.partition("/")
    start = _instant(first)
    end = _instant(last) if slash else start
    if start is not None and end is not None and start > end:
        raise HTTPException(REFUSED, f"datetime {text[:60]!r} ends before it starts")
    return start, end


def pages_of(
    base: str, query: Mapping[str, str], asked: Asked, matched: int, media: str
) -> list[dict[str, str]]:
    """Return links to this page of records, the next and the one before; keys stay out of them."""
    links = [_link("self", base, query, asked.offset, asked.limit, media)]
    if asked.offset + asked.limit < matched:
        links.append(_link("next", base, query, asked.offset + asked.limit, asked.limit, media))
    if asked.offset:
        before = max(asked.offset - asked.limit, 0)
        links.append(_link("prev", base, query, before, asked.limit, media))
    return links


def _link(
    rel: str, base: str, query: Mapping[str, str], offset: int, limit: int, media: str
) -> dict[str, str]:
    kept = {name: value for name, value in query.items() if name not in ("key", "offset", "limit")}
    page = {**kept, "limit": str(limit), **({"offset": str(offset)} if offset else {})}
    return {"rel": rel, "type": media, "href": f"{base}?{urlencode(page)}"}


def _whole(query: Mapping[str, str], name: str, otherwise: int, *, least: int) -> int:
    text = query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal()) or not least <= int(text[:12]) <= MAX_OFFSET:
        raise HTTPException(REFUSED, f"{name} {text[:40]!r} is no whole number from {least}")
    return int(text)


def _instant(text: str) -> datetime | None:
    if text in ("", ".."):
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise HTTPException(REFUSED, f"datetime {text[:60]!r} is no instant (RFC 3339)") from error
