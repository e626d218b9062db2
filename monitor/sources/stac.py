"""Scenes from STAC APIs, and their pixels from cloud-optimised files on web servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

import numpy as np

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.observation import Flag, Observation
from monitor.ports import SearchProblem
from monitor.scene import Scene
from monitor.settings import StacSection
from monitor.sources.cache import Cache
from monitor.sources.classification import CLASSIFICATIONS
from monitor.sources.deadline import Deadline, all_within
from monitor.sources.ranges import RemoteFiles
from monitor.sources.scene_reader import read_scene
from monitor.sources.signing import ObjectStoreSigner, Signer, TokenSigner, Unsigned
from monitor.sources.stac_item import require_past, scene_of
from monitor.sources.stac_pages import items, require_catalogue
from monitor.sources.stac_presets import Preset, preset_of
from monitor.sources.web import WebSettings, host_of

FILES_AT_ONCE = 8
"""Bands of one scene that are fetched at a time: the wait is for the network."""

PROCESSORS = os.cpu_count() or 2
"""Bands that are begun with: where the network is fast, decoding is what takes time."""

SEARCHES_KEPT = 4


def utc_now() -> datetime:
    """Return the time on this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Listed:
    """What one search gave."""

    scenes: tuple[Scene, ...]
    """Oldest first."""

    problems: tuple[SearchProblem, ...]


# The pipeline asks for scenes, then for problems: the second question needs no request.
_LAST: dict[tuple[object, ...], Listed] = {}


