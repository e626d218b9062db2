from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.errors import SourceRefused
from monitor.scene import Sensor
from monitor.sources.stac_item import is_item, require_past, scene_of
from tests.monitor.sources.rasters import an_item, with_properties


def test_an_item_of_earth_search_becomes_a_scene() -> None:
    item = with_properties(
        **{"view:sun_azimuth": 140.5, "view:sun_elevation": 61, "eo:cloud_cover": 12}
    )

    scene = scene_of(item, provider="folder", resolve=lambda href: f"/x/{href}")

    assert scene.scene_id == "S2B_35PPN_20240501_0_L2A"
    assert scene.sensor is Sensor.SENTINEL_2
    assert scene.track == "sentinel-2-093"
    assert scene.acquired_at == datetime(2024, 5, 1, 8, 30, tzinfo=UTC)
    assert scene.assets["red"].href == "/x/./red.tif"
    assert (scene.sun_azimuth_deg, scene.sun_elevation_deg) == (140.5, 61.0)
    assert scene.cloud_cover_percent == 12.0


def test_a_scene_is_available_six_hours_after_acquisition_unless_it_says_otherwise() -> None:
    silent = scene_of(an_item(), provider="folder")
    said = scene_of(with_properties(created="2024-05-03T00:00:00Z"), provider="folder")

    assert silent.available_at == datetime(2024, 5, 1, 14, 30, tzinfo=UTC)
    assert said.available_at == datetime(2024, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        pytest.param({}, (None, None, None), id="nothing declared"),
        pytest.param(
            {"raster:bands": [{"scale": 1e-4, "offset": -0.1, "nodata": 0}]},
            (1e-4, -0.1, 0.0),
            id="raster extension 1",
        ),
        pytest.param(
            {"bands": [{"raster:scale": 2e-5, "raster:offset": -0.2, "nodata": 0}]},
            (2e-5, -0.2, 0.0),
            id="STAC 1.1 bands",
        ),
        pytest.param(
            {"raster:scale": 1e-4, "raster:offset": 0, "nodata": -9999},
            (1e-4, 0.0, -9999.0),
            id="STAC 1.1, on the asset",
        ),
        pytest.param({"raster:bands": "junk", "bands": [7]}, (None, None, None), id="junk"),
    ],
)
def test_declared_scale_offset_and_nodata_are_kept(
    asset: dict[str, Any], expected: tuple[float | None, ...]
) -> None:
    item = an_item(assets={"red": {"href": "red.tif", **asset}})

    red = scene_of(item, provider="folder").assets["red"]

    assert (red.scale, red.offset, red.nodata) == expected


def test_a_nodata_written_as_text_is_understood() -> None:
    item = an_item(assets={"vv": {"href": "vv.tif", "raster:bands": [{"nodata": "nan"}]}},
                   collection="sentinel-1-rtc",
                   properties={"datetime": "2024-05-01T04:00:00Z"})  # fmt: skip

    vv = scene_of(item, provider="folder").assets["vv"]

    assert vv.nodata is not None
    assert vv.nodata != vv.nodata


@pytest.mark.parametrize(
    ("collection", "properties", "keys", "sensor", "bands"),
    [
        pytest.param("sentinel-2-l2a", {}, "B02 B8A B12 SCL", Sensor.SENTINEL_2,
                     "blue nir08 scl swir22", id="Planetary Computer"),
        pytest.param("sentinel-2-l2a", {}, "B02_10m B8A_20m SCL_20m", Sensor.SENTINEL_2,
                     "blue nir08 scl", id="CDSE"),
        pytest.param("landsat-c2-l2", {}, "blue nir08 qa_pixel qa", Sensor.LANDSAT,
                     "blue nir08 qa_pixel", id="Landsat Collection 2"),
        pytest.param("", {"platform": "landsat-8"}, "blue pixel_qa", Sensor.LANDSAT,
                     "blue qa_pixel", id="Landsat Collection 1"),
        pytest.param("HLSL30.v2.0", {"platform": "landsat-8"}, "B02 B05 B07 Fmask", Sensor.HLS,
                     "blue fmask nir08 swir22", id="HLS of Landsat"),
        pytest.param("HLSS30.v2.0", {"platform": "sentinel-2a"}, "B02 B8A B12 Fmask", Sensor.HLS,
                     "blue fmask nir08 swir22", id="HLS of Sentinel-2"),
        pytest.param("sentinel-1-rtc", {}, "vv vh", Sensor.SENTINEL_1, "vh vv", id="radar"),
        pytest.param("", {}, "scl red", Sensor.SENTINEL_2, "red scl", id="known by its assets"),
    ],
)  # fmt: skip
def test_catalogues_name_the_same_bands_differently(
    collection: str, properties: dict[str, str], keys: str, sensor: Sensor, bands: str
) -> None:
    item = an_item(
        collection=collection,
        properties={"datetime": "2024-05-01T08:30:00Z", **properties},
        assets={key: {"href": f"{key}.tif"} for key in keys.split()},
    )

    scene = scene_of(item, provider="stac")

    assert scene.sensor is sensor
    assert sorted(scene.assets) == bands.split()


