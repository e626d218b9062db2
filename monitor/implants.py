"""Burns planted into real images: real char in real backgrounds (DETECTION 5.7).

What is transplanted is char as a material, never the change of a forest: losing a canopy
raises short-wave infrared, charring thatch or soil lowers it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter

from monitor.errors import ArchiveError
from monitor.real_pairs import BurnPair

Array = NDArray[np.float32]

ERODED_PX = 2
MIN_NIR_BEFORE = 0.10
"""Darker ground before the fire may be cloud shadow that nobody flagged."""

MIN_DNBR = 0.27
PURE_SHARE = 0.25
"""The darkest quarter in near infrared is the purest char."""

# White-grey ash, customary (DETECTION 5.2): the files hold no pure ash.
ASH = {
    "blue": 0.28, "green": 0.30, "red": 0.31, "nir08": 0.34, "swir16": 0.38, "swir22": 0.36,
}  # fmt: skip

SAME_WEEKS_D = 30.0
LIGHT_LIMITS = (0.5, 2.0)
"""An image beyond these is snow or cloud that nobody flagged, not another light."""

PATTERNS = ("contiguous", "scattered", "house by house")


@dataclass(frozen=True, slots=True, eq=False)
class CharLibrary:
    """After-spectra of truly burned pixels."""

    bands: tuple[str, ...]
    spectra: Array
    """Reflectance, shape (n, bands)."""

    source: tuple[str, ...]
    """Fire that each spectrum comes from, length n."""

    def pure(self) -> CharLibrary:
        """Return the darkest quarter in near infrared of each fire."""
        nir = self.spectra[:, self.bands.index("nir08")]
        names = np.array(self.source)
        kept = np.zeros(len(nir), dtype=np.bool_)
        for name in np.unique(names):
            of_fire = names == name
            kept |= of_fire & (nir <= np.quantile(nir[of_fire], PURE_SHARE))
        return CharLibrary(self.bands, self.spectra[kept], tuple(names[kept].tolist()))

    def drawn(self, rng: np.random.Generator) -> dict[str, float]:
        """Return one spectrum, each fire as likely as any other."""
        names = np.array(self.source)
        fire = rng.choice(np.unique(names))
        row = rng.choice(np.flatnonzero(names == fire))
        return dict(zip(self.bands, self.spectra[row].tolist(), strict=True))


def burned_spectra(pairs: Sequence[BurnPair]) -> CharLibrary:
    """Return the library of several fires with all six bands.

    Of each pair: clear on both dates, inside the perimeter less two pixels where there
    is one, not dark before (undetected shadow), dNBR above 0.27.
    """
    usable = [pair for pair in pairs if set(ASH) <= set(pair.before)]
    bands = tuple(ASH)
    parts = [(pair.name, _burned(pair, bands)) for pair in usable]
    return CharLibrary(
        bands=bands,
        spectra=np.concatenate([values for _, values in parts]),
        source=tuple(name for name, values in parts for _ in range(len(values))),
    )


def save_library(library: CharLibrary, path: Path) -> None:
    """Keep a library; it is made from files that are not ours, so it is never committed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        bands=np.array(library.bands),
        spectra=library.spectra,
        source=np.array(library.source),
    )


def load_library(path: Path) -> CharLibrary:
    """Read what `save_library` kept.

    Raises
    ------
    ArchiveError
        If it is missing or damaged.
    """
    try:
        # From memory: numpy leaves a damaged file open.
        with np.load(io.BytesIO(path.read_bytes())) as file:
            return CharLibrary(
                tuple(file["bands"].tolist()), file["spectra"], tuple(file["source"].tolist())
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"cannot read {path.name}: {error}", hint="build it again") from error


