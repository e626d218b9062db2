from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.errors import ConfigError
from monitor.settings import FirmsSection, SentinelHubSection, SourcesSection, StacSection
from monitor.sources.folder import Folder
from monitor.sources.guarded import Guarded
from monitor.sources.in_order import cache_of, hotspots_in_order, imagery_in_order
from monitor.sources.whole_tiles import WholeTiles

HUB = SentinelHubSection(client_id="us", client_secret=SecretStr("secret"))
FIRMS = FirmsSection(map_key=SecretStr("key"))


def test_sources_come_in_the_order_of_the_settings(tmp_path: Path) -> None:
    section = SourcesSection(
        order=("sentinel_hub", "stac", "firms", "folder"),
        stac=StacSection(mirrors=("planetary-computer",)),
        sentinel_hub=HUB,
        firms=FIRMS,
    )

    imagery, hotspots = (make(section, tmp_path) for make in (imagery_in_order, hotspots_in_order))

    assert [source.name for source in imagery] == [
        "sentinel-hub", "earth-search", "planetary-computer", "folder",
    ]  # fmt: skip
    assert [source.name for source in hotspots] == ["firms", "folder"]
    assert pickle.loads(pickle.dumps(imagery)) == imagery


def test_what_is_not_in_the_order_is_not_asked(tmp_path: Path) -> None:
    [source] = imagery_in_order(SourcesSection(), tmp_path)

    assert isinstance(source, Folder)


def test_providers_on_the_network_are_guarded_and_hidden_from_on_demand(tmp_path: Path) -> None:
    section = SourcesSection(order=("stac",), whole_tiles=True)

    [source] = imagery_in_order(section, tmp_path)

    assert isinstance(source, Guarded)
    assert isinstance(source.source, WholeTiles)
    assert source.guard.folder == tmp_path / "providers"


def test_a_provider_cannot_be_its_own_mirror(tmp_path: Path) -> None:
    section = SourcesSection(order=("stac",), stac=StacSection(mirrors=("earth-search",)))

    with pytest.raises(ConfigError, match="earth-search twice"):
        imagery_in_order(section, tmp_path)


def test_the_cache_has_the_size_of_the_settings(tmp_path: Path) -> None:
    cache = cache_of(SourcesSection(cache_gb=2), tmp_path)

    assert cache is not None
    assert (cache.folder, cache.max_bytes) == (tmp_path / "cache", 2_000_000_000)
    assert cache_of(SourcesSection(cache_gb=0), tmp_path) is None