def test_orbit_and_baseline_are_read_from_the_product_name_if_need_be() -> None:
    uri = "S2B_MSIL2A_20240501T082559_N0510_R021_T35PPN_20240501T120000.SAFE"

    scene = scene_of(
        with_properties(**{"sat:relative_orbit": None, "s2:product_uri": uri}), provider="x"
    )

    assert scene.relative_orbit == 21
    assert scene.processing_baseline == "05.10"


def test_the_sun_of_planetary_computer_is_given_as_zenith() -> None:
    item = with_properties(**{"s2:mean_solar_zenith": 30.0, "s2:mean_solar_azimuth": 120.0})

    scene = scene_of(item, provider="x")

    assert (scene.sun_azimuth_deg, scene.sun_elevation_deg) == (120.0, 60.0)


def test_an_interval_of_acquisition_gives_its_middle() -> None:
    item = with_properties(
        datetime=None, start_datetime="2024-05-01T08:00:00Z", end_datetime="2024-05-01T08:10:00Z"
    )

    assert scene_of(item, provider="x").acquired_at == datetime(2024, 5, 1, 8, 5, tzinfo=UTC)


def test_checksums_are_kept_as_evidence() -> None:
    item = an_item(assets={"red": {"href": "red.tif", "file:checksum": "1220ab"}})

    assert scene_of(item, provider="x").properties["checksum:red"] == "1220ab"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        pytest.param(with_properties(datetime=None), "has no datetime", id="no datetime"),
        pytest.param(with_properties(datetime="soon"), "got 'soon'", id="no date at all"),
        pytest.param(
            with_properties(datetime="1970-01-01T00:00:00Z"),
            "before the first satellite",
            id="1970",
        ),
        pytest.param(an_item(assets={}), "no asset that can be used", id="F19 no assets"),
        pytest.param(
            an_item(assets={"thumbnail": {"href": "t.png"}}), "['thumbnail']", id="no usable asset"
        ),
        pytest.param(an_item(geometry=None), "no usable geometry", id="no geometry"),
        pytest.param(
            an_item(geometry={"type": "Polygon", "coordinates": []}), "empty", id="empty geometry"
        ),
        pytest.param(
            an_item(collection="x", properties={"datetime": "2024-05-01T00:00:00Z"}),
            "which satellite",
            id="unknown sensor",
        ),
    ],
)
def test_an_item_that_lacks_what_a_look_needs_is_refused_by_name(
    item: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceRefused, match="S2B_35PPN_20240501_0_L2A") as refused:
        scene_of(item, provider="folder")

    assert said in refused.value.message
    assert refused.value.hint


def test_a_scene_dated_in_the_future_is_refused() -> None:
    scene = scene_of(an_item(), provider="folder")

    require_past(scene, datetime(2024, 5, 1, 8, 30, tzinfo=UTC))
    with pytest.raises(SourceRefused, match="in the future"):
        require_past(scene, datetime(2024, 5, 1, 8, 29, tzinfo=UTC))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"type": "Feature", "stac_version": "1.0.0"}, True, id="item"),
        pytest.param({"type": "Feature", "properties": {}}, False, id="GeoJSON"),
        pytest.param({"type": "Collection", "stac_version": "1.0.0"}, False, id="collection"),
        pytest.param([1, 2], False, id="a list"),
    ],
)
def test_other_json_in_the_folder_is_no_item(document: object, expected: bool) -> None:
    assert is_item(document) is expected
