"""Overpasses from the catalogue of Sentinel Hub: one scene for all tiles or slices. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shapely.ops import unary_union

from monitor.errors import SourceRefused
from monitor.scene import Scene, Sensor
from monitor.sources.sentinel_1_names import radar_name
from monitor.sources.sentinel_hub_products import SCALE, Product
from monitor.sources.stac_item import scene_of

SAME_OVERPASS = timedelta(minutes=10)

# S2B_MSIL2A_20240511T082559_N0510_R021_T35PPN_20240511T120000: what comes before the tile is
# the same for all tiles of an overpass.
_TILE = re.compile(r"(S2\w_MSIL2A_\d{8}T\d{6}_N\d{4}_R\d{3})_T(\w{5})_")


def is_read(feature: Mapping[str, Any], product: Product) -> bool:
    """Return False for radar of another mode or polarisation: it is no news of this area."""
    if product.sensor is not Sensor.SENTINEL_1:
        return True
    told = radar_name(str(feature.get("id")))
    return told is None or (told.mode == "IW" and bool(told.bands))


def scene_of_feature(feature: Mapping[str, Any], product: Product, provider: str) -> Scene:
    """Return the scene of an entry, its assets the bands that can be asked for.

    Raises
    ------
    SourceRefused
        If it lacks what a look needs; of radar, the orbit, since looks are only
        comparable within one.
    """
    bands: Sequence[str] = tuple(product.bands)
    if product.sensor is Sensor.SENTINEL_1:
        told = radar_name(str(feature.get("id")))
        bands = told.bands if told else bands
    item = {"collection": product.collection, **feature, "assets": _assets(product, bands)}
    scene = scene_of(item, provider=provider)
    if product.sensor is Sensor.SENTINEL_1 and scene.relative_orbit is None:
        raise SourceRefused(
            f"item {scene.scene_id} does not say its relative orbit",
            hint="its looks could be compared with none; a newer version may know its satellite",
        )
    return scene


def overpasses(tiles: Iterable[Scene]) -> list[Scene]:
    """Return one scene for all tiles of each overpass, oldest first.

    It is named after what the names of its tiles share, covers them all, and keeps
    their codes and the span of their times.
    """
    groups: list[list[Scene]] = []
    for tile in sorted(tiles, key=lambda tile: (tile.acquired_at, tile.scene_id)):
        for group in groups:
            if _together(group[0], tile):
                group.append(tile)
                break
        else:
            groups.append([tile])
    return [_joined(group) for group in groups]


def span_of(scene: Scene) -> tuple[datetime, datetime]:
    """Return the times of the first and the last tile of an overpass."""
    first, last = scene.properties.get("first"), scene.properties.get("last")
    if not first or not last:
        return scene.acquired_at, scene.acquired_at
    return datetime.fromisoformat(first), datetime.fromisoformat(last)


def _assets(product: Product, bands: Sequence[str]) -> dict[str, Any]:
    offered = {band: {"href": f"sentinel-hub:{product.bands[band]}"} for band in bands}
    if product.sensor is Sensor.SENTINEL_1:
        return offered
    declared = {"raster:bands": [{"scale": SCALE, "offset": 0.0}]}
    described = {band: {**asset, **declared} for band, asset in offered.items()}
    return {**described, "scl": {"href": "sentinel-hub:SCL"}}


def _together(first: Scene, tile: Scene) -> bool:
    near = tile.acquired_at - first.acquired_at <= SAME_OVERPASS
    return near and (_name(tile), tile.platform) == (_name(first), first.platform)


def _name(tile: Scene) -> str:
    found = _TILE.match(tile.scene_id)
    radar = radar_name(tile.scene_id)
    return found[1] if found else radar.overpass if radar else tile.scene_id


def _code(tile: Scene) -> str:
    """Return what tells a tile from the others of its overpass."""
    found = _TILE.match(tile.scene_id)
    radar = radar_name(tile.scene_id)
    return found[2] if found else f"{radar.started_at:%Y%m%dT%H%M%S}" if radar else ""


def _joined(tiles: Sequence[Scene]) -> Scene:
    codes = sorted({code for tile in tiles if (code := _code(tile))})
    clouds = [t.cloud_cover_percent for t in tiles if t.cloud_cover_percent is not None]
    times = [tile.acquired_at for tile in tiles]
    return replace(
        tiles[0],
        scene_id=_name(tiles[0]),
        acquired_at=min(times),
        available_at=max(tile.available_at for tile in tiles),
        footprint=unary_union([tile.footprint for tile in tiles]),
        cloud_cover_percent=sum(clouds) / len(clouds) if clouds else None,
        properties={
            **tiles[0].properties,
            "tiles": " ".join(codes),
            "first": min(times).isoformat(),
            "last": max(times).isoformat(),
        },
    )
