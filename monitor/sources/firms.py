"""Active-fire detections from the FIRMS service of NASA."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

import structlog
from pydantic import SecretStr

from aoi.area import Aoi
from aoi.interval import Interval
from monitor.errors import SourceUnavailable
from monitor.scene import Hotspot
from monitor.settings import FirmsSection
from monitor.sources.answers import without_secrets
from monitor.sources.cache import Cache
from monitor.sources.deadline import Deadline, all_within
from monitor.sources.firms_csv import newest_versions, parse_firms
from monitor.sources.web import Request, WebSettings, fetch

# Near-real-time detections are replaced by better ones for about a week.
SETTLED_AFTER = timedelta(days=10)

BOX_STEP_DEG = 0.01
"""Boxes are rounded outwards to this, so that neighbours share them."""

REQUESTS_AT_ONCE = 3

logger = structlog.get_logger(__name__)


def utc_today() -> date:
    """Return the day on this machine's clock, UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """How much of its allowance a key has used."""

    used: int
    limit: int
    span: str
    """Span of the limit, in the service's words: ``"10 minutes"``."""


@dataclass(frozen=True, slots=True)
class Firms:
    """The area service; `firms_source` makes one from settings."""

    base_url: str
    map_key: SecretStr
    products: tuple[str, ...]
    """Such as ``"VIIRS_SNPP_NRT"`` or, for the past, ``"VIIRS_SNPP_SP"``."""

    web: WebSettings = field(default_factory=WebSettings)
    cache: Cache | None = None
    """Keeps answers about days that no longer change."""

    days_a_request: int = 5
    """The service has answered for at most ten days at once, lately for five."""

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return "firms"

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        """Return the detections in and near `aoi` in `interval`, oldest first, each once.

        Raises
        ------
        SourceError
            If the service cannot answer for one product or span; half is not given.
        """
        box = _box(aoi)
        deadline = Deadline(self.web.total_s, "hotspots of FIRMS")
        calls = [
            partial(self._part, product, box, first, days, deadline)
            for product in self.products
            for first, days in spans(interval, self.days_a_request)
        ]
        parts = all_within(deadline, calls, at_once=REQUESTS_AT_ONCE)
        west, south, east, north = aoi.blocks.outline.bounds
        return newest_versions(
            spot
            for part in parts
            for spot in part
            if interval.contains(spot.acquired_at)
            and west <= spot.longitude <= east
            and south <= spot.latitude <= north
        )

    def greeting(self) -> str:
        """Return a sentence that says that the key is known, and what is left of it.

        Raises
        ------
        SourceError
            If the service does not know the key, or cannot answer.
        """
        status = self.key_status()
        return f"the key is known; {status.used} of {status.limit} requests in {status.span}"

    def key_status(self) -> KeyStatus:
        """Return what is left of the key's allowance.

        Raises
        ------
        SourceError
            If the service does not know the key, or cannot answer.
        """
        what = "FIRMS, status of the key"
        key = self.map_key.get_secret_value()
        url = f"{self.base_url.rstrip('/')}/mapserver/mapkey_status/?MAP_KEY={key}"
        request = Request(url, what, secrets=(key,))
        told = fetch(request, self.web, Deadline(self.web.total_s, what)).json(what)
        try:
            return KeyStatus(
                int(told["current_transactions"]),
                int(told["transaction_limit"]),
                str(told["transaction_interval"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailable(f"{what}: the answer does not say how much is left") from error

    def _part(
        self, product: str, box: str, first: date, days: int, deadline: Deadline
    ) -> tuple[Hotspot, ...]:
        text = self._text(product, box, first, days, deadline)
        rows = parse_firms(text, f"FIRMS {product} from {first}")
        if rows.impossible:
            logger.warning("hotspots.impossible", product=product, rows=len(rows.impossible))
        return rows.hotspots

    def _text(self, product: str, box: str, first: date, days: int, deadline: Deadline) -> str:
        place = f"{product}/{box}/{days}/{first}"
        settled = first + timedelta(days=days) + SETTLED_AFTER <= utc_today()
        cache = self.cache if settled else None
        known = cache.get(f"firms {place}") if cache else None
        if known is not None:
            return known.decode("utf-8", errors="replace")
        key = self.map_key.get_secret_value()
        # The key and the place are parts of the path: no message may repeat them.
        request = Request(
            f"{self.base_url.rstrip('/')}/api/area/csv/{key}/{place}",
            f"FIRMS, hotspots of {product}",
            secrets=(key, box),
        )
        body = fetch(request, self.web, deadline).body
        text = without_secrets(body.decode("utf-8", errors="replace"), (key, box))
        if cache is not None and text.lower().startswith("latitude,longitude"):
            cache.put(f"firms {place}", text.encode())
        return text


def spans(interval: Interval, days_a_request: int) -> Iterator[tuple[date, int]]:
    """Yield first day and number of days of the requests that cover `interval`.

    They begin on the same days whatever the interval, so that a later run asks for
    the same settled spans again and finds them in the cache.
    """
    # The end is no longer part of it.
    last = (interval.end - timedelta(microseconds=1)).date()
    start = interval.start.toordinal()
    start -= start % days_a_request
    while start <= last.toordinal():
        yield date.fromordinal(start), min(days_a_request, last.toordinal() - start + 1)
        start += days_a_request


def firms_source(section: FirmsSection, cache: Cache | None = None) -> Firms:
    """Return the service with the key of the settings."""
    web = WebSettings(
        connect_s=min(10.0, section.timeout_s),
        silence_s=section.timeout_s,
        total_s=5 * section.timeout_s,
    )
    key = section.map_key or SecretStr("")
    return Firms(section.base_url, key, section.products, web, cache, section.days_a_request)


def _box(aoi: Aoi) -> str:
    """Return west, south, east and north of the area and its margin, as the service reads them."""
    west, south, east, north = aoi.blocks.outline.bounds
    low = (math.floor(edge / BOX_STEP_DEG) * BOX_STEP_DEG for edge in (west, south))
    high = (math.ceil(edge / BOX_STEP_DEG) * BOX_STEP_DEG for edge in (east, north))
    return ",".join(f"{edge:.2f}" for edge in (*low, *high))
