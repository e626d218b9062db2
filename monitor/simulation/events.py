"""What happens in a world, with the truth of it: fires, harvests, camps, mimics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from aoi.interval import Interval
from monitor.simulation.changes import Change
from monitor.simulation.clock import instant


class EventKind(StrEnum):
    """What happened. The first five are what detectors look for."""

    BURNED = "burned"
    CAMP_NEW = "camp_new"
    CAMP_GROWTH = "camp_growth"
    CAMP_EMPTIED = "camp_emptied"
    BUSH_FIRE = "bush_fire"
    COMPOUND_FIRE = "compound_fire"
    """A single compound: an accident too small to be promised (DETECTION 5.5, decoys)."""

    STRAW_REMOVED = "straw_removed"
    THATCH_RENEWED = "thatch_renewed"
    NEW_ROOFS = "new_roofs"
    MARKET = "market"
    NOMAD_CAMP = "nomad_camp"
    KILN = "kiln"
    MINE = "mine"
    FLOOD = "flood"
    CONSTRUCTION = "construction"
    THRESHING = "threshing"


TARGETS = (EventKind.BURNED, EventKind.CAMP_NEW, EventKind.CAMP_GROWTH, EventKind.CAMP_EMPTIED)
"""Kinds that stand in truth.csv; all others are confounders."""


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One thing that truly happened. Never read by a detector."""

    event_id: str
    kind: EventKind
    settlement_id: str | None
    interval: Interval
    """From the first to the last moment of it: hours for a fire, weeks for a camp."""

    fraction: float
    """Share of the structures (settlements) or of the ring (bush fires), 0 to 1."""

    tau_days: float
    """Time in which its char falls to 1/e without rain; NaN where nothing burned."""

    pattern: str
    """Such as ``"contiguous"``, ``"scattered"``, ``"house by house"``."""

    centre: tuple[float, float]
    """Row and column of the centre, in pixels of 10 m."""

    changes: tuple[Change, ...] = field(default=(), repr=False)

    @property
    def start(self) -> float:
        """Day number of its first moment."""
        return min(change.course.start for change in self.changes)

    @property
    def area_m2(self) -> float:
        """Ground in the blocks of which a tenth or more changed, square metres."""
        return 1_600.0 * len(self.blocks(0.1))

    def blocks(self, least: float) -> NDArray[np.intp]:
        """Return flat indices of the blocks of which at least this share changed."""
        chosen = [change.blocks[change.changed_share >= least] for change in self.changes]
        return np.unique(np.concatenate(chosen))


def between(start: float, days: float) -> Interval:
    """Return the interval of so many days, at least an hour, from a day number on."""
    return Interval(instant(start), instant(start + max(days, 1.0 / 24.0)))


def log_uniform(draws: np.random.Generator, least: float, most: float) -> float:
    """Return a number between two, as likely per factor as per factor."""
    return math.exp(draws.uniform(math.log(least), math.log(most)))
