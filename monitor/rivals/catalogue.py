"""All rules, run over the same looks in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.blocks import BlockSets
from monitor.looks import Look
from monitor.rivals.cir import Cir
from monitor.rivals.dnbr import Dnbr
from monitor.rivals.ewma import Ewma
from monitor.rivals.firms import Firms
from monitor.rivals.ground import Ground, ground_of, seen
from monitor.rivals.marx import Marx
from monitor.rivals.pwtt import Pwtt
from monitor.rivals.rule import Rule, Scored
from monitor.rivals.seasonal import Seasonal
from monitor.scene import Hotspot, Sensor

FAMILIES = {
    # The six of DETECTION section 6 with their variants; z1 and z2 are ablations.
    "cir": ("cir", "cir-fast"),
    "dnbr": ("dnbr10", "dnbr27", "dnbr10-px"),
    "marx": ("marx", "marx-norm"),
    "ewma": ("ewma-nbr", "ewma-nir"),
    "pwtt": ("pwtt", "pwtt-pooled"),
    "firms": ("firms", "firms-fp"),
}
ABLATIONS = ("z1", "z2")


def rules_for(ground: Ground, train_until: datetime) -> list[Rule]:
    """Return one of each rule, fresh."""
    return [
        Cir(ground),
        Dnbr(ground),
        Marx(ground),
        Ewma(ground, train_until, "nbr"),
        Ewma(ground, train_until, "nir"),
        Pwtt(ground),
        Firms(ground),
        Seasonal(ground, train_until),
    ]


class RivalRun:
    """All rules at work on one area: shown each look once, in time order."""

    def __init__(self, sets: BlockSets, hotspots: Sequence[Hotspot], train_until: datetime) -> None:
        self._ground = ground_of(sets)
        self._rules = rules_for(self._ground, train_until)
        for rule in self._rules:
            rule.see_hotspots(hotspots)

    def see(self, look: Look) -> None:
        """Show one look to every rule."""
        if look.sensor is Sensor.SENTINEL_1:
            for rule in self._rules:
                rule.see_radar(look)
            return
        shown = seen(look, self._ground)
        for rule in self._rules:
            rule.see(shown)

    def scored(self) -> list[Scored]:
        """Return every variant of every rule."""
        return [variant for rule in self._rules for variant in rule.scored()]


def score_all(
    looks: Iterable[Look],
    sets: BlockSets,
    hotspots: Sequence[Hotspot],
    train_until: datetime,
) -> list[Scored]:
    """Return what every rule says of every settlement of one area.

    Parameters
    ----------
    looks : iterable of Look
        In order of acquisition, training looks included.
    sets : BlockSets
    hotspots : sequence of Hotspot
        Of the whole period.
    train_until : datetime
        Rules with a history learn from the looks before it and are scored after it.
    """
    run = RivalRun(sets, hotspots, train_until)
    for look in looks:
        run.see(look)
    return run.scored()