@dataclass(frozen=True, slots=True)
class Stac:
    """A STAC API; `stac_sources` makes one from settings."""

    name: str
    """Name of the provider, kept in evidence."""

    url: str
    collections: tuple[str, ...]
    web: WebSettings = field(default_factory=WebSettings)
    signer: Signer = field(default_factory=Unsigned)
    cache: Cache | None = None
    max_cloud_percent: float = 100.0
    """A scene that is cloudier as a whole is not fetched, and counts as all cloud."""

    now: Callable[[], datetime] = utc_now
    """The clock: scenes dated after it are refused."""

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return the scenes that touch `aoi` and were acquired in `interval`, oldest first.

        Raises
        ------
        SourceError
            If the catalogue cannot answer. No scenes is an empty list.
        """
        listed = self._asked(aoi, interval)
        while len(_LAST) >= SEARCHES_KEPT:
            _LAST.pop(next(iter(_LAST)))
        _LAST[self._key(aoi, interval)] = listed
        return list(listed.scenes)

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return the items that `search` had to leave out, and why.

        Raises
        ------
        SourceError
            If the catalogue cannot answer.
        """
        listed = _LAST.get(self._key(aoi, interval)) or self._asked(aoi, interval)
        return list(listed.problems)

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return the pixels of one scene on `grid`; see `monitor.ports.ImagerySource`."""
        if (scene.cloud_cover_percent or 0.0) > self.max_cloud_percent:
            return all_cloud(scene, grid, bands)
        deadline = Deadline(self.web.total_s, f"scene {scene.scene_id} of {self.name}")
        files = RemoteFiles(deadline, self.web, self.signer, self.cache)
        gather = partial(all_within, deadline, at_once=FILES_AT_ONCE, at_first=PROCESSORS)
        return read_scene(scene, grid, bands, gather=gather, remote=files.opened)

    def greeting(self) -> str:
        """Return a sentence that says that the catalogue answers; no place is named to it.

        Raises
        ------
        SourceError
            If it does not, or its files need a key that is not set.
        """
        deadline = Deadline(self.web.total_s, self.name)
        ask = partial(require_catalogue, self.url, name=self.name, web=self.web, deadline=deadline)
        all_within(deadline, [ask])
        self.signer.require_key()
        return f"{host_of(self.url)} answers; collections: {', '.join(self.collections)}"

    def _key(self, aoi: Aoi, interval: Interval) -> tuple[object, ...]:
        return self.name, self.url, self.collections, aoi.geometry.wkb, interval

    def _asked(self, aoi: Aoi, interval: Interval) -> Listed:
        if not self.collections:
            raise SourceRefused(
                f"{self.name} has none of the collections that are asked for",
                hint="set [sources.stac] collections to what the catalogue holds",
            )
        query = {
            "collections": list(self.collections),
            "bbox": [round(degrees, 6) for degrees in aoi.geometry.bounds],
            "datetime": f"{_stamp(interval.start)}/{_stamp(interval.end)}",
        }
        deadline = Deadline(self.web.total_s, f"search in {self.name}")
        ask = partial(self._items, query, deadline)
        return self._listed(all_within(deadline, [ask])[0], aoi, interval)

    def _items(self, query: dict[str, Any], deadline: Deadline) -> list[dict[str, Any]]:
        return list(items(self.url, query, name=self.name, web=self.web, deadline=deadline))

    def _listed(self, found: Iterable[dict[str, Any]], aoi: Aoi, interval: Interval) -> Listed:
        scenes: list[Scene] = []
        problems: list[SearchProblem] = []
        now = self.now()
        for item in found:
            resolve = partial(self._resolved, item)
            try:
                scene = scene_of(item, provider=self.name, resolve=resolve)
                require_past(scene, now)
            except SourceRefused as error:
                entry = str(item.get("id") or "an item without id")
                problems.append(SearchProblem(entry, error.message, error.hint))
                continue
            near = scene.footprint.intersects(aoi.geometry)
            if near and interval.contains(scene.acquired_at):
                scenes.append(scene)
        scenes.sort(key=lambda scene: (scene.acquired_at, scene.scene_id))
        return Listed(tuple(scenes), tuple(problems))

    def _resolved(self, item: dict[str, Any], href: str) -> str:
        """Return the address of an asset; a catalogue may name web addresses only."""
        own = [link for link in item.get("links", ()) if link.get("rel") == "self"]
        address = urljoin(own[0]["href"] if own else f"{self.url}/", href)
        if not _may_ask(address, self.url):
            raise SourceRefused(
                f"item {item.get('id')} names a file that is not fetched: {address!r}",
                hint="assets are fetched over https, and from this network only if the "
                "catalogue lies in it",
            )
        return address


def all_cloud(scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
    """Return the observation of a scene that is not worth fetching: nothing but cloud."""
    nothing = np.full(grid.shape, np.nan, dtype=np.float32)
    wanted = [band for band in bands if band in scene.assets and band not in CLASSIFICATIONS]
    flags = np.full(grid.shape, Flag.CLOUD, dtype=np.uint16)
    values = dict.fromkeys(wanted, nothing)
    return Observation(grid, values, flags, scene.acquired_at, (scene.scene_id,))


def stac_sources(section: StacSection, cache: Cache | None = None) -> list[Stac]:
    """Return the catalogue of the settings and its mirrors, by preference."""
    web = WebSettings(
        connect_s=min(10.0, section.timeout_s),
        silence_s=section.timeout_s,
        total_s=section.deadline_s,
        tries=section.retries + 1,
    )
    sources = []
    for catalogue in (section.url, *section.mirrors):
        preset = preset_of(catalogue)
        known = preset.collections or section.collections
        source = Stac(
            name=preset.name,
            url=preset.url,
            collections=tuple(name for name in section.collections if name in known),
            web=web,
            signer=_signer(preset, section),
            cache=cache,
            max_cloud_percent=section.max_cloud_percent,
        )
        sources.append(source)
    return sources


def _signer(preset: Preset, section: StacSection) -> Signer:
    if preset.token_url:
        return TokenSigner(preset.token_url)
    if preset.object_store:
        return ObjectStoreSigner(preset.object_store, section.access_key, section.secret_key)
    return Unsigned()


def _may_ask(address: str, catalogue: str) -> bool:
    asked, known = urlsplit(address), urlsplit(catalogue)
    if asked.scheme == "s3" or asked.hostname == known.hostname:
        return asked.scheme in {"http", "https", "s3"}
    return asked.scheme == "https" and (
        _is_private(known.hostname) or not _is_private(asked.hostname)
    )


def _is_private(host: str | None) -> bool:
    """Return True for a host of this machine or network, as far as its name tells."""
    if not host or host == "localhost" or "." not in host.strip("[]").replace(":", "."):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


def _stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
