"""Sentinel-2 and Sentinel-1 through Sentinel Hub: its catalogue, pixels by its Process API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sentinelhub.api.catalog import SentinelHubCatalog
from sentinelhub.constants import CRS
from sentinelhub.geometry import BBox

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.observation import Observation
from monitor.ports import SearchProblem
from monitor.scene import Scene
from monitor.settings import SentinelHubSection
from monitor.sources.cache import Cache
from monitor.sources.deadline import Deadline, all_within
from monitor.sources.processing_units import UnitLedger
from monitor.sources.raster import Layer
from monitor.sources.scene_reader import observation_of
from monitor.sources.sentinel_hub_client import Credentials, DeadlineClient
from monitor.sources.sentinel_hub_overpasses import (
    is_read,
    overpasses,
    scene_of_feature,
    span_of,
)
from monitor.sources.sentinel_hub_products import PRODUCT_OF, PRODUCTS, Product
from monitor.sources.sentinel_hub_request import (
    assembled,
    configuration,
    layers_of,
    parts,
    process_request,
)
from monitor.sources.stac_item import require_past
from monitor.sources.web import WebSettings

REQUESTS_AT_ONCE = 4


def utc_now() -> datetime:
    """Return the time on this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SentinelHub:
    """Sentinel Hub at one address; `sentinel_hub_source` makes one from settings.

    A scene is a whole overpass over the area: the service joins its tiles, and a
    request for each of them would be paid for twice.
    """

    base_url: str
    credentials: Credentials
    ledger: UnitLedger
    web: WebSettings = field(default_factory=WebSettings)
    side_px: int = 2_500
    """Longest side of an image that the service gives."""

    collections: tuple[str, ...] = tuple(PRODUCTS)
    """What is searched; radar only for areas that ask for it."""

    cache: Cache | None = None
    now: Callable[[], datetime] = utc_now

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return "sentinel-hub"

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return the overpasses that touch `aoi` in `interval`, oldest first.

        Raises
        ------
        SourceError
            If the service cannot answer. No overpass is an empty list.
        """
        return self._listed(aoi, interval)[0]

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return the entries that `search` had to leave out, and why.

        Raises
        ------
        SourceError
            If the service cannot answer.
        """
        return self._listed(aoi, interval)[1]

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return the pixels of one overpass on `grid`; see `monitor.ports.ImagerySource`.

        Raises
        ------
        SourceUnavailable
            Also if the monthly budget does not cover it: nothing is asked for then.
        """
        product = PRODUCT_OF[scene.sensor]
        wanted = [band for band in bands if band in product.bands and band in scene.assets]
        pieces = parts(grid, self.side_px)
        units = sum(product.units(piece, wanted) for piece in pieces)
        deadline = Deadline(self.web.total_s, f"scene {scene.scene_id} of {self.name}")
        calls = [partial(self._part, scene, piece, wanted, deadline) for piece in pieces]
        if not all(self._kept(scene, piece, wanted) for piece in pieces):
            self.ledger.require(units, self.now())
        found = all_within(deadline, calls, at_once=REQUESTS_AT_ONCE)
        layers = assembled(grid, list(zip(pieces, found, strict=True)))
        return observation_of(scene, grid, layers)

    def greeting(self) -> str:
        """Return a sentence that says that the client is known, and what is left to spend.

        Raises
        ------
        SourceError
            If the identity server does not answer, or does not know the client.
        """
        deadline = Deadline(self.web.total_s, self.name)
        all_within(deadline, [partial(self.credentials.token, self.web, deadline)])
        spent = self.ledger.spent(self.now())
        limit = self.ledger.monthly_units
        return f"the client is known; {spent:.1f} of {limit:g} units are spent this month"

    def _part(
        self, scene: Scene, grid: Grid, bands: Sequence[str], deadline: Deadline
    ) -> dict[str, Layer]:
        key = _key(scene, grid, bands)
        known = self.cache.get(key) if self.cache else None
        if known is not None:
            return layers_of(known, grid, bands, PRODUCT_OF[scene.sensor])
        product = PRODUCT_OF[scene.sensor]
        first, last = span_of(scene)
        request = process_request(self.base_url, grid, bands, first, last, product)
        [response] = self._client(deadline).download([request], decode_data=False, max_threads=1)
        estimate = product.units(grid, bands)
        self.ledger.pay(response.headers, estimate, scene.scene_id, self.now())
        layers = layers_of(response.content, grid, bands, product)
        if self.cache:
            self.cache.put(key, response.content)
        return layers

    def _kept(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> bool:
        return self.cache is not None and self.cache.get(_key(scene, grid, bands)) is not None

    def _client(self, deadline: Deadline) -> DeadlineClient:
        config = configuration(self.base_url)
        return DeadlineClient(config, self.credentials, self.web, deadline)

    def _listed(self, aoi: Aoi, interval: Interval) -> tuple[list[Scene], list[SearchProblem]]:
        deadline = Deadline(self.web.total_s, f"search in {self.name}")
        scenes: list[Scene] = []
        problems: list[SearchProblem] = []
        for product in self._searched(aoi):
            ask = partial(self._features, product, aoi, interval, deadline)
            [features] = all_within(deadline, [ask])
            for feature in features:
                try:
                    scene = scene_of_feature(feature, product, self.name)
                    require_past(scene, self.now())
                except SourceRefused as error:
                    entry = str(feature.get("id") or "an item without id")
                    problems.append(SearchProblem(entry, error.message, error.hint))
                    continue
                near = scene.footprint.intersects(aoi.geometry)
                if near and interval.contains(scene.acquired_at):
                    scenes.append(scene)
        return overpasses(scenes), problems

    def _searched(self, aoi: Aoi) -> list[Product]:
        products = [PRODUCTS[name] for name in self.collections if name in PRODUCTS]
        return [one for one in products if not one.detector or one.detector in aoi.detectors]

    def _features(
        self, product: Product, aoi: Aoi, interval: Interval, deadline: Deadline
    ) -> list[Mapping[str, Any]]:
        catalog = SentinelHubCatalog(configuration(self.base_url))
        catalog.client = self._client(deadline)
        span = (interval.start.replace(tzinfo=None), interval.end.replace(tzinfo=None))
        box = BBox(aoi.geometry.bounds, CRS.WGS84)
        try:
            found = list(catalog.search(product.collection, time=span, bbox=box, limit=100))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailable(
                f"{self.name}, search: an answer cannot be read: {error!r}"
            ) from error
        return [one for one in found if isinstance(one, Mapping) and is_read(one, product)]


def sentinel_hub_source(
    section: SentinelHubSection, ledger_folder: Path, cache: Cache | None = None
) -> SentinelHub:
    """Return Sentinel Hub with the client of the settings; units are counted in a folder."""
    web = WebSettings(
        connect_s=min(10.0, section.timeout_s),
        silence_s=section.timeout_s,
        total_s=section.deadline_s,
        milliseconds=True,
    )
    secret = section.client_secret or SecretStr("")
    return SentinelHub(
        base_url=section.base_url,
        credentials=Credentials(section.token_url, section.client_id, secret),
        ledger=UnitLedger(ledger_folder, section.monthly_units),
        web=web,
        side_px=section.max_side_px,
        collections=section.collections,
        cache=cache,
    )


def _key(scene: Scene, grid: Grid, bands: Sequence[str]) -> str:
    question = json.dumps([scene.scene_id, scene.properties.get("tiles"), str(grid), list(bands)])
    return f"sentinel-hub {hashlib.sha256(question.encode()).hexdigest()}"
