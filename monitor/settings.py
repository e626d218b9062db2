"""Sections of config.toml that say where things are and how to reach them.

The text under a field is its documentation: `emberwatch check-config` prints it
beside a fault. The numbers that decide stand in thresholds.py.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
)
from pydantic import field_validator as checks
from pydantic_settings import NoDecode

from monitor.durations import parsed_duration


def _url(text: str) -> str:
    if not re.match(r"https?://[^\s/]+", text):
        raise ValueError("is no address; it begins with https://")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("is no mail address")
    return text


def _listed(value: object) -> object:
    """Split a text at its commas; hand on what is not text."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _catalogue(text: str) -> str:
    return text if text in CATALOGUES else _url(text)


CATALOGUES = ("earth-search", "planetary-computer", "cdse")
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Url = Annotated[str, AfterValidator(_url)]
Address = Annotated[str, AfterValidator(_address)]
Catalogue = Annotated[str, AfterValidator(_catalogue)]
Duration = Annotated[timedelta, BeforeValidator(parsed_duration)]
# A list in the environment is written with commas; undecoded, it would have to be JSON.
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Addresses = Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_listed)]
Catalogues = Annotated[tuple[Catalogue, ...], NoDecode, BeforeValidator(_listed)]
Provider = Literal["folder", "stac", "sentinel_hub", "firms"]
Providers = Annotated[tuple[Provider, ...], NoDecode, BeforeValidator(_listed)]


class Section(BaseModel):
    """A section: frozen, and a key that it does not know is a fault."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_default=True,
    )


class ServiceSection(Section):
    data_folder: Path = Path("data")
    """folder of the database, the archived looks, the maps and the log of evidence"""
    timezone: str = "UTC"
    """IANA name of the zone in which people read times; records stay in UTC"""
    base_url: Url = "http://127.0.0.1:8000"
    """address under which recipients reach the web site; it stands in every link"""
    language: Literal["en", "fr", "ar", "my"] = "en"
    """language of pages and messages where a person has not chosen one"""
    health_url: str = ""
    """called after each tick, with /fail if it failed: whoever misses the call raises an alarm"""

    @checks("health_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return _url(url) if url else url

    @checks("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no such time zone; write it like Africa/Khartoum")
        return name


class ScheduleSection(Section):
    every: Duration = timedelta(hours=1)
    """time between two ticks, such as 30m, 1h or 1d"""
    cron: str = ""
    """five cron fields, read in the service's time zone; replaces `every` where set"""

    @checks("every")
    @classmethod
    def _is_long_enough(cls, every: timedelta) -> timedelta:
        if every < timedelta(minutes=1):
            raise ValueError("a tick takes longer than that; the shortest is 1m")
        return every

    @checks("cron")
    @classmethod
    def _is_cron(cls, cron: str) -> str:
        if cron:
            # Imported here: few commands have a schedule, and all of them read the settings.
            from apscheduler.triggers.cron import CronTrigger

            CronTrigger.from_crontab(cron, timezone="UTC")
        return cron


class FolderSection(Section):
    path: Path = Path("data/imagery")
    """folder of STAC items with their rasters, and of hotspots/*.csv beside them"""


class StacSection(Section):
    url: Catalogue = "earth-search"
    """earth-search, planetary-computer, cdse, or the address of a STAC API with item search"""
    mirrors: Catalogues = ()
    """further catalogues, by preference: they give what the first does not"""
    collections: Names = ("sentinel-2-l2a",)
    """collections that are searched; add sentinel-1-rtc where the API offers it"""
    timeout_s: Seconds = 60
    """seconds of silence to bear while waiting for an answer"""
    deadline_s: Seconds = 300
    """seconds for one search, or for one scene, with everything"""
    retries: Annotated[int, Field(ge=0, le=20)] = 5
    """further tries after a 429, a 5xx or a broken connection"""
    max_cloud_percent: Annotated[float, Field(ge=0, le=100)] = 95
    """scenes cloudier than this as a whole are not fetched, and count as cloudy"""
    access_key: str = ""
    """your key for the object store of cdse"""
    secret_key: SecretStr | None = None
    """its secret"""
    secret_key_file: Path | None = None
    """file that holds secret_key, readable by the service alone"""


class SentinelHubSection(Section):
    base_url: Url = "https://sh.dataspace.copernicus.eu"
    """address of the Process, Catalog and Statistical services"""
    token_url: Url = (
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token"
    )
    """address that gives tokens for the client"""
    client_id: str = ""
    """identifier of your OAuth client"""
    client_secret: SecretStr | None = None
    """secret of your OAuth client"""
    client_secret_file: Path | None = None
    """file that holds client_secret, readable by the service alone"""
    collections: Names = ("sentinel-2-l2a", "sentinel-1-grd")
    """collections that are searched; radar only for areas with the detector sar"""
    monthly_units: Count = 10_000
    """processing units to spend in a month; fetching stops there until the next"""
    max_side_px: Count = 2500
    """longest side of an image that the service gives; larger areas are put together"""
    timeout_s: Seconds = 120
    """seconds of silence to bear while waiting for an answer, the token's included"""
    deadline_s: Seconds = 300
    """seconds for one search, or for one scene, with everything"""


