"""Maps: each a file of its own with its own policy, shown in a sandboxed frame."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from alerts.web.accounts import Role
from alerts.web.crowd import crowd_of, desk_crowd
from alerts.web.drawings import desk_map, desk_overview
from alerts.web.guard import guarded_router, needs
from alerts.web.headers import MAP_POLICY
from alerts.web.page import NavItem, PageOf
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
    crowd = crowd_of(parts.database, visitor)
    if crowd:
        # Thousands of areas take a second, and change little within a minute.
        key = ("overview", visitor.areas, page.speech, now.replace(second=0, microsecond=0))
        drawn = parts.drawn.get(
            key, lambda: desk_crowd(parts.database, crowd, parts.renderer, now, page.speech)
        )
    else:
        areas = [area for area in parts.registry.all() if visitor.may_see(area.aoi_id)]
        standing = parts.queue.standing(visitor.areas)
        drawn = desk_overview(areas, standing, parts.store, parts.renderer, now, page.speech)
    return HTMLResponse(drawn, headers=FRAMED)


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
