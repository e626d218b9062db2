"""The sources of the settings, by preference."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import ConfigError
from monitor.ports import HotspotSource, ImagerySource
from monitor.settings import SourcesSection
from monitor.sources.cache import Cache
from monitor.sources.firms import firms_source
from monitor.sources.folder import Folder
from monitor.sources.guarded import guarded, guarded_hotspots
from monitor.sources.hotspots import HotspotFolder
from monitor.sources.stac import stac_sources
from monitor.sources.whole_tiles import WholeTileHotspots, WholeTiles


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


def _on_the_network(name: str, section: SourcesSection, data_folder: Path) -> list[ImagerySource]:
    cache = cache_of(section, data_folder)
    if name == "stac":
        return list(stac_sources(section.stac, cache))
    if name == "sentinel_hub":
        # Imported here: most services need no Sentinel Hub, and it takes seconds to load.
        from monitor.sources.sentinel_hub import sentinel_hub_source

        return [sentinel_hub_source(section.sentinel_hub, _states(data_folder), cache)]
    return []


def _states(data_folder: Path) -> Path:
    """Return the folder of what is remembered of providers: pauses, units spent."""
    return data_folder / "providers"
