"""How many alerts of burning a month will bring, before the first look."""

from __future__ import annotations

from dataclasses import dataclass

MONTHS_A_YEAR = 12
A_ROUND_NUMBER = 100
"""Villages that are spoken of while nobody has said how many there are."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What happens to one village in one year. From ``[detection.burn]`` in config.toml."""

    burns: float = 0.10
    """Share of villages that burn: what probabilities rest on, not what was measured here."""

    false_alarms: float = 0.01
    """The threshold of the detector is set for this many, all rules together."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Alerts in a month: expectations, of a number that scatters."""

    settlements: int
    counted: bool
    """False if nobody has imported settlements, and a round number stands for them."""

    burned: float
    """If every village that burns is found, so no less than will be."""

    false: float

    @property
    def all(self) -> float:
        return self.burned + self.false


def expected_alerts(rates: Rates, settlements: int) -> Expected:
    """Return villages times rates, a twelfth of each a month."""
    counted = settlements or A_ROUND_NUMBER
    village_months = counted / MONTHS_A_YEAR
    return Expected(
        settlements=counted,
        counted=settlements > 0,
        burned=village_months * rates.burns,
        false=village_months * rates.false_alarms,
    )
