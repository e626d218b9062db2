"""What the site is made from: handed in by the front door, read by every page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine

from alerts.corrections import Corrections
from alerts.endpoints import Endpoints
from alerts.enrolment import Enrolment
from alerts.feedback import FeedbackBox
from alerts.keys import Keyring
from alerts.ports import MapRenderer
from alerts.pulled import Pulled
from alerts.queue import AlertQueue
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from alerts.web.accounts import Accounts
from alerts.web.api_keys import ApiKeys
from alerts.web.drawn import Drawn
from alerts.web.expected import Rates
from alerts.web.second_factors import SecondFactors
from alerts.web.sessions import Sessions
from alerts.web.sign_ins import SignIns
from aoi.registry import AoiRegistry
from monitor.store import MonitorStore

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """From ``[service]`` and ``[web]`` in config.toml."""

    data_folder: Path
    base_url: str = "http://127.0.0.1:8000"
    """Without a slash at its end."""

    language: str = "en"
    time_zone: str = "UTC"
    hide_scores: bool = True
    """Nobody sees the score of an alert before they have judged it."""

    factor_for: frozenset[str] = frozenset()
    """Roles that must have a second factor; others may."""

    max_upload_bytes: int = 50_000_000
    page_size: int = 50
    providers: tuple[str, ...] = ()
    """Sources of imagery in the order in which they are asked."""

    run_every: timedelta = timedelta(hours=1)
    """How often catalogues are searched."""

    static_detections_per_year: int = 5
    """Heat with more detections than this is static."""

    rates: Rates = field(default_factory=Rates)
    """What a village may expect in a year, by which the doctor counts alerts."""

    @property
    def secure(self) -> bool:
        """True if people reach the site over TLS, so that cookies may ask for it."""
        return self.base_url.startswith("https://")

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that the site is asked for by: no other site's name may resolve to it."""
        named = urlsplit(self.base_url).hostname
        return (*LOOPBACK, *([named] if named else []))


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that pages ask and tell."""

    database: Engine
    registry: AoiRegistry
    store: MonitorStore
    alerts: AlertStore
    queue: AlertQueue
    desk: ReviewDesk
    corrections: Corrections
    enrolment: Enrolment
    endpoints: Endpoints
    feedback: FeedbackBox
    pulled: Pulled
    accounts: Accounts
    sessions: Sessions
    sign_ins: SignIns
    second_factors: SecondFactors
    api_keys: ApiKeys
    renderer: MapRenderer
    keys: Keyring
    settings: SiteSettings
    now: Callable[[], datetime]
    unwell: Callable[[], str]
    """Says in a sentence why the service is not ready; empty if it is."""

    drawn: Drawn = field(default_factory=Drawn)
    """Maps that were drawn lately."""
