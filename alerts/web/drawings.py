"""Maps for the desk, drawn from what is on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from alerts.alert import Alert
from alerts.disclosure import AUDIENCES, DESK, Disclosure
from alerts.formats.text import kind_label
from alerts.pictures import picture_of
from alerts.ports import AlertPicture, MapRenderer, OverviewArea
from alerts.web.speech import SiteSpeech
from alerts.words import Speech
from aoi.area import Aoi
from monitor.archive import load_chip
from monitor.coverage import CoverageDay, CoverageState
from monitor.ledger import without_gaps
from monitor.observation import Observation
from monitor.store import MonitorStore

DAYS = 14


def desk_map(
    alert: Alert, renderer: MapRenderer, folder: Path, speech: Speech, *, scored: bool = True
) -> str:
    """Return the map of an alert as one page, as the desk may see it.

    Without `scored` it does not say how sure the detector is: whoever is to
    judge should see what can be seen, and not what a number thinks of it.

    Raises
    ------
    ArchiveError
        If its pictures cannot be read.
    """
    picture = desk_picture(alert, folder, speech)
    if not scored:
        sure = speech.say("head.sure")
        picture = replace(picture, facts=[fact for fact in picture.facts if fact[0] != sure])
    return renderer.alert_map(picture)


def desk_picture(alert: Alert, folder: Path, speech: Speech) -> AlertPicture:
    """Return what the desk may see of an alert, to be drawn.

    Raises
    ------
    ArchiveError
        If its pictures cannot be read.
    """

    def chip(path: str) -> Observation:
        return load_chip(folder / path)

    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    label = kind_label(shown, alert.status, speech)
    title = f"{label}: {alert.place.name or alert.aoi_id}, {alert.ref}"
    return picture_of(shown, speech, chip, title=title, status=speech.say(f"status.{alert.status}"))


def desk_overview(
    areas: Sequence[Aoi], standing: Iterable[Alert], store: MonitorStore, renderer: MapRenderer,
    at: datetime, speech: SiteSpeech,
) -> str:  # fmt: skip
    """Return the map of areas: when each was last seen, and which alerts stand there."""
    last_seen = store.last_seen()
    first = (at - timedelta(days=DAYS - 1)).date()
    ids = [area.aoi_id for area in areas]
    ledger: dict[str, list[CoverageDay]] = {}
    for day in without_gaps(store.coverage(since=first), ids, first, at.date()):
        ledger.setdefault(day.aoi_id, []).append(day)
    here: dict[str, list[Alert]] = {}
    for alert in standing:
        here.setdefault(alert.aoi_id, []).append(alert)
    return renderer.overview(
        [
            OverviewArea(
                aoi_id=area.aoi_id,
                name=area.name,
                geometry=area.geometry,
                last_seen=last_seen.get(area.aoi_id),
                state_line=state_line(ledger[area.aoi_id], speech),
                open_alerts=[
                    (one.ref, _label(one, speech), one.finding.geometry)
                    for one in here.get(area.aoi_id, ())
                ],
            )
            for area in areas
        ],
        at,
        speech.language,
    )


def state_line(days: Sequence[CoverageDay], speech: SiteSpeech) -> str:
    """Return how well an area was seen on these days; never seen is said as blindness."""
    seen = sum(day.state is CoverageState.SEEN for day in days)
    if seen:
        return speech.say("coverage.seen_of", seen=seen, days=len(days))
    blind = speech.say("coverage.blind_say", n=len(days))
    why = speech.say(f"coverage.{days[-1].state}")
    return f"{speech.say('coverage.blind')}: {blind} ({why})"


def _label(alert: Alert, speech: SiteSpeech) -> str:
    return f"{speech.say(f'kind.{alert.kind}')} {alert.place.name}".strip()
