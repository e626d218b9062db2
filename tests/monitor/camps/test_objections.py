from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.camps.coming import Coming
from monitor.camps.components import Patch
from monitor.camps.objections import spoken_against
from monitor.camps.settings import CampSettings
from monitor.camps.verdict import NewPatch

OWN = np.ones(16, dtype=np.bool_)
LASTED = Patch(OWN, OWN, np.ones(16, dtype=np.float32))
EARLY = replace(LASTED, early=True)
IN_WEEKS = Coming(earlier=0.1, before=0.0, looks=3, since=None, after=None, per_day=0.0)
CAMP = NewPatch(
    patch=LASTED,
    area_m2=25_600.0,
    dense_m2=20_000.0,
    strength=0.4,
    score=3.0,
    texture_sigma=6.0,
    has_texture=True,
    coming=IN_WEEKS,
    clear=1.0,
    years_checked=2,
    recurrent_years=0,
    means={"visible_change": 0.2, "blue_red_change": 0.2, "texture_change": 0.9},
    refused="",
)
"""Uneven, brighter, strong enough, and three weeks before it first stood hardly anything."""

NAN = float("nan")
TOO_EVEN = "two looks alone show it, and its texture rose too little for that"


def test_nothing_speaks_against_a_camp_that_came_within_weeks() -> None:
    assert spoken_against(CAMP, CampSettings()) == ""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"texture_sigma": 1.0}, "its texture did not rise"),
        ({"texture_sigma": NAN}, "its texture did not rise"),
        ({"means": {**CAMP.means, "visible_change": 0.01}}, "its ground did not become brighter"),
        ({"score": 2.3}, "its sign is weak for its size: score 2.3 of 2.4"),
        ({"dense_m2": 9_000.0}, "most of it lies on 0.9 ha, as stalls and yards do"),
        (
            {"score": 2.9, "means": {**CAMP.means, "blue_red_change": 0.09}},
            "it is brighter rather than bluer: score 2.9 of 3.0",
        ),
        (
            {"coming": replace(IN_WEEKS, earlier=0.25, before=0.15)},
            "it came slowly, as building does: score 3.0 of 4.0",
        ),
        ({"patch": EARLY, "texture_sigma": 4.9}, TOO_EVEN),
        # It brightened by .4: its texture would have to rise by .6.
        ({"patch": EARLY, "means": {**CAMP.means, "texture_change": 0.55}}, TOO_EVEN),
        (
            {"coming": replace(IN_WEEKS, earlier=0.4)},
            "it came slowly, as building does: score 3.0 of 4.0",
        ),
        (
            {"coming": replace(IN_WEEKS, earlier=NAN, before=0.2)},
            "it came slowly, as building does: score 3.0 of 4.0",
        ),
        (
            {"coming": replace(IN_WEEKS, earlier=NAN, before=NAN, looks=9)},
            "nobody saw it come, and 9 clear looks show it",
        ),
    ],
)
def test_what_speaks_against_a_patch_is_said(changed: dict[str, object], reason: str) -> None:
    assert spoken_against(replace(CAMP, **changed), CampSettings()) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(
            {"coming": replace(IN_WEEKS, earlier=NAN, before=NAN, looks=8)},
            id="clouds hid its coming",
        ),
        pytest.param(
            {"coming": replace(IN_WEEKS, earlier=NAN, before=0.1, looks=8)},
            id="clouds hid its coming, not before",
        ),
        pytest.param(
            {"coming": replace(IN_WEEKS, earlier=1.0), "score": 4.0},
            id="large and strong, however it came",
        ),
        pytest.param({"patch": EARLY}, id="two looks show it, and it is uneven"),
        pytest.param(
            {"score": 3.0, "means": {**CAMP.means, "blue_red_change": 0.0}},
            id="strong, whatever its colour",
        ),
        pytest.param({"has_texture": False, "texture_sigma": NAN}, id="no texture was measured"),
    ],
)
def test_what_cannot_be_known_does_not_speak_against_it(changed: dict[str, object]) -> None:
    assert spoken_against(replace(CAMP, **changed), CampSettings()) == ""  # type: ignore[arg-type]


def test_how_dense_it_must_be_follows_the_least_area_that_is_asked_for() -> None:
    small = replace(CAMP, dense_m2=5_000.0)

    assert spoken_against(small, CampSettings(min_new_area_ha=0.5)) == ""
    assert spoken_against(small, CampSettings()).startswith("most of it lies on 0.5 ha")