class FirmsSection(Section):
    base_url: Url = "https://firms.modaps.eosdis.nasa.gov"
    """address of the hotspot service"""
    map_key: SecretStr | None = None
    """MAP_KEY of your account"""
    map_key_file: Path | None = None
    """file that holds map_key, readable by the service alone"""
    products: Names = ("VIIRS_SNPP_NRT", "VIIRS_NOAA20_NRT", "VIIRS_NOAA21_NRT")
    """products that are asked for"""
    days_a_request: Annotated[int, Field(ge=1, le=10)] = 5
    """days that one request covers; the service allows five, or ten"""
    timeout_s: Seconds = 60
    """seconds to wait for one answer"""


class SourcesSection(Section):
    order: Providers = ("folder",)
    """providers by preference; one that is not named is not asked"""
    lookback_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """how far back a run looks for scenes that arrived late"""
    whole_tiles: bool = False
    """ask providers for windows of a quarter degree, so that they cannot tell the village"""
    cache_gb: Annotated[float, Field(ge=0, le=10_000)] = 5
    """gigabytes of what was fetched to keep in data_folder; 0: keep nothing"""
    folder: FolderSection = FolderSection()
    stac: StacSection = StacSection()
    sentinel_hub: SentinelHubSection = SentinelHubSection()
    firms: FirmsSection = FirmsSection()

    @checks("order")
    @classmethod
    def _names_each_once(cls, order: Providers) -> Providers:
        if not order:
            raise ValueError("name at least one provider, such as folder")
        if len(set(order)) < len(order):
            raise ValueError("names a provider twice")
        return order

    @checks("sentinel_hub")
    @classmethod
    def _has_client(cls, hub: SentinelHubSection, info: ValidationInfo) -> SentinelHubSection:
        if "sentinel_hub" in info.data.get("order", ()) and not (
            hub.client_id and hub.client_secret
        ):
            raise ValueError("is in the order of sources but has no client_id and client_secret")
        return hub

    @checks("firms")
    @classmethod
    def _has_key(cls, firms: FirmsSection, info: ValidationInfo) -> FirmsSection:
        if "firms" in info.data.get("order", ()) and not firms.map_key:
            raise ValueError("is in the order of sources but has no map_key")
        return firms


class WebhooksSection(Section):
    timeout_s: Seconds = 30
    """seconds to wait for an answer"""
    max_answer_kb: Count = 64
    """how much of an answer is read"""
    connections: Annotated[int, Field(ge=1, le=32)] = 4
    """endpoints at a time, of webhooks and chats: a slow one delays its own messages only"""
    allow_private_addresses: bool = False
    """deliver to addresses of private networks too; needed for a receiver in the same house"""


class WebSection(Section):
    host: str = "127.0.0.1"
    """address that the site listens on; put a proxy with TLS before it"""
    port: Port = 8000
    """port that the site listens on"""
    secret_key: SecretStr | None = None
    """signs cookies and links, 32 characters or more; without one it is made in data_folder"""
    secret_key_file: Path | None = None
    """file that holds secret_key, readable by the service alone"""
    session_hours: Annotated[int, Field(ge=1, le=168)] = 12
    """hours until a person must sign in again"""
    idle_minutes: Annotated[int, Field(ge=5, le=1440)] = 30
    """minutes without a click after which a person must sign in again"""
    hide_scores: bool = True
    """show nobody the score of an alert before they have judged it themselves"""
    second_factor_for: list[Literal["analyst", "operator", "admin"]] = []
    """roles that must have a second factor (a code of the telephone); others may"""
    max_upload_mb: Annotated[float, Field(gt=0, le=1000)] = 50
    """largest file of areas or settlements that is taken"""

    @checks("secret_key")
    @classmethod
    def _is_long(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < 32:
            raise ValueError("is shorter than 32 characters")
        return key


class EngineSection(Section):
    kind: Literal["local", "dask"] = "local"
    """local: processes on this machine; dask: a cluster, which needs the extra `cluster`"""
    workers: Annotated[int, Field(ge=0, le=1024)] = 0
    """processes of the local engine; 0: as many as there are cores"""
    address: str = ""
    """address of the Dask scheduler, such as tcp://10.0.0.5:8786"""

    @checks("address")
    @classmethod
    def _is_there_for_dask(cls, address: str, info: ValidationInfo) -> str:
        if info.data.get("kind") == "dask" and "://" not in address:
            raise ValueError("must be set for dask, such as tcp://10.0.0.5:8786")
        return address


class DatabaseSection(Section):
    url: str = ""
    """postgresql+psycopg://name@host/database; empty: a SQLite file in data_folder"""
    password: SecretStr | None = None
    """password for that name"""
    password_file: Path | None = None
    """file that holds password, readable by the service alone"""
    allow_volatile: bool = False
    """let the SQLite file lie in memory (tmpfs), where it does not last: for tests only"""

    @checks("url")
    @classmethod
    def _is_one_we_speak(cls, url: str) -> str:
        if url and not url.startswith(("sqlite://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:// or postgresql+psycopg://")
        return url
