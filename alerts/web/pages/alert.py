"""One alert: everything that a person needs to decide on it, and what became of it."""

from __future__ import annotations

import json
import math
from datetime import timedelta

from fastapi import HTTPException
from fastapi.responses import Response

from alerts.alert import Alert
from alerts.disclosure import AUDIENCES, DESK, Disclosure
from alerts.formats.geojson import feature_of
from alerts.formats.text import coverage_line, what_line, when_lines, where_lines
from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.looks import SIDE_PX, cards_of, chosen, outline_of, picture_of
from alerts.web.page import Page, PageOf, own_path
from alerts.web.plot import Words, series_svg
from alerts.web.recipients import recipients_of
from alerts.web.series import HISTORY, bands_of, points_of
from alerts.web.verdicts import choice_of, hides_score
from alerts.words import plain
from monitor.area_job import ArchivedLook
from monitor.finding import FindingKind
from monitor.reading import Reading

router = guarded_router()

READINGS_BEFORE, READINGS_AFTER = timedelta(days=60), timedelta(days=30)
BAND_EVERY = timedelta(days=10)


@router.get("/alerts/{event_id}")
@needs(Role.ANALYST)
def alert_page(
    page: PageOf, event_id: str, before: str = "", after: str = "", to: str = "/"
) -> Response:
    """Show one alert."""
    alert = alert_of(page, event_id)
    parts, shown = page.parts, Disclosure.for_(alert, AUDIENCES[DESK])
    cards = cards_of(alert, parts.store)
    words = page.speech.messages
    hidden = hides_score(page, alert)
    return page.render(
        "alert.html",
        alert=alert,
        shown=shown,
        what=what_line(shown, words),
        when=when_lines(shown, words),
        where=where_lines(shown, words),
        coverage=coverage_line(shown, words),
        otherwise=words.say(f"else.{alert.kind}"),
        choice=choice_of(alert, page.visitor.name),
        hidden=hidden,
        cards=cards,
        pair=chosen(cards, before, after),
        has_place=alert.kind is not FindingKind.BLIND,
        events=parts.alerts.events(alert.event_id),
        because=page.speech.because,
        recipients=recipients_of(
            parts.database, alert.event_id, addresses=page.visitor.role.covers(Role.OPERATOR)
        ),
        feedback=parts.feedback.of_event(alert.event_id),
        to=own_path(to),
    )


@router.get("/alerts/{event_id}/looks/{look_id}.png")
@needs(Role.ANALYST)
def look_picture(page: PageOf, event_id: str, look_id: str, size: str = "small") -> Response:
    """Show the blocks around the place in one look."""
    alert = alert_of(page, event_id)
    look = look_of(page, alert, look_id)
    if size not in SIDE_PX:
        raise HTTPException(404, "no such size")
    path = page.parts.settings.data_folder / look.path
    content = picture_of(path, outline_of(alert), alert.finding.geometry, size)
    return Response(content, media_type="image/png")


@router.get("/alerts/{event_id}/series.svg")
@needs(Role.ANALYST)
def series(page: PageOf, event_id: str) -> Response:
    """Show the burn ratio of the place over the years, with what is usual in its season."""
    alert = alert_of(page, event_id)
    finding, parts = alert.finding, page.parts
    until = finding.last_seen + timedelta(days=90)
    looks = parts.store.looks(alert.aoi_id, since=finding.first_seen - HISTORY)
    looks = [look for look in looks if look.acquired_at <= until and not look.held_reason]
    points = points_of(looks, parts.settings.data_folder, outline_of(alert))
    days = []
    if points:
        span = points[-1].acquired_at - points[0].acquired_at
        days = [points[0].acquired_at + n * BAND_EVERY for n in range(int(span / BAND_EVERY) + 1)]
    showing = {look_id for one in finding.evidence for look_id in one.look_ids}
    happened = (finding.happened.start, finding.happened.end)
    drawn = series_svg(
        points, bands_of(points, finding.happened.start, days), happened, showing, _plot_words(page)
    )
    return Response(drawn, media_type="image/svg+xml")


@router.get("/alerts/{event_id}/explain")
@needs(Role.ANALYST)
def explain(page: PageOf, event_id: str) -> Response:
    """Say why there is an alert: every reading around it, every finding and its decision."""
    alert = alert_of(page, event_id)
    store, settlement_id = page.parts.store, alert.settlement_id
    if settlement_id is None:
        findings = store.findings(finding_ids=alert.finding_ids)
    else:
        findings = store.findings(settlement_id=settlement_id)
    until = alert.finding.last_seen + READINGS_AFTER
    since = alert.finding.first_seen - READINGS_BEFORE
    readings = [
        one for one in store.readings(settlement_id or "", since) if one.acquired_at <= until
    ]
    return page.render(
        "explain.html",
        alert=alert,
        findings=findings,
        decisions=store.decisions([finding.finding_id for finding in findings]),
        readings=[(one, _why(one), math.isfinite(one.burned_fraction)) for one in readings],
        hidden=hides_score(page, alert),
    )


@router.get("/alerts/{event_id}/alert.geojson")
@needs(Role.ANALYST)
def geojson(page: PageOf, event_id: str) -> Response:
    """Give the alert as the desk may see it, for a GIS."""
    alert = alert_of(page, event_id)
    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    body = feature_of(shown, published_at=alert.released_at or alert.changed_at, reason="export")
    return Response(
        json.dumps(body, ensure_ascii=False),
        media_type="application/geo+json",
        headers={"content-disposition": f'attachment; filename="{alert.ref}.geojson"'},
    )


def alert_of(page: Page, event_id: str) -> Alert:
    """Return an alert that this person may see.

    Raises
    ------
    UnknownAlert
    """
    return page.visitor.require_alert(page.parts.alerts.alert(event_id))


def look_of(page: Page, alert: Alert, look_id: str) -> ArchivedLook:
    """Return a look of the area of an alert; any other is not found."""
    for look in page.parts.store.looks(alert.aoi_id, superseded=True):
        if look.look_id == look_id:
            return look
    raise HTTPException(404, "no such look of this area")


def _why(reading: Reading) -> str:
    return plain(", ".join([reading.reason, *reading.flags]), 300)


def _plot_words(page: Page) -> Words:
    say, speech = page.speech.say, page.speech
    return Words(
        title=say("series.title"),
        axis=say("series.axis"),
        usual=say("series.usual"),
        quiet=say("series.quiet"),
        showing=say("series.showing"),
        event=say("series.event"),
        nothing=say("series.nothing"),
        month=lambda at: f"{speech.month(at)} {at:%y}",
        direction=speech.direction,
    )
