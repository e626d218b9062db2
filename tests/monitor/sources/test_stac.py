"""STAC catalogues: rustac, and one of ours that misbehaves."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from shapely.geometry import mapping

from aoi.interval import Interval
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.observation import Flag
from monitor.reading_scenes import read_look
from monitor.settings import StacSection
from monitor.sources import signing, stac
from monitor.sources.folder import Folder
from monitor.sources.signing import ObjectStoreSigner, TokenSigner, Unsigned
from monitor.sources.stac import Stac, stac_sources
from monitor.sources.web import WebSettings
from tests.builders import NOW, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.catalogues import items_in, list_items, rustac
from tests.monitor.sources.servers import Asked, Reply, Server, page, running, told

AOI = an_aoi()
MONTH = Interval(days_ago(30), NOW)
QUICK = WebSettings(
    connect_s=0.3, silence_s=0.3, total_s=5, tries=2, first_wait_s=0.001, longest_wait_s=0.1
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imagery")
    for days in (2, 7, 12):
        write_overpass(folder, days_ago(days), scene_id=f"S2B_{days:02d}")
    return folder


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with running(folder) as server:
        list_items(server, items_in(folder, server.url))
        yield server


def a_source(url: str, **changes: Any) -> Stac:
    source = Stac("test", url, ("sentinel-2-l2a",), web=QUICK, now=lambda: NOW)
    return replace(source, **changes)


def test_a_server_that_is_not_ours_gives_the_look_that_the_folder_gives(
    folder: Path, tmp_path: Path
) -> None:
    with running(folder) as store, rustac(items_in(folder, store.url), tmp_path) as url:
        source = a_source(url, name="rustac", web=WebSettings())
        scenes = source.search(AOI, MONTH)
        later = source.search(AOI, Interval(days_ago(5), NOW))
        elsewhere = source.search(an_aoi(geometry=a_square(2_000, east_m=300_000)), MONTH)
        look = read_look(source, [scenes[-1]], AOI)

    of_folder = Folder(folder, now=lambda: NOW)
    expected = read_look(of_folder, [of_folder.search(AOI, MONTH)[-1]], AOI)
    assert [scene.scene_id for scene in scenes] == ["S2B_12", "S2B_07", "S2B_02"]
    assert [scene.scene_id for scene in later] == ["S2B_02"]
    assert elsewhere == []
    assert {scene.provider for scene in scenes} == {"rustac"}
    for band, values in expected.bands.items():
        np.testing.assert_array_equal(look.bands[band], values)


def test_pages_are_followed_to_the_end(server: Server, folder: Path) -> None:
    list_items(server, items_in(folder, server.url), page_items=1)

    assert len(a_source(server.url).search(AOI, MONTH)) == 3
    assert len(server.paths("/search")) == 3


def test_the_catalogue_is_asked_for_box_span_and_collections_alone(server: Server) -> None:
    a_source(server.url).search(AOI, MONTH)

    [asked] = [asked for asked in server.log if asked.path == "/search"]
    assert set(asked.json()) == {"collections", "bbox", "datetime", "limit"}
    assert asked.json()["datetime"] == "2024-04-20T12:00:00Z/2024-05-20T12:00:00Z"
    assert "sd-test" not in json.dumps([dict(asked.headers), asked.path, asked.json()])


def test_the_landing_page_is_fetched_once(server: Server) -> None:
    source = a_source(server.url)

    source.search(AOI, MONTH)
    source.search(AOI, Interval(days_ago(5), NOW))

    assert server.paths().count("/") == 1


def test_problems_of_the_last_search_need_no_request(server: Server) -> None:
    source = a_source(server.url)
    source.search(AOI, MONTH)
    asked_before = len(server.log)

    assert source.problems(AOI, MONTH) == []
    assert len(server.log) == asked_before
    assert source.problems(AOI, Interval(days_ago(4), NOW)) == []
    assert len(server.log) == asked_before + 1


def without_assets(item: dict[str, Any]) -> None:
    item["assets"] = {}


def from_the_future(item: dict[str, Any]) -> None:
    item["properties"]["datetime"] = (NOW + timedelta(days=1)).isoformat()


def before_satellites(item: dict[str, Any]) -> None:
    item["properties"]["datetime"] = "1970-01-01T00:00:00Z"


def without_geometry(item: dict[str, Any]) -> None:
    item["geometry"] = None


def of_a_local_file(item: dict[str, Any]) -> None:
    item["assets"]["red"]["href"] = "file:///etc/passwd"


def of_a_driver(item: dict[str, Any]) -> None:
    item["assets"]["red"]["href"] = "vrt:///vsicurl/http://127.0.0.1/"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(without_assets, "no asset that can be used", id="F19 no assets"),
        pytest.param(from_the_future, "in the future", id="F17 clock skew"),
        pytest.param(before_satellites, "before the first satellite", id="F17 1970"),
        pytest.param(without_geometry, "no usable geometry", id="no geometry"),
        pytest.param(of_a_local_file, "not fetched", id="a file of this machine"),
        pytest.param(of_a_driver, "not fetched", id="a driver of GDAL"),
    ],
)
def test_an_item_that_cannot_be_used_is_told_and_the_others_stay(
    server: Server, folder: Path, spoil: Callable[[dict[str, Any]], None], words: str
) -> None:
    items = items_in(folder, server.url)
    spoil(items[0])
    list_items(server, items)
    source = a_source(server.url)

    assert len(source.search(AOI, MONTH)) == 2
    [problem] = source.problems(AOI, MONTH)
    assert problem.entry == "S2B_02"
    assert words in problem.reason


def test_a_public_catalogue_cannot_send_us_into_this_network() -> None:
    inside = ["127.0.0.1", "10.0.0.5", "router", "169.254.169.254", "[::1]"]
    addresses = [*(f"https://{host}/a.tif" for host in inside), "http://cogs.example/a.tif"]
    allowed = ["https://cogs.example/a.tif", "https://catalogue.example/a.tif"]

    judged = {a: stac._may_ask(a, "https://catalogue.example/v1") for a in addresses + allowed}

    assert [address for address, may in judged.items() if may] == allowed


def search_answer(answer: object) -> Callable[[Asked], Reply]:
    return lambda _: told(answer)


def again_and_again(server: Server) -> Callable[[Asked], Reply]:
    """Answer every search with the same items and a `next` that leads here."""
    usual = server.routes["/search"]

    def answer(asked: Asked) -> Reply:
        found = json.loads(usual(asked).body)
        found["links"] = [{"rel": "next", "href": f"{server.url}/search?page=2"}]
        return told(found)

    return answer


def ever_new_tokens(server: Server) -> Callable[[Asked], Reply]:
    """Answer every search with the same items and a `next` with another token."""
    usual = server.routes["/search"]
    count = iter(range(1000))

    def answer(asked: Asked) -> Reply:
        found = json.loads(usual(replace(asked, body=b"{}")).body)
        body = {"token": str(next(count))}
        href = f"{server.url}/search"
        found["links"] = [{"rel": "next", "href": href, "method": "POST", "body": body}]
        return told(found)

    return answer


@pytest.mark.parametrize("loop", [again_and_again, ever_new_tokens])
def test_a_catalogue_that_goes_round_in_circles_is_left(
    server: Server, loop: Callable[[Server], Callable[[Asked], Reply]]
) -> None:
    server.routes["/search"] = loop(server)

    with pytest.raises(SourceUnavailable, match="catalogue loop"):
        a_source(server.url).search(AOI, MONTH)
    assert len(server.paths("/search")) <= 3


def test_the_next_page_must_lie_with_the_catalogue(server: Server) -> None:
    usual = server.routes["/search"]

    def answer(asked: Asked) -> Reply:
        found = json.loads(usual(asked).body)
        found["links"] = [{"rel": "next", "href": "http://10.0.0.5/search"}]
        return told(found)

    server.routes["/search"] = answer

    with pytest.raises(SourceRefused, match=r"'10\.0\.0\.5'"):
        a_source(server.url).search(AOI, MONTH)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        pytest.param(Reply(429), SourceUnavailable, "too many requests", id="429"),
        pytest.param(Reply(503), SourceUnavailable, "status 503", id="503"),
        pytest.param(Reply(reset=True), SourceUnavailable, "catalogue", id="reset"),
        pytest.param(Reply(silent_after=-1), SourceUnavailable, "no answer", id="hang"),
        pytest.param(page(), SourceUnavailable, "a web page", id="HTML with status 200"),
        pytest.param(told([1, 2]), SourceUnavailable, "no page of STAC", id="a list"),
        pytest.param(told({"features": 3}), SourceUnavailable, "no page", id="no features"),
        pytest.param(told({"features": [3]}), SourceUnavailable, "no page", id="odd features"),
        pytest.param(told({"links": [{}]}), SourceUnavailable, "no page", id="odd links"),
        pytest.param(Reply(400, b"bad bbox"), SourceRefused, "bad bbox", id="400"),
        pytest.param(Reply(403), SourceRefused, "access refused", id="403"),
    ],
)
@pytest.mark.parametrize("path", ["landing page", "search"])
def test_a_catalogue_that_cannot_answer_is_an_error_and_never_no_scenes(
    server: Server, fault: Reply, kind: type[SourceError], words: str, path: str
) -> None:
    source = a_source(server.url)
    if path == "search":
        source.search(AOI, Interval(days_ago(40), days_ago(30)))
    server.fail("/search" if path == "search" else "/", fault, times=2)

    with pytest.raises(kind, match=words):
        source.search(AOI, MONTH)

    server.faults = []
    assert len(source.search(AOI, MONTH)) == 3


@pytest.mark.parametrize(
    "landing",
    [
        pytest.param({"hello": "world"}, id="no STAC"),
        pytest.param(
            {"type": "Catalog", "id": "x", "description": "", "stac_version": "1.0.0", "links": []},
            id="no search",
        ),
    ],
)
def test_an_address_that_is_no_catalogue_is_refused(server: Server, landing: object) -> None:
    usual = server.routes["/"]
    server.routes["/"] = lambda _: told(landing)

    with pytest.raises(SourceRefused, match="test: cannot be searched"):
        a_source(server.url).search(AOI, MONTH)

    # It is not remembered: the catalogue may only have had a bad hour.
    server.routes["/"] = usual
    assert len(a_source(server.url).search(AOI, MONTH)) == 3


def test_a_search_that_drips_ends_at_the_deadline(server: Server) -> None:
    source = a_source(server.url, web=replace(QUICK, total_s=0.3))
    server.fail("/", lambda _, usual: replace(usual, drip=True))

    with pytest.raises(SourceUnavailable, match=r"search in test: given up after 0\.3 s"):
        source.search(AOI, MONTH)


def test_an_item_whose_file_is_gone_fails_with_scene_band_and_reason(server: Server) -> None:
    source = a_source(server.url)
    scene = source.search(AOI, MONTH)[0]
    server.fail("nir08.tif", Reply(404))

    with pytest.raises(SourceRefused, match=r"scene S2B_12, band nir08: .*not there, status 404"):
        source.read(scene, AOI.blocks.at(20), ["nir08", "swir22"])


def test_a_signature_that_expires_while_reading_is_renewed_once(server: Server) -> None:
    given = iter(range(100))
    expires = "2100-01-01T00:00:00Z"
    server.routes["/token/"] = lambda _: told(
        {"token": f"sig={next(given)}", "msft:expiry": expires}
    )
    server.routes = dict(sorted(server.routes.items(), key=lambda route: -len(route[0])))
    signing._TOKENS.clear()
    source = a_source(server.url, signer=TokenSigner(f"{server.url}/token", "127.0.0.1", QUICK))
    scene = source.search(AOI, MONTH)[0]
    server.fail("nir08.tif?sig=0", lambda _, usual: usual, Reply(403, b"AuthenticationFailed"))

    observation = source.read(scene, AOI.blocks.at(20), ["nir08"])

    assert observation.clear.all()
    assert "sig=1" in server.paths("nir08.tif")[-1]

    server.fail("nir08.tif", Reply(403, b"AuthenticationFailed"), times=4)
    with pytest.raises(SourceRefused, match="access refused") as caught:
        source.read(scene, AOI.blocks.at(20), ["nir08"])
    assert "sig=" not in str(caught.value)


def test_a_read_that_hangs_ends_at_the_deadline(server: Server) -> None:
    source = a_source(server.url, web=replace(QUICK, total_s=0.4, silence_s=30))
    scene = a_source(server.url).search(AOI, MONTH)[0]
    server.fail("nir08.tif", Reply(silent_after=-1), times=3)

    with pytest.raises(SourceUnavailable, match=r"scene S2B_12 of test: given up after 0\.4 s"):
        source.read(scene, AOI.blocks.at(20), ["nir08"])


def test_a_scene_that_is_all_cloud_is_not_fetched_and_counts_as_cloud(
    server: Server, folder: Path
) -> None:
    items = items_in(folder, server.url)
    items[0]["properties"]["eo:cloud_cover"] = 99.0
    list_items(server, items)
    source = a_source(server.url, max_cloud_percent=95)
    scene = source.search(AOI, MONTH)[-1]

    look = read_look(source, [scene], AOI)

    assert not look.valid.any()
    assert (look.clear_fraction == 0).all()
    assert look.flags.min() & Flag.CLOUD
    assert server.paths(".tif") == []


def test_sources_follow_the_settings() -> None:
    section = StacSection(
        url="planetary-computer",
        mirrors=("cdse", "https://stac.example/v1"),
        collections=("sentinel-2-l2a", "landsat-c2-l2"),
        timeout_s=7,
        deadline_s=70,
        retries=2,
        access_key="key",
        secret_key=SecretStr("secret"),
    )

    first, second, third = stac_sources(section)

    assert [s.name for s in (first, second, third)] == [
        "planetary-computer", "cdse", "stac.example",
    ]  # fmt: skip
    assert (first.web.silence_s, first.web.total_s, first.web.tries) == (7, 70, 3)
    assert isinstance(first.signer, TokenSigner)
    assert isinstance(second.signer, ObjectStoreSigner)
    assert third.signer == Unsigned()
    assert second.collections == ("sentinel-2-l2a",)
    assert third.collections == ("sentinel-2-l2a", "landsat-c2-l2")


def test_a_catalogue_without_any_of_the_collections_says_so() -> None:
    [source] = stac_sources(StacSection(collections=("sentinel-1-rtc",)))

    with pytest.raises(SourceRefused, match="earth-search has none of the collections"):
        source.search(AOI, MONTH)


def test_a_catalogue_greets_without_being_told_a_place(server: Server) -> None:
    assert a_source(server.url).greeting().startswith("127.0.0.1 answers")
    assert server.paths() == ["/"]


def test_a_catalogue_whose_files_need_a_key_says_so_when_greeted(server: Server) -> None:
    source = a_source(server.url, signer=ObjectStoreSigner("https://store.example"))

    with pytest.raises(SourceRefused, match="only to those with a key"):
        source.greeting()


def test_a_source_goes_to_other_processes() -> None:
    [source] = stac_sources(StacSection(url="cdse", access_key="k", secret_key=SecretStr("s")))

    assert pickle.loads(pickle.dumps(source)) == source


def test_scenes_that_only_share_the_box_are_left_out(server: Server, folder: Path) -> None:
    items = items_in(folder, server.url)
    items[0]["geometry"] = mapping(a_square(2_000, east_m=9_000))
    list_items(server, items)

    found = a_source(server.url).search(AOI, MONTH)

    assert [scene.scene_id for scene in found] == ["S2B_12", "S2B_07"]
