"""The true services. Off by default: `make pytest ARGS="-m live tests/live"`.

Keys come from the environment, as for the service itself; a test without its key is
skipped and says so. See docs/how-to/providers.md.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from shapely.geometry import box

from aoi.area import Aoi
from aoi.grid import Grid, utm_epsg
from aoi.interval import Interval
from monitor.ports import ImagerySource
from monitor.settings import FirmsSection, SentinelHubSection, StacSection
from monitor.sources.firms import firms_source
from monitor.sources.stac import stac_sources

pytestmark = [pytest.mark.live, pytest.mark.enable_socket]

# Fields near Wad Madani, Sudan: clear for most of the dry season.
AREA = Aoi("live", "", box(33.40, 14.30, 33.42, 14.32), utm_epsg(33.4, 14.3))
DRY_SEASON = Interval(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 21, tzinfo=UTC))
GRID = Grid.covering(AREA.geometry, AREA.epsg, 20)


def key(name: str) -> str:
    value = os.environ.get(f"EMBERWATCH_SOURCES__{name}", "")
    if not value:
        pytest.skip(f"needs EMBERWATCH_SOURCES__{name}")
    return value


def require_clear_land(source: ImagerySource) -> None:
    """Ask for three weeks, read the first scene, and judge it by what the ground is like."""
    scenes = source.search(AREA, DRY_SEASON)
    assert len(scenes) >= 3
    assert source.problems(AREA, DRY_SEASON) == []
    seen = [source.read(scene, GRID, ["red", "nir08", "swir22"]) for scene in scenes]
    best = max(seen, key=lambda observation: observation.clear.mean())
    assert best.clear.mean() > 0.5
    for values in best.bands.values():
        assert 0.02 < float(np.nanmedian(values)) < 0.6


@pytest.mark.parametrize("catalogue", ["earth-search", "planetary-computer"])
def test_a_public_catalogue_gives_imagery_without_an_account(catalogue: str) -> None:
    [source] = stac_sources(StacSection(url=catalogue, max_cloud_percent=100))

    require_clear_land(source)


def test_two_public_catalogues_agree_on_the_pixels() -> None:
    first, second = stac_sources(StacSection(mirrors=("planetary-computer",)))
    ours = {scene.acquired_at.date(): scene for scene in first.search(AREA, DRY_SEASON)}
    theirs = {scene.acquired_at.date(): scene for scene in second.search(AREA, DRY_SEASON)}
    day = min(ours.keys() & theirs.keys())

    a = first.read(ours[day], GRID, ["nir08"])
    b = second.read(theirs[day], GRID, ["nir08"])

    both = a.clear & b.clear
    assert both.any()
    assert np.nanmedian(np.abs(a.bands["nir08"] - b.bands["nir08"])[both]) < 0.005


def test_the_object_store_of_copernicus_gives_imagery() -> None:
    section = StacSection(
        url="cdse",
        access_key=key("STAC__ACCESS_KEY"),
        secret_key=SecretStr(key("STAC__SECRET_KEY")),
        max_cloud_percent=100,
    )

    require_clear_land(stac_sources(section)[0])


def test_sentinel_hub_gives_imagery_and_counts_its_units(tmp_path: Path) -> None:
    from monitor.sources.sentinel_hub import sentinel_hub_source

    section = SentinelHubSection(
        client_id=key("SENTINEL_HUB__CLIENT_ID"),
        client_secret=SecretStr(key("SENTINEL_HUB__CLIENT_SECRET")),
        monthly_units=5,
    )
    source = sentinel_hub_source(section, tmp_path)

    require_clear_land(source)

    assert 0 < source.ledger.spent(datetime.now(UTC)) < 5


def test_sentinel_hub_counts_the_clear_sky_and_its_units(tmp_path: Path) -> None:
    from monitor.sources.sentinel_hub import sentinel_hub_source
    from monitor.sources.sentinel_hub_sky import clear_sky, sky_question

    section = SentinelHubSection(
        client_id=key("SENTINEL_HUB__CLIENT_ID"),
        client_secret=SecretStr(key("SENTINEL_HUB__CLIENT_SECRET")),
        monthly_units=5,
    )
    source = sentinel_hub_source(section, tmp_path)

    question = sky_question(source, AREA, DRY_SEASON)
    sky = clear_sky(source, question)

    assert (sky.clear_fraction or 0.0) > 0.5
    assert sky.lost_days == 0
    # The service's own count is what the published rule gave before.
    assert sky.units == pytest.approx(question.units, rel=0.5)


def test_firms_gives_hotspots_and_tells_the_allowance() -> None:
    source = firms_source(FirmsSection(map_key=SecretStr(key("FIRMS__MAP_KEY"))))
    # Central Africa: something burns on any week of the year.
    wide = Aoi("live", "", box(18.0, 4.0, 30.0, 12.0), utm_epsg(24.0, 8.0))

    found = source.hotspots(wide, Interval.ending(datetime.now(UTC), timedelta(days=7)))

    assert found
    assert source.key_status().limit > 0
