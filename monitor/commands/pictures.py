"""Maps for the desk, for commands that write them to files."""

from __future__ import annotations

from datetime import datetime

from alerts.alert import WITHDRAWN, Alert, Status
from alerts.web.drawings import desk_map, desk_overview
from alerts.web.speech import SiteSpeech
from alerts.words import Speech
from monitor.service import Service


def alert_page(service: Service, alert: Alert) -> str:
    """Return the map of an alert, as the desk may see it.

    Raises
    ------
    ArchiveError
        If its pictures cannot be read.
    """
    settings = service.config.service
    speech = Speech(settings.language, settings.timezone)
    return desk_map(alert, service.renderer, settings.data_folder, speech)


def overview_page(service: Service, at: datetime) -> str:
    """Return the map of all areas: when each was last seen, and which alerts stand."""
    settings = service.config.service
    standing = service.alerts.alerts(set(Status) - WITHDRAWN)
    speech = SiteSpeech(settings.language, settings.timezone)
    return desk_overview(
        service.registry.all(), standing, service.store, service.renderer, at, speech
    )
