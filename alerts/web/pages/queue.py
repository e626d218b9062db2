"""The queue: what an analyst should look at, the most pressing first."""

from __future__ import annotations

from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.page import NavItem, PageOf

router = guarded_router()
NAVIGATION = (NavItem("/", "nav.queue", Role.ANALYST),)


@router.get("/")
@needs(Role.ANALYST)
def queue(page: PageOf) -> Response:
    """Show the alerts that wait for a person."""
    alerts = [
        alert
        for alert in page.parts.alerts.alerts()
        if alert.standing and page.visitor.may_see(alert.aoi_id)
    ]
    return page.render("queue.html", alerts=alerts)
