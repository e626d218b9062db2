"""What an area keeps of its camps between looks, and what one look says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.camps.coming import Coming
from monitor.camps.components import Patch
from monitor.camps.reading import CampReading
from monitor.camps.region import Chosen
from monitor.camps.season import Season
from monitor.camps.sign import LookSign

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CampState:
    """What an area keeps between looks."""

    region_version: str
    seasons: Mapping[str, Season] = field(default_factory=dict)
    signs: tuple[LookSign, ...] = ()
    """Of the last 180 days, oldest first."""

    series: Mapping[str, tuple[CampReading, ...]] = field(default_factory=dict)
    """Camp to its readings, oldest first."""


@dataclass(frozen=True, slots=True, eq=False)
class NewPatch:
    """A patch of lasting shelters where none were known."""

    patch: Patch
    area_m2: float
    dense_m2: float
    """As many equal blocks as would hold its strength, as an area."""

    strength: float
    """Its mean rise of brightness and blueness, 0 to 1."""

    score: float
    """.6 of ln hectares plus five times its strength, as it will be in two weeks if it goes on
    filling: what placebo patches are ranked by."""

    texture_sigma: float
    has_texture: bool
    coming: Coming
    clear: float
    """Share of the patch that the newest look saw, 0 to 1."""

    years_checked: int
    """Earlier years of which the same weeks were seen."""

    recurrent_years: int
    means: Mapping[str, float]
    """Mean change of each feature in the newest look."""

    refused: str
    """Why it is no new camp; empty if it is one."""


@dataclass(frozen=True, slots=True, eq=False)
class CampVerdict:
    """What one look says."""

    state: CampState
    reason: str
    """Why nothing is concluded of this look; empty if something is."""

    held: bool = False
    patches: tuple[NewPatch, ...] = ()
    readings: Mapping[str, CampReading] = field(default_factory=dict)
    gains: Mapping[str, Array] = field(default_factory=dict)
    """Camp to the covered share of the blocks that it gained."""

    strengths: Mapping[str, float] = field(default_factory=dict)
    """Camp to the rise of brightness and blueness of what it gained."""

    years: Callable[[Chosen, float], tuple[int, int]] | None = None
    """Tells of blocks and their strength how many earlier years were seen in the same weeks,
    and how many showed it: reads the archive, so it is asked when something is to be said."""
