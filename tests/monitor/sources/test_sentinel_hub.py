"""Sentinel Hub, played by a server of ours that runs our evalscript on real rasters."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.observation import Flag
from monitor.settings import SentinelHubSection
from monitor.sources.cache import Cache
from monitor.sources.folder import Folder
from monitor.sources.processing_units import UnitLedger
from monitor.sources.sentinel_hub import SentinelHub, sentinel_hub_source
from monitor.sources.sentinel_hub_products import SENTINEL_2
from tests.builders import GRID, NOW, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.hub import BY_RULE, Hub, a_hub
from tests.monitor.sources.rasters import write_band
from tests.monitor.sources.servers import Asked, Reply, page, told

AOI = an_aoi()
MONTH = Interval(days_ago(30), NOW)
BANDS = ("nir08", "swir16", "swir22")
NAMES = {
    2: "S2B_MSIL2A_20240518T083000_N0510_R021_T35PPN_20240518T120000",
    7: "S2A_MSIL2A_20240513T083000_N0510_R021_T35PPN_20240513T120000",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    cloudy = a_square(400, east_m=200)
    for days, name in NAMES.items():
        write_overpass(folder, days_ago(days), scene_id=name, cloudy=cloudy if days == 2 else None)
    return folder


@pytest.fixture(scope="module")
def running_hub(folder: Path) -> Iterator[tuple[Hub, str]]:
    with a_hub(folder) as (hub, trusted):
        yield hub, trusted


def test_overpasses_are_listed_oldest_first(source: SentinelHub) -> None:
    scenes = source.search(AOI, MONTH)

    assert [scene.scene_id for scene in scenes] == [
        "S2A_MSIL2A_20240513T083000_N0510_R021", "S2B_MSIL2A_20240518T083000_N0510_R021",
    ]  # fmt: skip
    assert scenes[0].provider == "sentinel-hub"
    assert scenes[0].relative_orbit == 93
    assert source.problems(AOI, MONTH) == []


def test_pages_are_followed_to_the_end(hub: Hub, source: SentinelHub) -> None:
    hub.page_items = 1

    assert len(source.search(AOI, MONTH)) == 2
    assert [asked.json().get("next") for asked in hub.asked("/search")] == [None, 1]


def test_the_evalscript_gives_the_pixels_that_the_files_hold(
    hub: Hub, source: SentinelHub, folder: Path
) -> None:
    scene = source.search(AOI, MONTH)[-1]
    of_folder = Folder(folder, now=lambda: NOW)

    seen = source.read(scene, GRID, BANDS)

    expected = of_folder.read(of_folder.search(AOI, MONTH)[-1], GRID, BANDS)
    assert sorted(seen.bands) == sorted(BANDS)
    for band in BANDS:
        np.testing.assert_array_equal(seen.bands[band], expected.bands[band])
    np.testing.assert_array_equal(seen.flags, expected.flags)
    assert 0.1 < np.mean(seen.flags & np.uint16(Flag.CLOUD) > 0) < 0.5


def test_a_request_names_grid_bands_and_the_minutes_of_the_overpass(
    hub: Hub, source: SentinelHub
) -> None:
    source.read(source.search(AOI, MONTH)[0], GRID, BANDS)

    [asked] = hub.asked("/process")
    query = asked.json()
    assert query["input"]["bounds"]["bbox"] == list(GRID.bounds_m)
    assert query["input"]["bounds"]["properties"]["crs"].endswith("/EPSG/0/32635")
    assert (query["output"]["width"], query["output"]["height"]) == (48, 48)
    assert query["input"]["data"][0]["dataFilter"]["timeRange"] == {
        "from": "2024-05-13T11:59:00Z", "to": "2024-05-13T12:01:00Z",
    }  # fmt: skip
    assert "emberwatch" not in json.dumps([dict(asked.headers), asked.path, query]).lower()


def test_pixels_outside_the_scene_are_nothing(hub: Hub, source: SentinelHub) -> None:
    beside = replace(GRID, left_m=GRID.left_m + 4_000, height=10, width=40)

    seen = source.read(source.search(AOI, MONTH)[0], beside, ("nir08",))

    # The scene ends 4,040 m east of the middle: 26 of 40 columns lie within.
    measured = (seen.flags & np.uint16(Flag.NODATA)) == 0
    assert measured[:, :20].all()
    assert not measured[:, 28:].any()
    assert np.isnan(seen.bands["nir08"][~measured]).all()


def test_a_large_area_is_put_together_from_images_of_the_allowed_size(
    hub: Hub, source: SentinelHub
) -> None:
    scene = source.search(AOI, MONTH)[0]
    whole = source.read(scene, GRID, ("nir08",))

    joined = replace(source, side_px=20).read(scene, GRID, ("nir08",))

    np.testing.assert_array_equal(joined.bands["nir08"], whole.bands["nir08"])
    assert len(hub.asked("/process")) == 1 + 9


def test_what_was_spent_is_counted_as_the_service_says(source: SentinelHub) -> None:
    source.read(source.search(AOI, MONTH)[0], GRID, BANDS)

    assert source.ledger.spent(NOW) == 0.125


def test_what_the_service_does_not_say_is_estimated(hub: Hub, source: SentinelHub) -> None:
    hub.spent_units = None

    source.read(source.search(AOI, MONTH)[0], GRID, BANDS)

    # 48 x 48 of 262,144 pixels count as a hundredth; four bands of three.
    assert source.ledger.spent(NOW) == pytest.approx(0.01 * 4 / 3)


@pytest.mark.parametrize("side_px", [48, 96])
def test_the_estimate_is_what_the_published_rule_gives(
    hub: Hub, source: SentinelHub, side_px: int
) -> None:
    grid = replace(GRID, height=side_px, width=side_px)
    hub.spent_units = BY_RULE

    source.read(source.search(AOI, MONTH)[0], grid, BANDS)

    assert source.ledger.spent(NOW) == pytest.approx(SENTINEL_2.units(grid, BANDS), abs=1e-6)


def test_a_budget_that_is_used_up_stops_politely_before_asking(
    hub: Hub, source: SentinelHub
) -> None:
    source.ledger.record(9.99, "earlier", NOW, estimated=False)
    scene = source.search(AOI, MONTH)[0]

    with pytest.raises(SourceUnavailable, match="monthly budget of 10 processing units"):
        source.read(scene, GRID, BANDS)
    assert hub.asked("/process") == []

    june = replace(source, now=lambda: NOW + timedelta(days=20))
    assert june.read(scene, GRID, BANDS).clear.any()


def test_what_is_in_the_cache_is_not_paid_for_again(
    hub: Hub, source: SentinelHub, tmp_path: Path
) -> None:
    source = replace(source, cache=Cache(tmp_path / "cache"))
    scene = source.search(AOI, MONTH)[0]
    first = source.read(scene, GRID, BANDS)
    source.ledger.record(9.8, "elsewhere", NOW, estimated=False)

    again = source.read(scene, GRID, BANDS)

    np.testing.assert_array_equal(first.bands["nir08"], again.bands["nir08"])
    assert len(hub.asked("/process")) == 1


def test_one_token_serves_until_it_expires_and_then_another(hub: Hub, source: SentinelHub) -> None:
    scene = source.search(AOI, MONTH)[0]
    source.read(scene, GRID, ("nir08",))
    assert hub.tokens == 1

    hub.valid_token = "made invalid by the service"
    source.read(scene, GRID, ("nir08",))

    assert hub.tokens == 2


def test_the_hub_greets_with_what_is_left_to_spend(hub: Hub, source: SentinelHub) -> None:
    source.ledger.record(2.5, "a scene", NOW, estimated=False)

    assert source.greeting() == "the client is known; 2.5 of 10 units are spent this month"
    assert [asked.path for asked in hub.server.log] == ["/token"]


def test_a_wrong_secret_is_refused_and_not_repeated(
    hub: Hub, source: SentinelHub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = replace(source.credentials, client_secret=SecretStr("not-the-right-one"))

    with pytest.raises(SourceRefused, match="401") as caught:
        replace(source, credentials=wrong).search(AOI, MONTH)

    assert "client_secret" in caught.value.hint
    assert "not-the-right-one" not in str(caught.value) + caplog.text + repr(source)


def test_the_secret_is_never_sent_unencrypted(hub: Hub, source: SentinelHub) -> None:
    plain = replace(source.credentials, token_url="http://127.0.0.1:9/token")

    with pytest.raises(SourceRefused, match="unencrypted"):
        replace(source, credentials=plain).search(AOI, MONTH)


def cut(asked: Asked, usual: Reply) -> Reply:
    return Reply(200, usual.body[: len(usual.body) // 2], usual.headers)


PROCESS_FAULTS: list[
    tuple[str, Reply | Callable[[Asked, Reply], Reply], type[SourceError], str]
] = [
    ("429 in milliseconds", Reply(429, headers={"Retry-After": "50"}), SourceUnavailable, "429"),
    ("429 in an hour", Reply(429, headers={"Retry-After": "3600000"}), SourceUnavailable, "429"),
    ("429 with a date", Reply(429, headers={"Retry-After": "Fri, 31 Dec 2100 00:00:00 GMT"}),
     SourceUnavailable, "429"),
    ("429 without header", Reply(429), SourceUnavailable, "429"),
    ("500", Reply(500), SourceUnavailable, "500"),
    ("502", Reply(502), SourceUnavailable, "502"),
    ("503", Reply(503), SourceUnavailable, "503"),
    ("504", Reply(504), SourceUnavailable, "504"),
    ("400", told({"error": {"message": "Invalid bands"}}, 400), SourceRefused, "Invalid bands"),
    ("403", told({"error": {"message": "Insufficient units"}}, 403), SourceRefused, "Insuffic"),
    ("reset", Reply(reset=True), SourceUnavailable, "process"),
    ("hang", Reply(silent_after=-1), SourceUnavailable, r"no answer for 2 s"),
    ("hang mid-body", Reply(200, b"II*\0" * 99, silent_after=8), SourceUnavailable, "no answer"),
    ("cut short by the line", Reply(200, b"II", declared_bytes=999), SourceUnavailable, "process"),
    ("cut short by the server", cut, SourceUnavailable, "cannot be read"),
    ("HTML with status 200", page(), SourceUnavailable, "web page"),
    ("nothing with status 200", Reply(200, b""), SourceUnavailable, "empty answer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "kind", "words"), [pytest.param(*rest, id=id) for id, *rest in PROCESS_FAULTS]
)
def test_a_fault_of_the_process_service_is_an_error_and_leaves_nothing(
    hub: Hub,
    source: SentinelHub,
    tmp_path: Path,
    fault: Reply,
    kind: type[SourceError],
    words: str,
) -> None:
    source = replace(source, cache=Cache(tmp_path / "cache"))
    scene = source.search(AOI, MONTH)[0]
    hub.server.fail("/process", fault, times=2)

    with pytest.raises(kind, match=words):
        source.read(scene, GRID, ("nir08",))

    assert not (tmp_path / "cache").exists()
    hub.server.faults = []
    assert source.read(scene, GRID, ("nir08",)).clear.any()


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        pytest.param(replace(GRID, height=40), "48x40 px", id="wrong size"),
        pytest.param(replace(GRID, epsg=32636), "EPSG:32636", id="wrong system"),
        pytest.param(replace(GRID, left_m=GRID.left_m + 20), "48x48 px", id="wrong place"),
    ],
)
def test_another_image_than_was_asked_for_is_refused(
    hub: Hub, source: SentinelHub, tmp_path: Path, grid: Grid, words: str
) -> None:
    image = write_band(tmp_path / "image.tif", np.ones(grid.shape, np.int16), grid)
    scene = source.search(AOI, MONTH)[0]
    hub.server.fail("/process", Reply(200, image.read_bytes()))

    with pytest.raises(SourceRefused, match=words):
        source.read(scene, GRID, ("nir08",))


def test_an_image_with_other_bands_is_refused(
    hub: Hub, source: SentinelHub, tmp_path: Path
) -> None:
    image = write_band(tmp_path / "image.tif", np.ones(GRID.shape, np.int16), GRID)
    scene = source.search(AOI, MONTH)[0]
    hub.server.fail("/process", Reply(200, image.read_bytes()))

    with pytest.raises(SourceRefused, match="1 bands came, 3 were asked for"):
        source.read(scene, GRID, ("nir08",))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(Reply(silent_after=-1), r"no answer for 2 s", id="hang"),
        pytest.param(Reply(503), "status 503", id="503"),
        pytest.param(page(), "a web page", id="HTML with status 200"),
        pytest.param(told({"expires_in": 3600}), "holds no token", id="no token"),
        pytest.param(told([]), "holds no token", id="a list"),
    ],
)
def test_an_identity_server_that_fails_is_unavailable(
    hub: Hub, source: SentinelHub, fault: Reply, words: str
) -> None:
    hub.server.fail("/token", fault, times=2)

    with pytest.raises(SourceUnavailable, match=words):
        source.search(AOI, MONTH)


def test_a_catalogue_that_goes_round_in_circles_is_left(hub: Hub, source: SentinelHub) -> None:
    empty_page = told({"features": [{}], "context": {"next": 1}})
    hub.server.fail("/search", empty_page, times=99)

    with pytest.raises(SourceUnavailable, match="catalogue loop"):
        source.search(AOI, MONTH)
    assert len(hub.asked("/search")) == 2


@pytest.mark.parametrize("answer", [{}, {"features": 3, "context": {}}, {"features": []}])
def test_an_odd_answer_of_the_catalogue_is_unavailable(
    hub: Hub, source: SentinelHub, answer: object
) -> None:
    hub.server.fail("/search", told(answer), times=2)

    with pytest.raises(SourceUnavailable, match="cannot be read"):
        source.search(AOI, MONTH)


def test_an_entry_that_cannot_be_used_is_told(hub: Hub, source: SentinelHub) -> None:
    hub.server.fail("/search", told({"features": [{"id": "odd"}], "context": {}}), times=2)

    assert source.search(AOI, MONTH) == []
    [problem] = source.problems(AOI, MONTH)
    assert problem.entry == "odd"


def test_the_source_follows_the_settings(tmp_path: Path) -> None:
    section = SentinelHubSection(
        base_url="https://services.sentinel-hub.com",
        client_id="us",
        client_secret=SecretStr("secret"),
        monthly_units=30,
        max_side_px=1000,
        timeout_s=9,
        deadline_s=90,
    )

    source = sentinel_hub_source(section, tmp_path)

    assert (source.base_url, source.side_px) == ("https://services.sentinel-hub.com", 1000)
    assert source.ledger == UnitLedger(tmp_path, 30)
    assert (source.web.silence_s, source.web.total_s, source.web.milliseconds) == (9, 90, True)
    assert pickle.loads(pickle.dumps(source)) == source
