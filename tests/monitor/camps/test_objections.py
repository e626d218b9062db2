from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.camps.components import Patch
from monitor.camps.objections import spoken_against
from monitor.camps.settings import CampSettings
from monitor.camps.verdict import NewPatch

OWN = np.ones(16, dtype=np.bool_)
CAMP = NewPatch(
    patch=Patch(OWN, OWN, np.ones(16, dtype=np.float32)),
    area_m2=25_600.0,
    score=3.0,
    texture_sigma=6.0,
    has_texture=True,
    earlier=0.1,
    standing_looks=3,
    clear=1.0,
    years_checked=2,
    recurrent_years=0,
    means={"visible_change": 0.2},
    refused="",
)
"""Uneven, brighter, strong enough, and three weeks before it first stood hardly anything."""

NAN = float("nan")


def test_nothing_speaks_against_a_camp_that_came_within_weeks() -> None:
    assert spoken_against(CAMP, CampSettings()) == ""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"texture_sigma": 1.0}, "its texture did not rise"),
        ({"texture_sigma": NAN}, "its texture did not rise"),
        ({"means": {"visible_change": 0.01}}, "its ground did not become brighter"),
        ({"score": 2.3}, "its sign is weak for its size: score 2.3 of 2.4"),
        ({"earlier": 0.6}, "it came slowly, as building does: score 3.0 of 5.0"),
        ({"earlier": NAN, "standing_looks": 9}, "nobody saw it come, and 9 clear looks show it"),
    ],
)
def test_what_speaks_against_a_patch_is_said(changed: dict[str, object], reason: str) -> None:
    assert spoken_against(replace(CAMP, **changed), CampSettings()) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"earlier": NAN, "standing_looks": 8}, id="clouds hid its coming"),
        pytest.param({"earlier": 1.0, "score": 5.0}, id="large and strong, however it came"),
        pytest.param({"has_texture": False, "texture_sigma": NAN}, id="no texture was measured"),
    ],
)
def test_what_cannot_be_known_does_not_speak_against_it(changed: dict[str, object]) -> None:
    assert spoken_against(replace(CAMP, **changed), CampSettings()) == ""  # type: ignore[arg-type]
