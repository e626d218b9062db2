"""The upstream-radiometry guard: are stored numbers what their description says? Pure.

A forgotten, doubled or wrongly flagged offset of Sentinel-2 injects 0.1 of reflectance,
as much as a burned village (DETECTION 4f). What stands here looks at one scene alone;
the guard against the baseline is the detector's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.scene import Scene, Sensor

REFLECTANCE_SCALE = 1e-4
"""Of integers that declare nothing (CONTRACT section 4)."""

BOA_OFFSET = -0.1
"""Added by Sentinel-2 processing baselines from 04.00 on: (DN - 1000) / 10000."""

FIRST_BASELINE_WITH_OFFSET = (4, 0)
VISIBLE = ("blue", "green", "red")

# DETECTION 4f, item 2, as reflectance that the offset is still part of.
BELOW_ANY_OFFSET = 0.09
SHARE_BELOW = 0.005
PRESENT_FROM = 0.1
PRESENT_PERCENTILE = 0.1
MIN_PIXELS = 400
"""Fewer clear land pixels decide nothing."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How stored numbers become physical values: number * scale + offset."""

    scale: float
    offset: float
    known_from: str
    """``"declared"``, ``"baseline 05.10"``, ``"offset applied upstream"``, ``"default"``."""


class RadiometryVerdict(StrEnum):
    """What the values of one scene say of its calibration; from best to worst."""

    CONSISTENT = "consistent"
    UNCHECKED = "unchecked"
    """No visible band, or too few clear land pixels."""

    UNSURE = "unsure"
    """Bright everywhere: an offset may have been left in. The baseline decides."""

    SUSPECT = "suspect_radiometry"
    """Values and description disagree: nothing may be concluded from this scene."""


@dataclass(frozen=True, slots=True)
class RadiometryCheck:
    """A verdict and its sentence."""

    verdict: RadiometryVerdict
    reason: str


def calibration_of(scene: Scene, band: str, *, integers: bool) -> Calibration:
    """Return how the stored numbers of `band` become physical values.

    What the item declares is honoured, except for one known fault: Earth Search
    declares an offset of -0.1 also on scenes it has subtracted it from
    (``earthsearch:boa_offset_applied``; Element84/earth-search#66). Without a
    declaration integers are reflectance x 10000, minus the offset of
    Sentinel-2 baselines from 04.00 on; decided by baseline and never by date,
    since older scenes are processed again. Floats are taken as they are.

    Parameters
    ----------
    integers : bool
        True if the file stores integers.
    """
    asset = scene.assets[band]
    applied = _flag(scene, "earthsearch:boa_offset_applied")
    if asset.scale is not None or asset.offset is not None:
        declared = asset.offset or 0.0
        if applied and declared == BOA_OFFSET:
            return Calibration(asset.scale or 1.0, 0.0, "offset applied upstream")
        return Calibration(asset.scale or 1.0, declared, "declared")
    if not integers:
        return Calibration(1.0, 0.0, "default")
    if scene.sensor is Sensor.SENTINEL_2 and has_offset(scene.processing_baseline):
        if applied:
            return Calibration(REFLECTANCE_SCALE, 0.0, "offset applied upstream")
        known_from = f"baseline {scene.processing_baseline}"
        return Calibration(REFLECTANCE_SCALE, BOA_OFFSET, known_from)
    return Calibration(REFLECTANCE_SCALE, 0.0, "default")


def has_offset(baseline: str) -> bool:
    """Return True for a Sentinel-2 processing baseline that adds 1000 to each number."""
    return baseline_order(baseline) >= FIRST_BASELINE_WITH_OFFSET


def baseline_order(baseline: str) -> tuple[int, ...]:
    """Return a key that sorts processing baselines; nothing sorts before everything."""
    text = baseline.lstrip("Nn")
    # In product names the point is left out: N0510.
    parts = [text[:2], text[2:]] if len(text) == 4 and text.isdigit() else text.split(".")
    return tuple(int(part) for part in parts) if all(p.isdigit() for p in parts) else ()


def check_values(
    stored: Mapping[str, NDArray[np.float32]], *, offset_subtracted: bool
) -> RadiometryCheck:
    """Compare the values of clear land pixels with what was believed of the offset.

    Parameters
    ----------
    stored : mapping
        Visible bands of clear land, as reflectance *before* any offset was added
        (number x scale), one dimension.
    offset_subtracted : bool
        True if the offset was believed to be in the numbers, and was subtracted.

    Notes
    -----
    Dark land is certain evidence: with the offset still in, nothing but noise lies
    below 1000. Bright land is weak evidence, since a desert looks the same.
    """
    measured = {band: values for band in VISIBLE if (values := stored.get(band)) is not None}
    if not measured or min(values.size for values in measured.values()) < MIN_PIXELS:
        return RadiometryCheck(RadiometryVerdict.UNCHECKED, "too few clear land pixels to judge")
    below = max(float(np.mean(values < BELOW_ANY_OFFSET)) for values in measured.values())
    low = min(float(np.percentile(v, PRESENT_PERCENTILE)) for v in measured.values())
    if offset_subtracted and below > SHARE_BELOW:
        return RadiometryCheck(
            RadiometryVerdict.SUSPECT,
            f"the offset was subtracted, but {below:.1%} of clear land pixels show that it "
            "had been subtracted before",
        )
    if not offset_subtracted and low >= PRESENT_FROM:
        return RadiometryCheck(
            RadiometryVerdict.UNSURE,
            f"no offset was subtracted, but no visible band falls below {low:.3f}: "
            "it may still be in the numbers",
        )
    return RadiometryCheck(RadiometryVerdict.CONSISTENT, "values agree with the declared offset")


def _flag(scene: Scene, key: str) -> bool:
    return scene.properties.get(key, "").lower() == "true"
