"""The sources of the settings, by preference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from monitor.errors import ConfigError, SourceError
from monitor.ports import HotspotSource, ImagerySource
from monitor.settings import SourcesSection
from monitor.sources.cache import Cache
from monitor.sources.firms import Firms, firms_source
from monitor.sources.folder import Folder
from monitor.sources.guarded import breakers_of, guarded, guarded_hotspots
from monitor.sources.hotspots import HotspotFolder
from monitor.sources.stac import Stac, stac_sources
from monitor.sources.whole_tiles import WholeTileHotspots, WholeTiles

if TYPE_CHECKING:
    from monitor.sources.sentinel_hub import SentinelHub

GREETING_S = 15.0
"""Seconds that a provider has to say how it is doing."""


class Provider(Protocol):
    """A service on the network."""

    @property
    def name(self) -> str: ...

    def greeting(self) -> str:
        """Return a sentence that says that it answers; raise `SourceError` if it does not."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderState:
    """How one provider is doing; a line of `doctor`."""

    name: str
    ok: bool
    sentence: str
    remedy: str = ""


def provider_states(section: SourcesSection, data_folder: Path) -> list[ProviderState]:
    """Ask every provider on the network of ``[sources] order`` how it is doing.

    No place is named to them, no unit is spent, and each has at most `GREETING_S`.
    """
    return [_state_of(p, data_folder) for p in _providers(section, data_folder)]


def imagery_in_order(section: SourcesSection, data_folder: Path) -> list[ImagerySource]:
    """Return the imagery sources of ``[sources] order``; the pipeline falls back in that order.

    Providers on the network are behind circuit breakers; with ``whole_tiles`` they
    are asked for windows only.

    Raises
    ------
    ConfigError
        If two of them would be the same provider.
    """
    sources: list[ImagerySource] = []
    for name in section.order:
        if name == "folder":
            sources.append(Folder(section.folder.path))
        else:
            sources += [
                guarded(WholeTiles(source) if section.whole_tiles else source, _states(data_folder))
                for source in _on_the_network(name, section, data_folder)
            ]
    names = [source.name for source in sources]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigError(
            f"[sources] names the provider {repeated[0]} twice",
            hint="see url and mirrors in [sources.stac]",
        )
    return sources


def hotspots_in_order(section: SourcesSection, data_folder: Path) -> list[HotspotSource]:
    """Return the hotspot sources of ``[sources] order``."""
    sources: list[HotspotSource] = []
    for name in section.order:
        if name == "folder":
            sources.append(HotspotFolder(section.folder.path))
        elif name == "firms":
            firms: HotspotSource = firms_source(section.firms, cache_of(section, data_folder))
            firms = WholeTileHotspots(firms) if section.whole_tiles else firms
            sources.append(guarded_hotspots(firms, _states(data_folder)))
    return sources


def cache_of(section: SourcesSection, data_folder: Path) -> Cache | None:
    """Return where fetched bytes are kept, None if they are not."""
    max_bytes = int(section.cache_gb * 1e9)
    return Cache(data_folder / "cache", max_bytes) if max_bytes else None


def hub_of(section: SourcesSection, data_folder: Path) -> SentinelHub:
    """Return Sentinel Hub with its ledger, whether it is in the order or not."""
    # Imported here: most services need no Sentinel Hub, and it takes seconds to load.
    from monitor.sources.sentinel_hub import sentinel_hub_source

    cache = cache_of(section, data_folder)
    return sentinel_hub_source(section.sentinel_hub, _states(data_folder), cache)


def _on_the_network(
    name: str, section: SourcesSection, data_folder: Path
) -> Sequence[Stac | SentinelHub]:
    cache = cache_of(section, data_folder)
    if name == "stac":
        return stac_sources(section.stac, cache)
    if name == "sentinel_hub":
        return [hub_of(section, data_folder)]
    return []


def _providers(section: SourcesSection, data_folder: Path) -> Iterator[Provider]:
    for name in section.order:
        found: Sequence[Stac | SentinelHub | Firms] = _on_the_network(name, section, data_folder)
        if name == "firms":
            found = [firms_source(section.firms)]
        for provider in found:
            web = replace(provider.web, silence_s=GREETING_S, total_s=GREETING_S, tries=1)
            yield replace(provider, web=web)


def _state_of(provider: Provider, data_folder: Path) -> ProviderState:
    failing = breakers_of(provider.name, _states(data_folder))
    try:
        sentence = provider.greeting()
    except SourceError as error:
        return ProviderState(provider.name, False, error.message, error.hint)
    for breaker in failing:
        if breaker.retry_at is not None:
            sentence += f"; it failed before ({breaker.reason}) and is tried again by itself"
    return ProviderState(provider.name, True, sentence)


def _states(data_folder: Path) -> Path:
    """Return the folder of what is remembered of providers: pauses, units spent."""
    return data_folder / "providers"
