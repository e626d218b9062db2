"""Maps for the desk, drawn from what is on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, DESK, Disclosure
from alerts.formats.text import kind_label
from alerts.pictures import picture_of
from alerts.ports import OverviewArea
from alerts.words import Speech
from aoi.area import Aoi
from monitor.archive import load_chip
from monitor.coverage import CoverageDay, CoverageState
from monitor.ledger import without_gaps
from monitor.observation import Observation
from monitor.service import Service

DAYS = 14
WITHDRAWN = (Status.REJECTED, Status.RETRACTED)
STATUS_LINES = {
    Status.FIRST: "PRELIMINARY: one look, not yet seen by an analyst",
    Status.PROVISIONAL: "PROVISIONAL: not yet seen by an analyst",
    Status.CONFIRMED: "CONFIRMED by an analyst; not ground-verified",
    Status.ENDED: "ENDED: no further change seen",
    Status.REJECTED: "REJECTED by an analyst",
    Status.RETRACTED: "RETRACTED: this was wrong or unsafe to say",
}


def alert_page(service: Service, alert: Alert) -> str:
    """Return the map of an alert, as the desk may see it.

    Raises
    ------
    ArchiveError
        If its pictures cannot be read.
    """

    def chip(path: str) -> Observation:
        return load_chip(service.config.service.data_folder / path)

    settings = service.config.service
    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    speech = Speech(settings.language, settings.timezone)
    label = kind_label(shown, alert.status, speech)
    title = f"{label}: {alert.place.name or alert.aoi_id}, {alert.ref}"
    picture = picture_of(shown, speech, chip, title=title, status=STATUS_LINES[alert.status])
    return service.renderer.alert_map(picture)


def overview_page(service: Service, at: datetime) -> str:
    """Return the map of all areas: when each was last seen, and which alerts stand."""
    areas = service.registry.all()
    last_seen = service.store.last_seen()
    first = (at - timedelta(days=DAYS - 1)).date()
    ledger = without_gaps(
        service.store.coverage(since=first), [area.aoi_id for area in areas], first, at.date()
    )
    standing = [one for one in service.alerts.alerts() if one.status not in WITHDRAWN]
    return service.renderer.overview(
        [
            OverviewArea(
                aoi_id=area.aoi_id,
                name=area.name,
                geometry=area.geometry,
                last_seen=last_seen.get(area.aoi_id),
                state_line=state_line(area, ledger),
                open_alerts=[
                    (one.ref, f"{one.kind.value} {one.place.name}", one.finding.geometry)
                    for one in standing
                    if one.aoi_id == area.aoi_id
                ],
            )
            for area in areas
        ],
        at,
    )


def state_line(area: Aoi, ledger: list[CoverageDay]) -> str:
    """Return how well an area was seen lately; never seen is said as blindness."""
    days = [day for day in ledger if day.aoi_id == area.aoi_id]
    seen = sum(day.state is CoverageState.SEEN for day in days)
    if seen:
        return f"seen on {seen} of the last {len(days)} days"
    last = days[-1]
    return f"BLIND for {len(days)} days and more; last: {last.state.value}, {last.reason}"