@dataclass(frozen=True, slots=True, eq=False)
class Implant:
    """One planted burn; a placebo has `char` 0 and is handled in every other way alike."""

    burned: NDArray[np.bool_]
    """True for the pixels that burn, shape (height, width)."""

    at: datetime
    char: float
    """Share of a burned pixel that is char at first, 0 to 1."""

    ash: float
    char_tau: timedelta
    """Time in which the char falls to 1/e."""

    ash_tau: timedelta
    char_spectrum: Mapping[str, float]

    def shares_on(self, day: datetime) -> tuple[float, float]:
        """Return the shares of char and ash of a burned pixel on a day; 0 before the fire."""
        if day < self.at:
            return 0.0, 0.0
        age = day - self.at
        char = self.char * float(np.exp(-(age / self.char_tau)))
        return char, self.ash * float(np.exp(-(age / self.ash_tau)))


def planted(
    bands: Mapping[str, Array],
    clear: NDArray[np.bool_],
    days: Sequence[datetime],
    implant: Implant,
) -> dict[str, Array]:
    """Return the series with the burn mixed in.

    rho' = (1 - c - a) rho + c k char + a k ash in the burned pixels of every image from the
    fire on. k, the brightness of the image against what is usual in its weeks, keeps its
    light and haze. Clear and unclear pixels stay as they are.

    Parameters
    ----------
    bands : mapping
        Reflectance, shape (time, height, width); not written to.
    clear : array
        True where the ground was seen, shape (time, height, width).
    days : sequence of datetime
        Acquisitions, ascending.
    implant : Implant
    """
    found = {name: values.copy() for name, values in bands.items()}
    light = {name: _light(values, clear, days) for name, values in bands.items()}
    for number, day in enumerate(days):
        char, ash = implant.shares_on(day)
        if char + ash <= 0:
            continue
        for name, values in found.items():
            k = float(light[name][number])
            added = char * k * implant.char_spectrum[name] + ash * k * ASH[name]
            image = values[number]
            image[implant.burned] = (1 - char - ash) * image[implant.burned] + added
    return found


def burn_pattern(
    footprint: NDArray[np.bool_], fraction: float, pattern: str, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which pixels of a footprint burn (DETECTION 5.5).

    Parameters
    ----------
    footprint : array
        True inside the settlement, shape (height, width).
    fraction : float
        Share of its pixels that burn, 0 to 1.
    pattern : str
        One of `PATTERNS`: one connected side, patches of some pixels, or single pixels.
    rng : numpy.random.Generator
    """
    grain = {"contiguous": 12.0, "scattered": 2.0, "house by house": 0.0}[pattern]
    field = rng.standard_normal(footprint.shape)
    if grain:
        field = gaussian_filter(field, grain)
    inside = np.flatnonzero(footprint)
    count = round(fraction * len(inside))
    chosen = inside[np.argsort(field.flat[inside], kind="stable")[len(inside) - count :]]
    burned = np.zeros(footprint.shape, dtype=np.bool_)
    burned.flat[chosen] = True
    return burned


def _burned(pair: BurnPair, bands: tuple[str, ...]) -> Array:
    def ratio(image: Mapping[str, Array]) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(
                (image["nir08"] - image["swir22"]) / (image["nir08"] + image["swir22"])
            )

    kept = pair.valid & (pair.before["nir08"] > MIN_NIR_BEFORE)
    kept &= ratio(pair.before) - ratio(pair.after) > MIN_DNBR
    if pair.inside is not None:
        kept &= binary_erosion(pair.inside, iterations=ERODED_PX)
    return np.stack([pair.after[name][kept] for name in bands], axis=1).astype(np.float32)


def _light(
    values: Array, clear: NDArray[np.bool_], days: Sequence[datetime]
) -> NDArray[np.float64]:
    """Return the brightness of each image against the usual of its weeks, 1 where unknown."""
    seen = clear.reshape(len(clear), -1)
    level = np.array(
        [
            np.median(image[ok]) if ok.any() else np.nan
            for image, ok in zip(values.reshape(len(values), -1), seen, strict=True)
        ]
    )
    season = np.array([day.timetuple().tm_yday for day in days], dtype=np.float64)
    light = np.ones(len(days))
    for number in np.flatnonzero(np.isfinite(level)):
        apart = np.abs((season - season[number] + 183.0) % 366.0 - 183.0)
        near = (apart <= SAME_WEEKS_D) & np.isfinite(level)
        light[number] = level[number] / np.median(level[near])
    return np.clip(light, *LIGHT_LIMITS)
