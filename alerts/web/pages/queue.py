"""The queue: what an analyst should look at, the most pressing first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import Response

from alerts.alert import Alert, Status
from alerts.disclosure import tlp_of
from alerts.queue import Counts, Wanted
from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.page import NavItem, Page, PageOf
from alerts.web.verdicts import REASON_KEYS, Choice, choice_of
from monitor.finding import FindingKind, Tier

router = guarded_router()
NAVIGATION = (NavItem("/", "nav.queue", Role.ANALYST),)

MAX_PAGE = 100_000

Filter = Annotated[str, Query(max_length=120)]


@dataclass(frozen=True, slots=True)
class Row:
    """One alert in the list."""

    alert: Alert
    choice: Choice
    tlp: str
    label: str
    age: str
    scored: bool
    """False while the reader is not to know how sure the detector is."""

    answered: bool
    """True if a recipient said something about it that nobody has looked at."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow the list."""

    name: str
    chosen: str
    values: tuple[tuple[str, str, int], ...]
    """Value, words and count of each."""


@router.get("/")
@needs(Role.ANALYST)
def queue(
    page: PageOf, view: Filter = "", kind: Filter = "", status: Filter = "", tier: Filter = "",
    aoi: Filter = "", at: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1,
) -> Response:  # fmt: skip
    """Show one page of the alerts that wait for a person, or of all on record."""
    wanted = Wanted(
        waiting=view != "all", kind=_known(kind, FindingKind), status=_known(status, Status),
        tier=_known(tier, Tier), aoi_id=aoi, areas=page.visitor.areas,
    )  # fmt: skip
    size = page.parts.settings.page_size
    alerts = page.parts.queue.page(wanted, size, (at - 1) * size)
    counts = page.parts.queue.counts(wanted)
    chosen = {"view": view, "kind": kind, "status": status, "tier": tier, "aoi": aoi}
    return page.render(
        "queue.html",
        rows=rows_of(page, alerts),
        total=counts.total,
        at=at,
        pages=max(-(-counts.total // size), 1),
        address=lambda **changes: address({**chosen, **changes}),
        waiting=wanted.waiting,
        facets=_facets(page, counts, wanted),
        areas=counts.areas,
        area=aoi,
        reason_keys=REASON_KEYS,
        narrowed=any(chosen[name] for name in ("kind", "status", "tier", "aoi")),
    )


def rows_of(page: Page, alerts: list[Alert]) -> list[Row]:
    """Return alerts as the list shows them to this person."""
    parts, name = page.parts, page.visitor.name
    ids = [alert.event_id for alert in alerts]
    answered = parts.queue.answered(ids)
    judged = parts.queue.judged_by(name, ids) if parts.settings.hide_scores else frozenset(ids)
    return [
        Row(
            alert=alert,
            choice=choice_of(alert, name),
            tlp=tlp_of(alert).value,
            label=page.speech.say(f"kind.{alert.kind}"),
            age=page.speech.span(page.now - alert.opened_at),
            scored=alert.event_id in judged,
            answered=alert.event_id in answered,
        )
        for alert in alerts
    ]


def address(query: Mapping[str, object]) -> str:
    """Return the address of the queue with these choices."""
    kept = {name: value for name, value in query.items() if value}
    return f"/?{urlencode(kept)}" if kept else "/"


def _facets(page: Page, counts: Counts, wanted: Wanted) -> list[Facet]:
    return [
        Facet(
            name,
            chosen,
            tuple(
                (value, page.speech.say(f"{name}.{value}"), count)
                for value, count in counts.facets[name].items()
            ),
        )
        for name, chosen in wanted.chosen.items()
    ]


def _known(value: str, words: type[FindingKind] | type[Status] | type[Tier]) -> str:
    """Return a choice if there is such a one; an old link with another shows everything."""
    return value if value in list(words) else ""
