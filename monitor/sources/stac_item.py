"""Scenes from STAC Items: pure, shared by every source that lists items.

Knows the asset names of Earth Search, Planetary Computer and CDSE (Sentinel-2
L2A), of Landsat Collection 1 and 2, of HLS, and of Sentinel-1 RTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from monitor.errors import SourceRefused
from monitor.scene import Asset, Scene, Sensor
from monitor.sources.sentinel_1_names import radar_name

AVAILABLE_AFTER = timedelta(hours=6)
"""From acquisition to the catalogue, where the item does not say (CONTRACT section 4)."""

# Landsat 1; what is older was not seen by any satellite that we know.
FIRST_SATELLITE = datetime(1972, 7, 23, tzinfo=UTC)

_SENTINEL_2 = {
    "blue": ("blue", "B02", "B02_10m", "B2"),
    "green": ("green", "B03", "B03_10m", "B3"),
    "red": ("red", "B04", "B04_10m", "B4"),
    "nir": ("nir", "B08", "B08_10m", "B8"),
    "nir08": ("nir08", "B8A", "B8A_20m"),
    "swir16": ("swir16", "B11", "B11_20m"),
    "swir22": ("swir22", "B12", "B12_20m"),
    "scl": ("scl", "SCL", "SCL_20m"),
}
_LANDSAT = {
    **{band: (band,) for band in ("blue", "green", "red", "nir08", "swir16", "swir22")},
    "qa_pixel": ("qa_pixel", "pixel_qa", "QA_PIXEL"),
}
# B05 to B07 are those of the Landsat products of HLS, B8A to B12 those of Sentinel-2.
_HLS = {
    "blue": ("blue", "B02"),
    "green": ("green", "B03"),
    "red": ("red", "B04"),
    "nir08": ("nir08", "B8A", "B05"),
    "swir16": ("swir16", "B11", "B06"),
    "swir22": ("swir22", "B12", "B07"),
    "fmask": ("fmask", "Fmask"),
}
_SENTINEL_1 = {"vv": ("vv", "VV"), "vh": ("vh", "VH")}
ASSET_KEYS: Mapping[Sensor, Mapping[str, tuple[str, ...]]] = {
    Sensor.SENTINEL_2: _SENTINEL_2,
    Sensor.LANDSAT: _LANDSAT,
    Sensor.HLS: _HLS,
    Sensor.SENTINEL_1: _SENTINEL_1,
}
"""Our band name to the keys that catalogues use for it, the native resolution first."""

KEPT_PROPERTIES = (
    "s2:datatake_id", "s2:product_uri", "s2:mgrs_tile", "grid:code", "landsat:wrs_row",
    "landsat:scene_id", "earthsearch:boa_offset_applied", "proj:epsg", "proj:code",
    "proj:transform", "updated",
)  # fmt: skip
"""Item properties that `Scene.properties` keeps, as text."""

_ORBIT_IN_PRODUCT = re.compile(r"_R(\d{3})_")
_BASELINE_IN_PRODUCT = re.compile(r"_N(\d{2})(\d{2})_")


def scene_of(
    item: Mapping[str, Any],
    *,
    provider: str,
    resolve: Callable[[str], str] = str,
) -> Scene:
    """Return the scene that a STAC Item describes.

    Parameters
    ----------
    item : mapping
        The parsed JSON.
    provider : str
        Name of the source, kept in evidence.
    resolve : callable
        Turns the href of an asset into a path or address.

    Raises
    ------
    SourceRefused
        If the item lacks what a look needs; the message names the item.
    """
    name = str(item.get("id") or "without id")
    properties = _mapping(item.get("properties"))
    sensor = _sensor(item, properties, name)
    acquired_at = _acquired_at(properties, name)
    azimuth, elevation = _sun(properties)
    return Scene(
        scene_id=name,
        collection=str(item.get("collection") or ""),
        provider=provider,
        platform=str(properties.get("platform") or sensor.value).lower(),
        sensor=sensor,
        acquired_at=acquired_at,
        available_at=_instant(properties.get("created")) or acquired_at + AVAILABLE_AFTER,
        footprint=_footprint(item, name),
        assets=_assets(item, sensor, name, resolve),
        relative_orbit=_relative_orbit(properties, name),
        processing_baseline=_baseline(properties, name),
        cloud_cover_percent=_number(properties.get("eo:cloud_cover")),
        sun_azimuth_deg=azimuth,
        sun_elevation_deg=elevation,
        properties=_kept(item, properties),
    )


def require_past(scene: Scene, now: datetime) -> None:
    """Raise `SourceRefused` for a scene acquired after `now`: its clock or ours is wrong."""
    if scene.acquired_at > now:
        raise _misdated(scene.scene_id, scene.acquired_at, "in the future")


def is_item(document: object) -> bool:
    """Return True for a STAC Item; other JSON in a folder is no business of ours."""
    return (
        isinstance(document, Mapping)
        and document.get("type") == "Feature"
        and bool(document.get("stac_version"))
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    # STAC demands UTC; an instant without a zone is read as such.
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _acquired_at(properties: Mapping[str, Any], name: str) -> datetime:
    at = _instant(properties.get("datetime"))
    start = _instant(properties.get("start_datetime"))
    end = _instant(properties.get("end_datetime"))
    if at is None and start and end:
        at = start + (end - start) / 2
    if at is None:
        raise SourceRefused(
            f"item {name} has no datetime, got {properties.get('datetime')!r}",
            hint="set properties.datetime to the time of acquisition, RFC 3339 in UTC",
        )
    if at < FIRST_SATELLITE:
        raise _misdated(name, at, "before the first satellite")
    return at


def _misdated(name: str, at: datetime, when: str) -> SourceRefused:
    return SourceRefused(
        f"item {name} is dated {at:%Y-%m-%dT%H:%MZ}, {when}",
        hint="correct properties.datetime, or the clock of this machine",
    )


def _sensor(item: Mapping[str, Any], properties: Mapping[str, Any], name: str) -> Sensor:
    words = " ".join(
        str(text or "")
        for text in (item.get("collection"), properties.get("constellation"),
                     properties.get("platform"))
    ).lower()  # fmt: skip
    if "hls" in words:
        return Sensor.HLS
    for sensor in (Sensor.SENTINEL_1, Sensor.SENTINEL_2, Sensor.LANDSAT):
        if sensor.value in words:
            return sensor
    keys = set(_mapping(item.get("assets")))
    for sensor, telling in (
        (Sensor.SENTINEL_2, "scl"), (Sensor.LANDSAT, "qa_pixel"),
        (Sensor.HLS, "fmask"), (Sensor.SENTINEL_1, "vv"),
    ):  # fmt: skip
        if keys & set(ASSET_KEYS[sensor][telling]):
            return sensor
    raise SourceRefused(
        f"item {name} does not say which satellite took it",
        hint="set properties.platform and constellation, such as sentinel-2",
    )


def _footprint(item: Mapping[str, Any], name: str) -> BaseGeometry:
    hint = "give the item the outline of its pixels, a polygon in EPSG:4326"
    try:
        footprint = shape(item["geometry"])
    except (KeyError, TypeError, ValueError, AttributeError, GEOSException) as error:
        raise SourceRefused(f"item {name} has no usable geometry: {error!r}", hint) from error
    if footprint.is_empty:
        raise SourceRefused(f"item {name} has an empty geometry", hint)
    return footprint


def _assets(
    item: Mapping[str, Any], sensor: Sensor, name: str, resolve: Callable[[str], str]
) -> dict[str, Asset]:
    offered = _mapping(item.get("assets"))
    found = {}
    for band, keys in ASSET_KEYS[sensor].items():
        asset = next((_mapping(offered[key]) for key in keys if key in offered), {})
        if isinstance(asset.get("href"), str):
            found[band] = _asset(asset, resolve)
    if not found:
        wanted = " ".join(ASSET_KEYS[sensor])
        raise SourceRefused(
            f"item {name} has no asset that can be used, got {sorted(offered)}",
            hint=f"{sensor.value} needs some of: {wanted}",
        )
    return found


def _asset(asset: Mapping[str, Any], resolve: Callable[[str], str]) -> Asset:
    # STAC 1.0 says raster:bands, 1.1 bands, both lists; 1.1 allows the asset itself too.
    lists = (asset.get("raster:bands"), asset.get("bands"))
    places = [_mapping(each[0]) for each in lists if isinstance(each, list) and each]
    places.append(asset)

    def declared(*keys: str) -> float | None:
        found = (place[key] for place in places for key in keys if key in place)
        return _declared_number(next(found, None))

    return Asset(
        href=resolve(asset["href"]),
        scale=declared("scale", "raster:scale"),
        offset=declared("offset", "raster:offset"),
        nodata=declared("nodata"),
    )


def _declared_number(value: object) -> float | None:
    # STAC writes the numbers that JSON lacks as text.
    if isinstance(value, str) and value.lower() in {"nan", "inf", "-inf"}:
        return float(value)
    return _number(value)


def _relative_orbit(properties: Mapping[str, Any], name: str) -> int | None:
    for key in ("sat:relative_orbit", "landsat:wrs_path"):
        value = properties.get(key)
        if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
            return int(value)
    found = _ORBIT_IN_PRODUCT.search(f"{properties.get('s2:product_uri', '')} {name}")
    if found:
        return int(found[1])
    radar = radar_name(name)
    return radar.relative_orbit if radar else None


def _baseline(properties: Mapping[str, Any], name: str) -> str:
    for key in ("s2:processing_baseline", "processing:version"):
        if properties.get(key):
            return str(properties[key])
    found = _BASELINE_IN_PRODUCT.search(f"{properties.get('s2:product_uri', '')} {name}")
    return f"{found[1]}.{found[2]}" if found else ""


def _sun(properties: Mapping[str, Any]) -> tuple[float | None, float | None]:
    azimuth = properties.get("view:sun_azimuth", properties.get("s2:mean_solar_azimuth"))
    elevation = _number(properties.get("view:sun_elevation"))
    zenith = _number(properties.get("s2:mean_solar_zenith"))
    if elevation is None and zenith is not None:
        elevation = 90.0 - zenith
    return _number(azimuth), elevation


def _kept(item: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, str]:
    kept = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key in KEPT_PROPERTIES
        if (value := properties.get(key)) is not None
    }
    assets = _mapping(item.get("assets"))
    for key in sorted(assets):
        checksum = _mapping(assets[key]).get("file:checksum")
        if checksum:
            kept[f"checksum:{key}"] = str(checksum)
    return kept
