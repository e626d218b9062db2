"""The numbers of the camp detector (DETECTION 4d and 4h)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

BLOCK_HA = 0.16


@dataclass(frozen=True, slots=True)
class CampSettings:
    """Numbers of the camp detector; the first five stand in ``[detection.camp]``."""

    min_new_area_ha: float = 1.0
    min_growth_area_ha: float = 0.5
    min_growth_fraction: float = 0.10
    """Growth of a known camp in 30 days."""

    min_emptying_fraction: float = 0.30
    """Fall of the sign of its shelters, as a share of what sets a camp apart from the land."""

    emptying_looks: int = 3
    """Clear looks through which the fall must last."""

    deep_fall: float = 0.60
    """From twice that fall on two clear looks are enough: standing camps of tuning worlds never
    fell by a quarter in two looks running, and a burned camp may stand again in two weeks."""

    theta: float = 0.5
    """P(shelters) from which a block shows them."""

    low: float = 0.35
    """P from which a block belongs to a patch that another block starts."""

    least_looks: int = 3
    least_share: float = 0.75
    """Three of four clear looks must show it ..."""

    least_days: float = 10.0
    """... over so many days: three looks five days apart."""

    recent: timedelta = timedelta(days=75)
    """Looks of this time say what stands now."""

    memory: timedelta = timedelta(days=180)
    """Signs of looks are kept for so long: older ones than a rainy season say nothing of how a
    place came to be what it is."""

    growth_certainty: float = 0.95
    """Posterior probability from which growth is alerted."""

    season_days: float = 15.0
    """Looks of earlier years, from so long before a sign may first have stood to so long after
    the season of today, say whether it comes every year."""

    max_shown_share: float = 0.03
    """A look in which more of the land resembles shelters is held: haze or missed cloud."""

    min_score: float = 2.4
    """Score of a patch from which it is reported: .6 of ln hectares plus five times the rise of
    brightness and blueness, as it will be in two weeks if it goes on filling."""

    min_slow_score: float = 4.0
    """The same of a patch that stood with less long before, or that nobody saw come:
    people settle in weeks, building sites rise over months. Only large camps stand out so far."""

    min_dense_share: float = 0.95
    """Of the least area: as many equal blocks as would hold the strength of a patch. Stalls on
    half a hectare shine into the blocks around them."""

    clear: float = 0.70
    """Share of a camp that a look must see."""

    @property
    def least_new_blocks(self) -> int:
        """Blocks of a new camp: 7 for 1 ha."""
        return max(round(self.min_new_area_ha / BLOCK_HA + 0.499), 1)
