"""How bad and how sure: the words of CAP 1.2, and the rank that escalation compares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alerts.alert import Alert, Review, Status
from monitor.finding import Finding, FindingKind, Tier


class Severity(StrEnum):
    """Words of CAP 1.2; the order of the class is from least to worst."""

    MINOR = "minor"
    MODERATE = "moderate"
    SEVERE = "severe"
    EXTREME = "extreme"


class Certainty(StrEnum):
    """Words of CAP 1.2."""

    POSSIBLE = "possible"
    LIKELY = "likely"
    OBSERVED = "observed"


SEVERITIES = tuple(Severity)
TIERS = (Tier.C, Tier.B, Tier.A)
STATUS_RANKS = {
    Status.FIRST: 0,
    Status.PROVISIONAL: 1,
    Status.CONFIRMED: 2,
    Status.ENDED: 2,
    Status.REJECTED: 0,
    Status.RETRACTED: 0,
}

# A tenth of a settlement is some compounds, a third most of a quarter, two thirds the village.
FRACTION_STEPS = (0.10, 0.33, 0.66)

# One hectare of burned blocks is six blocks of 40 m: with less, a single compound.
AREA_STEPS_M2 = (10_000.0, 40_000.0, 160_000.0)


def severity_score(finding: Finding) -> float:
    """Return what the severity was read from, 0 to 1.

    The changed share of a settlement; for a new place, the changed area on a
    scale that reaches 1 at 16 ha.
    """
    if finding.settlement_fraction is not None:
        return min(max(finding.settlement_fraction, 0.0), 1.0)
    return min(finding.area_m2 / AREA_STEPS_M2[-1], 1.0)


def severity_of(finding: Finding) -> Severity:
    """Return how bad it is if it is true. Says nothing of how sure.

    Hotspots alone and an unseen area are never worse than moderate: they say
    that something may have happened, not how much.
    """
    if finding.settlement_fraction is not None:
        passed = sum(finding.settlement_fraction >= step for step in FRACTION_STEPS)
    else:
        passed = sum(finding.area_m2 >= step for step in AREA_STEPS_M2)
    if finding.kind in (FindingKind.HOTSPOTS, FindingKind.BLIND):
        passed = min(passed, 1)
    return SEVERITIES[passed]


WEIGHTS = {
    Severity.MINOR: 1.0,
    Severity.MODERATE: 2.0,
    Severity.SEVERE: 4.0,
    Severity.EXTREME: 8.0,
}

REOPENED = 100.0
"""Added where somebody judged and the desk must look again: before everything new."""


def priority_of(alert: Alert) -> float:
    """Return the place in the queue: severity times uncertainty, the highest first.

    Uncertainty is 1 for what is sure either way and 2 at a probability of one
    half, so that a person's minute goes where it decides most, and an extreme
    finding is never behind a minor one for being certain.
    """
    p = min(max(alert.finding.probability, 0.0), 1.0)
    waiting = WEIGHTS[Severity(alert.severity)] * (1.0 + 4.0 * p * (1.0 - p))
    again = alert.needs_review and alert.review is not Review.UNSET
    return waiting + (REOPENED if again else 0.0)


def certainty_of(status: Status) -> Certainty:
    """Return how sure we are, by who has looked."""
    if status in (Status.CONFIRMED, Status.ENDED):
        return Certainty.OBSERVED
    return Certainty.LIKELY if status is Status.PROVISIONAL else Certainty.POSSIBLE


@dataclass(frozen=True, slots=True)
class Rank:
    """What a person was told, as three numbers that may only grow (ALERTS 2.4)."""

    status: int = -1
    severity: int = -1
    tier: int = -1

    def exceeds(self, other: Rank) -> bool:
        """Return True if any of the three is higher than in `other`."""
        return (
            self.status > other.status or self.severity > other.severity or self.tier > other.tier
        )

    def joined(self, other: Rank) -> Rank:
        """Return the highest of each."""
        return Rank(
            max(self.status, other.status),
            max(self.severity, other.severity),
            max(self.tier, other.tier),
        )


NEVER_TOLD = Rank()


def rank_of(alert: Alert) -> Rank:
    """Return the rank of what the alert says now."""
    return Rank(
        STATUS_RANKS[alert.status],
        SEVERITIES.index(Severity(alert.severity)),
        TIERS.index(alert.finding.tier),
    )
