"""Cloud shadows that no classification flags: dark in every band, and tilted to the blue. Pure.

In shadow the ground is lit by the sky alone, which is blue: short-wave infrared falls
most, blue least, and the vegetation index stays. Char falls otherwise: near infrared
most, short-wave infrared little or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from monitor.observation import UNCLEAR, Flag, Observation
from monitor.radiometry import VISIBLE

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

SHORT_WAVE = ("swir16", "swir22")
EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.uint8)
SAMPLES_PER_TILE = 8
"""Pixels a side that stand for a tile of the reference; enough for a median."""

MIN_SAMPLES = 8

# Atmospheric correction leaves deep shadow at zero and below.
LEAST_REFLECTANCE = 0.002


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """When a pixel is a dark shadow; fractions are of its surroundings, in reflectance."""

    tile_m: float = 480.0
    """The surroundings are medians of such tiles ..."""

    window_tiles: int = 9
    """... over a square of so many tiles: 4.3 km, wider than most shadows."""

    quantile: float = 0.6
    """Of the tiles of the window: above a half, so that a large shadow is not its own measure."""

    nir_below: float = 0.55
    visible_below: float = 0.70
    tilt_below: float = 0.90
    """Short-wave infrared fell to at most this share of what the visible fell to."""

    nbr_above: float = 0.90
    """Near infrared fell to at least this share of what short-wave infrared fell to: char
    falls below."""

    least_nbr: float = -0.10
    """Least burn ratio of near infrared to ``swir22``: shadow raises it even over sand, old
    and new char lie below."""

    green_below: float = 0.90
    """Green to near infrared: above it is water."""

    least_m2: float = 3_600.0
    """Smaller dark places are houses, trees and roads."""


class Surroundings:
    """What is normal around each pixel: medians of tiles, over a window of tiles."""

    def __init__(self, observation: Observation, usable: Bools, settings: ShadowSettings) -> None:
        self._usable = usable
        self._side = max(1, round(settings.tile_m / observation.grid.resolution_m))
        self._settings = settings

    def normal(self, values: Floats, places: Sequence[NDArray[np.intp]]) -> Floats:
        """Return the normal value at pixels given as rows and columns; NaN if unknown."""
        tiles = self._of_tiles(values)
        rows, columns = places
        normal: Floats = tiles[rows // self._side, columns // self._side]
        return normal

    def everywhere(self, values: Floats) -> Floats:
        """Return the normal value at every pixel."""
        tiles = self._of_tiles(values)
        height, width = values.shape
        return tiles.repeat(self._side, 0).repeat(self._side, 1)[:height, :width]

    def _of_tiles(self, values: Floats) -> Floats:
        medians = self._tile_medians(values)
        window = self._settings.window_tiles
        padded = np.pad(medians, window // 2, constant_values=np.nan)
        around = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
        flat = around.reshape(*medians.shape, window * window)
        return _quantile(flat, self._settings.quantile)

    def _tile_medians(self, values: Floats) -> Floats:
        height, width = values.shape
        side = self._side
        rows, columns = -(-height // side), -(-width // side)
        padded = np.full((rows * side, columns * side), np.nan, dtype=np.float32)
        padded[:height, :width] = np.where(self._usable, values, np.float32(np.nan))
        step = max(1, side // SAMPLES_PER_TILE)
        tiles = padded.reshape(rows, side, columns, side)[:, ::step, :, ::step]
        samples = tiles.transpose(0, 2, 1, 3).reshape(rows, columns, -1)
        medians = _quantile(samples, 0.5)
        medians[np.isfinite(samples).sum(axis=-1) < MIN_SAMPLES] = np.nan
        return medians


def surroundings_of(observation: Observation, settings: ShadowSettings) -> Surroundings:
    """Return what is normal around each pixel, from clear land alone."""
    unusable = np.uint16(UNCLEAR | Flag.WATER)
    return Surroundings(observation, (observation.flags & unusable) == 0, settings)


def dark_shadow(
    observation: Observation, surroundings: Surroundings, settings: ShadowSettings
) -> Bools:
    """Return True where the ground is as dark, and as blue, as in a cloud's shadow.

    Parameters
    ----------
    observation : Observation
        Visible bands, ``nir08`` and at least one of ``swir16 swir22``; without them
        nothing is found.

    Notes
    -----
    Cannot be told from shadow in one look: terrain in its own shade, dark smooth
    surfaces in bright land (asphalt, lava, wet mud), and water that is neither
    flagged nor greener than it is bright in the near infrared. A shadow that covers
    most of a 4 km square becomes its own surroundings and is missed, as is thin
    shade that leaves more than `nir_below` of the light.
    """
    bands = observation.bands
    nothing = np.zeros(observation.grid.shape, dtype=np.bool_)
    visible = [band for band in VISIBLE if band in bands]
    short = [band for band in SHORT_WAVE if band in bands]
    if "nir08" not in bands or not visible or not short:
        return nothing
    nir = bands["nir08"]
    with np.errstate(invalid="ignore"):
        dim = nir < settings.nir_below * surroundings.everywhere(nir)
    dim &= ~_watery(bands, settings) & ~_charred(bands, settings)
    places = np.nonzero(dim)
    if not len(places[0]):
        return nothing
    least = np.float32(LEAST_REFLECTANCE)
    fell: dict[str, Floats] = {
        name: np.divide(np.maximum(values[places], least), surroundings.normal(values, places))
        for name, values in (
            ("visible", _mean([bands[band] for band in visible])),
            ("nir", nir),
            ("swir", _mean([bands[band] for band in short])),
        )
    }
    shadow = nothing.copy()
    shadow[places] = _falls_as_shadow(fell, settings)
    return _large_enough(shadow, settings.least_m2 / observation.grid.pixel_area_m2)


def _falls_as_shadow(fell: Mapping[str, Floats], settings: ShadowSettings) -> Bools:
    """Decide from what is left of the light: the share of the surroundings, per group of bands."""
    with np.errstate(invalid="ignore"):
        dark: Bools = fell["visible"] < settings.visible_below
        dark &= fell["swir"] < settings.tilt_below * fell["visible"]
        dark &= fell["nir"] > settings.nbr_above * fell["swir"]
    return dark


def _watery(bands: Mapping[str, Floats], settings: ShadowSettings) -> Bools:
    if "green" not in bands:
        return np.zeros(bands["nir08"].shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        watery: Bools = bands["green"] > settings.green_below * bands["nir08"]
    return watery


def _charred(bands: Mapping[str, Floats], settings: ShadowSettings) -> Bools:
    nir, swir = bands["nir08"], bands.get("swir22")
    if swir is None:
        return np.zeros(nir.shape, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        charred: Bools = nir - swir < settings.least_nbr * (nir + swir)
    return charred


def _large_enough(selected: Bools, least_px: float) -> Bools:
    if least_px <= 1 or not selected.any():
        return selected
    parts, count = label(selected, EIGHT_NEIGHBOURS)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    kept = sizes >= least_px
    kept[0] = False
    large: Bools = kept[parts]
    return large


def _mean(layers: Sequence[Floats]) -> Floats:
    total = layers[0].copy()
    for layer in layers[1:]:
        total += layer
    return total / np.float32(len(layers))


def _quantile(values: Floats, q: float) -> Floats:
    """Return a quantile over the last axis of the numbers that are not NaN."""
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(ordered).sum(axis=-1, keepdims=True)
    index = np.maximum(np.floor((count - 1) * q).astype(np.intp), 0)
    return np.take_along_axis(ordered, index, axis=-1)[..., 0]
