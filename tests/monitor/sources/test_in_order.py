from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.errors import ConfigError
from monitor.settings import FirmsSection, SentinelHubSection, SourcesSection, StacSection
from monitor.sources.breaker import Breaker, BreakerSettings
from monitor.sources.folder import Folder
from monitor.sources.guarded import Guarded
from monitor.sources.in_order import (
    cache_of,
    hotspots_in_order,
    imagery_in_order,
    provider_states,
)
from monitor.sources.whole_tiles import WholeTiles
from tests.builders import NOW
from tests.monitor.sources.catalogues import list_items
from tests.monitor.sources.servers import Reply, Server, running, told

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


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        list_items(server, [])
        server.routes["/mapserver/mapkey_status/"] = lambda _: told(
            {"transaction_limit": 5000, "current_transactions": 12, "transaction_interval": "ten"}
        )
        yield server


def network(server: Server) -> SourcesSection:
    firms = FirmsSection(base_url=server.url, map_key=SecretStr("key"))
    return SourcesSection(order=("folder", "stac", "firms"), stac=StacSection(url=server.url),
                          firms=firms)  # fmt: skip


def test_every_provider_says_how_it_is_doing_and_is_told_no_place(
    server: Server, tmp_path: Path
) -> None:
    catalogue, hotspots = provider_states(network(server), tmp_path)

    assert catalogue.ok
    assert catalogue.sentence == "127.0.0.1 answers; collections: sentinel-2-l2a"
    assert hotspots.ok
    assert hotspots.sentence == "the key is known; 12 of 5000 requests in ten"
    assert [asked.path.split("?")[0] for asked in server.log] == ["/", "/mapserver/mapkey_status/"]


def test_a_provider_that_does_not_answer_is_told_and_the_others_are_asked(
    server: Server, tmp_path: Path
) -> None:
    server.fail("/", Reply(503))

    catalogue, hotspots = provider_states(network(server), tmp_path)

    assert not catalogue.ok
    assert "status 503" in catalogue.sentence
    assert hotspots.ok


def test_a_pause_of_the_past_is_told(server: Server, tmp_path: Path) -> None:
    breaker = Breaker().after_failure(NOW, "status 502", BreakerSettings(failures=1))
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "firms.json").write_text(breaker.as_json())

    assert "it failed before (status 502)" in provider_states(network(server), tmp_path)[1].sentence
