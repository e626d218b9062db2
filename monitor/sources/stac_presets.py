"""Public catalogues that are known by name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Preset:
    """A public STAC API and what it takes to read what it lists."""

    name: str
    url: str
    collections: tuple[str, ...]
    """What we can read of it: surface reflectance, and radar corrected for terrain."""

    token_url: str = ""
    """Where its store hands out tokens, empty if it needs none."""

    object_store: str = ""
    """Address of the store of its ``s3://`` objects, empty if there are none."""


EARTH_SEARCH = Preset(
    "earth-search",
    "https://earth-search.aws.element84.com/v1",
    # Its Landsat files want a login, its Sentinel-1 is not corrected for terrain.
    ("sentinel-2-l2a", "sentinel-2-c1-l2a"),
)
PLANETARY_COMPUTER = Preset(
    "planetary-computer",
    "https://planetarycomputer.microsoft.com/api/stac/v1",
    ("sentinel-2-l2a", "sentinel-1-rtc", "landsat-c2-l2", "hls2-s30", "hls2-l30"),
    token_url="https://planetarycomputer.microsoft.com/api/sas/v1/token",
)
CDSE = Preset(
    "cdse",
    "https://stac.dataspace.copernicus.eu/v1",
    ("sentinel-2-l2a",),
    object_store="https://eodata.dataspace.copernicus.eu",
)
PRESETS = {preset.name: preset for preset in (EARTH_SEARCH, PLANETARY_COMPUTER, CDSE)}


def preset_of(catalogue: str) -> Preset:
    """Return the preset with that name or address; else one for an API that is not known.

    A catalogue that is not known is asked for whatever collections are wanted, its files
    are read without signature, and it bears the name of its host in evidence.
    """
    for preset in PRESETS.values():
        if catalogue.rstrip("/") in {preset.name, preset.url}:
            return preset
    return Preset(urlsplit(catalogue).netloc or catalogue, catalogue, ())
