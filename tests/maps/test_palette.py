from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from maps.palette import (
    AREA_STROKES,
    BANNERS,
    CHANGE_COLOURS,
    ROLES,
    VEGETATION,
    banner_name,
    stroke_of,
)
from monitor.finding import FindingKind

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
COLOUR_BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour: str) -> NDArray[np.float64]:
    signs = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(signs <= 0.04045, signs / 12.92, ((signs + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2, 1 to 21."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def lab(colour: NDArray[np.float64]) -> NDArray[np.float64]:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(colour, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("severity", BANNERS)
def test_the_status_line_can_be_read(severity: str) -> None:
    banner = BANNERS[severity]

    assert contrast(banner.ground, banner.text) >= 4.5


@pytest.mark.parametrize("blindness", COLOUR_BLINDNESS)
def test_the_main_outlines_differ_for_colour_blind_readers(blindness: str) -> None:
    seen = np.array(COLOUR_BLINDNESS[blindness])
    roles = ("settlement", "burned", "other_settlement", "cell")
    colours = [lab(seen @ linear(stroke_of(role, "burn").colour)) for role in roles]

    # Ten is a difference that is seen at a glance (CIE76).
    assert min(np.linalg.norm(a - b) for a, b in combinations(colours, 2)) >= 10


def test_the_main_outlines_stand_out_on_a_picture() -> None:
    for role in ("settlement", "burned", "other_settlement"):
        assert contrast(stroke_of(role, "burn").colour, VEGETATION) >= 3


def test_no_two_outlines_are_told_apart_by_colour_alone() -> None:
    strokes = [(stroke.width_px, stroke.dash, stroke.fill_opacity) for stroke in ROLES.values()]
    areas = [(stroke.dash, stroke.fill_opacity) for stroke in AREA_STROKES.values()]

    assert len(set(strokes)) == len(strokes)
    assert len(set(areas)) == len(areas)


@pytest.mark.parametrize("kind", FindingKind)
def test_every_kind_of_finding_has_a_colour(kind: FindingKind) -> None:
    assert stroke_of("burned", kind.value).colour == CHANGE_COLOURS[kind.value]


def test_lines_are_dark_where_no_picture_is_under_them() -> None:
    paper = "#ECEFF1"

    for role in ("settlement", "burned", "other_settlement", "ring"):
        assert contrast(stroke_of(role, "burn", bare=True).colour, paper) >= 3


def test_an_unknown_severity_or_role_is_drawn_too() -> None:
    assert banner_name("Severe") == "severe"
    assert banner_name("catastrophic") == "unknown"
    assert stroke_of("tank", "burn").dash
