"""Scenes and hotspots, as catalogues list them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry


class Sensor(StrEnum):
    """Families of sensors whose looks are compared only with their own kind."""

    SENTINEL_2 = "sentinel-2"
    LANDSAT = "landsat"
    HLS = "hls"
    SENTINEL_1 = "sentinel-1"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a scene."""

    href: str
    """Path or address of the file."""

    scale: float | None = None
    """Declared factor from stored number to physical value, None if undeclared."""

    offset: float | None = None
    """Declared value added after scaling, None if undeclared."""

    nodata: float | None = None
    """Declared stored number that means nothing was measured."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One item of a catalogue; no pixels yet. Named after STAC."""

    scene_id: str
    collection: str
    provider: str
    """Name of the source that listed it, such as ``"folder"`` or ``"earth-search"``."""

    platform: str
    """Satellite, such as ``"sentinel-2b"``."""

    sensor: Sensor
    acquired_at: datetime
    """Middle of the acquisition, UTC."""

    available_at: datetime
    """When the item could first be read, UTC (STAC `created`)."""

    footprint: BaseGeometry
    """Outline of the item, EPSG:4326."""

    assets: Mapping[str, Asset]
    """Band name of CONTRACT section 4 (``"nir08"``, ``"scl"``, ``"vv"``) to its file."""

    relative_orbit: int | None = None
    """Sentinel relative orbit, or the WRS path of Landsat."""

    processing_baseline: str = ""
    """Such as ``"05.10"``; empty if the item does not say."""

    cloud_cover_percent: float | None = None
    """Of the whole scene, 0 to 100. For display: never a reason to skip."""

    sun_azimuth_deg: float | None = None
    sun_elevation_deg: float | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    """Further item properties that evidence keeps (tile, product, checksums)."""

    @property
    def track(self) -> str:
        """Key of the baselines it may be compared with: sensor and orbit."""
        orbit = "unknown" if self.relative_orbit is None else f"{self.relative_orbit:03d}"
        return f"{self.sensor.value}-{orbit}"


@dataclass(frozen=True, slots=True)
class Hotspot:
    """One active-fire detection. Named after FIRMS."""

    longitude: float
    """Centre of the pixel, degrees east."""

    latitude: float
    acquired_at: datetime
    satellite: str
    """``"N"`` (Suomi-NPP), ``"N20"``, ``"N21"``, ``"T"`` or ``"A"``."""

    instrument: str
    """``"VIIRS"`` or ``"MODIS"``."""

    confidence: str
    """``"low"``, ``"nominal"`` or ``"high"``; MODIS percentages below 30, to 80, above."""

    frp_mw: float
    """Fire radiative power, megawatt; NaN if unknown."""

    brightness_k: float
    """Brightness temperature of the fire channel, kelvin; NaN if unknown."""

    scan_km: float
    """Across-track size of the pixel."""

    track_km: float
    """Along-track size of the pixel."""

    is_night: bool
    available_at: datetime
    """When it could first be known, UTC."""

    version: str = ""
    static_type: int | None = None
    """FIRMS archive `type`: 0 vegetation fire, 1 volcano, 2 other static, 3 offshore."""
