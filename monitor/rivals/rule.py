"""What a rule is, and what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from monitor.alarm import Scores
from monitor.looks import Look
from monitor.rivals.ground import SeenLook
from monitor.scene import Hotspot


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One variant of one rule: its scores, and the threshold that its authors use."""

    rule: str
    """Identifier of DETECTION section 6, such as ``"dnbr10-px"``."""

    scores: Scores
    native: float
    """An alarm is a score above it."""


class Rule(Protocol):
    """A rule that is shown everything once, in time order."""

    def see(self, look: SeenLook) -> None:
        """Take in one optical look."""
        ...

    def see_radar(self, look: Look) -> None:
        """Take in one radar look."""
        ...

    def see_hotspots(self, hotspots: Sequence[Hotspot]) -> None:
        """Take in all detections of the area, before any look."""
        ...

    def scored(self) -> list[Scored]:
        """Return the variants of the rule."""
        ...


class QuietRule:
    """Takes no notice of anything: a rule overrides what it looks at."""

    def see(self, look: SeenLook) -> None:
        """Take in one optical look."""

    def see_radar(self, look: Look) -> None:
        """Take in one radar look."""

    def see_hotspots(self, hotspots: Sequence[Hotspot]) -> None:
        """Take in all detections of the area, before any look."""


NO_TIME = np.datetime64("NaT", "s")
