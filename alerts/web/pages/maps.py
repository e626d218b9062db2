"""Maps: each a file of its own with its own policy, shown in a sandboxed frame."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from alerts.web.accounts import Role
from alerts.web.crowd import crowd_of, desk_crowd
from alerts.web.drawings import desk_map, desk_overview
from alerts.web.guard import guarded_router, needs
from alerts.web.headers import MAP_POLICY
from alerts.web.page import NavItem, Page, PageOf
from alerts.web.verdicts import hides_score

router = guarded_router()
NAVIGATION = (NavItem("/map", "nav.map", Role.ANALYST),)

FRAMED = {"content-security-policy": MAP_POLICY, "x-frame-options": ""}


@router.get("/map")
@needs(Role.ANALYST)
def overview_page(page: PageOf) -> Response:
    """Show the map of all areas below the menu."""
    return page.render("map.html")


@router.get("/map/view", response_class=HTMLResponse)
@needs(Role.ANALYST)
def overview(page: PageOf) -> HTMLResponse:
    """Draw all areas that the person may see, and the alerts that stand in them."""
    parts, visitor, now = page.parts, page.visitor, page.now
    # It takes up to a second, and changes little within a minute; a verdict shows at once.
    key = ("overview", visitor.areas, page.speech, now.replace(second=0, microsecond=0),
           parts.queue.last_change())  # fmt: skip
    return HTMLResponse(parts.drawn.get(key, lambda: _overview(page)), headers=FRAMED)


def _overview(page: Page) -> str:
    parts, visitor, speech = page.parts, page.visitor, page.speech
    crowd = crowd_of(parts.database, visitor)
    if crowd:
        return desk_crowd(parts.database, crowd, parts.renderer, page.now, speech)
    areas = [area for area in parts.registry.all() if visitor.may_see(area.aoi_id)]
    standing = parts.queue.standing(visitor.areas)
    return desk_overview(areas, standing, parts.store, parts.renderer, page.now, speech)


@router.get("/alerts/{event_id}/map", response_class=HTMLResponse)
@needs(Role.ANALYST)
def alert_map(page: PageOf, event_id: str) -> HTMLResponse:
    """Show the map of one alert: the same file as in the mail."""
    parts = page.parts
    alert = page.visitor.require_alert(parts.alerts.alert(event_id))
    scored, speech = not hides_score(page, alert), page.speech.messages
    drawn = parts.drawn.get(
        (alert.event_id, alert.revision, speech, scored),
        lambda: desk_map(alert, parts.renderer, parts.settings.data_folder, speech, scored=scored),
    )
    return HTMLResponse(drawn, headers=FRAMED)
