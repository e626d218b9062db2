"""Sentinel-2 through Sentinel Hub: its catalogue, and pixels from its Process API."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sentinelhub.api.catalog import SentinelHubCatalog
from sentinelhub.constants import CRS
from sentinelhub.geometry import BBox
from shapely.ops import unary_union

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
from monitor.sources.processing_units import UnitLedger, estimated_units
from monitor.sources.raster import Layer
from monitor.sources.scene_reader import observation_of
from monitor.sources.sentinel_hub_client import Credentials, DeadlineClient
from monitor.sources.sentinel_hub_request import (
    BANDS,
    SCALE,
    assembled,
    configuration,
    layers_of,
    parts,
    process_request,
)
from monitor.sources.stac_item import require_past, scene_of
from monitor.sources.web import WebSettings

COLLECTION = "sentinel-2-l2a"
REQUESTS_AT_ONCE = 4
CLASSES_AND_DATA = 1
"""Bands that are paid for besides those asked for: the classification; the data mask is free."""

SAME_OVERPASS = timedelta(minutes=10)

# S2B_MSIL2A_20240511T082559_N0510_R021_T35PPN_20240511T120000: what comes before the tile is
# the same for all tiles of an overpass.
_PRODUCT = re.compile(r"(S2\w_MSIL2A_\d{8}T\d{6}_N\d{4}_R\d{3})_T(\w{5})_")


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
        wanted = [band for band in bands if band in BANDS]
        pieces = parts(grid, self.side_px)
        units = sum(self._units(piece, wanted) for piece in pieces)
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
            return layers_of(known, grid, bands)
        first, last = _span(scene)
        request = process_request(self.base_url, grid, bands, first, last)
        [response] = self._client(deadline).download([request], decode_data=False, max_threads=1)
        self._pay(response.headers, scene, self._units(grid, bands))
        layers = layers_of(response.content, grid, bands)
        if self.cache:
            self.cache.put(key, response.content)
        return layers

    def _kept(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> bool:
        return self.cache is not None and self.cache.get(_key(scene, grid, bands)) is not None

    def _units(self, grid: Grid, bands: Sequence[str]) -> float:
        return estimated_units(grid.width, grid.height, len(bands) + CLASSES_AND_DATA)

    def _pay(self, headers: Mapping[str, Any], scene: Scene, estimate: float) -> None:
        try:
            units, estimated = float(headers["x-processingunits-spent"]), False
        except (KeyError, ValueError):
            units, estimated = estimate, True
        self.ledger.record(units, scene.scene_id, self.now(), estimated=estimated)

    def _client(self, deadline: Deadline) -> DeadlineClient:
        config = configuration(self.base_url)
        return DeadlineClient(config, self.credentials, self.web, deadline)

    def _listed(self, aoi: Aoi, interval: Interval) -> tuple[list[Scene], list[SearchProblem]]:
        deadline = Deadline(self.web.total_s, f"search in {self.name}")
        [features] = all_within(deadline, [partial(self._features, aoi, interval, deadline)])
        scenes: list[Scene] = []
        problems: list[SearchProblem] = []
        now = self.now()
        for feature in features:
            try:
                scene = scene_of(_with_assets(feature), provider=self.name)
                require_past(scene, now)
            except SourceRefused as error:
                entry = str(feature.get("id") or "an item without id")
                problems.append(SearchProblem(entry, error.message, error.hint))
                continue
            if scene.footprint.intersects(aoi.geometry) and interval.contains(scene.acquired_at):
                scenes.append(scene)
        return overpasses(scenes), problems

    def _features(
        self, aoi: Aoi, interval: Interval, deadline: Deadline
    ) -> list[Mapping[str, Any]]:
        catalog = SentinelHubCatalog(configuration(self.base_url))
        catalog.client = self._client(deadline)
        span = (interval.start.replace(tzinfo=None), interval.end.replace(tzinfo=None))
        box = BBox(aoi.geometry.bounds, CRS.WGS84)
        try:
            found = list(catalog.search(COLLECTION, time=span, bbox=box, limit=100))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailable(
                f"{self.name}, search: an answer cannot be read: {error!r}"
            ) from error
        return [feature for feature in found if isinstance(feature, Mapping)]


def overpasses(tiles: Iterable[Scene]) -> list[Scene]:
    """Return one scene for all tiles of each overpass, oldest first.

    It is named after what the names of its tiles share, covers them all, and keeps
    their codes and the span of their times.
    """
    groups: list[list[Scene]] = []
    for tile in sorted(tiles, key=lambda tile: (tile.acquired_at, tile.scene_id)):
        for group in groups:
            if _together(group[0], tile):
                group.append(tile)
                break
        else:
            groups.append([tile])
    return [_joined(group) for group in groups]


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
        cache=cache,
    )


def _together(first: Scene, tile: Scene) -> bool:
    near = tile.acquired_at - first.acquired_at <= SAME_OVERPASS
    return near and (_overpass_name(tile), tile.platform) == (_overpass_name(first), first.platform)


def _overpass_name(tile: Scene) -> str:
    found = _PRODUCT.match(tile.scene_id)
    return found[1] if found else tile.scene_id


def _joined(tiles: Sequence[Scene]) -> Scene:
    codes = sorted({found[2] for tile in tiles if (found := _PRODUCT.match(tile.scene_id))})
    clouds = [t.cloud_cover_percent for t in tiles if t.cloud_cover_percent is not None]
    times = [tile.acquired_at for tile in tiles]
    return replace(
        tiles[0],
        scene_id=_overpass_name(tiles[0]),
        acquired_at=min(times),
        available_at=max(tile.available_at for tile in tiles),
        footprint=unary_union([tile.footprint for tile in tiles]),
        cloud_cover_percent=sum(clouds) / len(clouds) if clouds else None,
        properties={
            **tiles[0].properties,
            "tiles": " ".join(codes),
            "first": min(times).isoformat(),
            "last": max(times).isoformat(),
        },
    )


def _span(scene: Scene) -> tuple[datetime, datetime]:
    first, last = scene.properties.get("first"), scene.properties.get("last")
    if not first or not last:
        return scene.acquired_at, scene.acquired_at
    return datetime.fromisoformat(first), datetime.fromisoformat(last)


def _with_assets(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an item whose assets are the bands that can be asked for."""
    declared = {"raster:bands": [{"scale": SCALE, "offset": 0.0}]}
    bands = {band: {"href": f"sentinel-hub:{name}", **declared} for band, name in BANDS.items()}
    return {
        "collection": COLLECTION,
        **feature,
        "assets": {**bands, "scl": {"href": "sentinel-hub:SCL"}},
    }


def _key(scene: Scene, grid: Grid, bands: Sequence[str]) -> str:
    question = json.dumps([scene.scene_id, scene.properties.get("tiles"), str(grid), list(bands)])
    return f"sentinel-hub {hashlib.sha256(question.encode()).hexdigest()}"
