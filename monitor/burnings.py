"""Earlier burnings of a settlement: which one this is, and how long ago the last was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.finding import Finding, FindingKind, Tier
from monitor.store import MonitorStore

SAME_BURNING = timedelta(days=30)
"""Findings of a settlement this near to each other are one burning."""

FIRE_KINDS = (FindingKind.BURN, FindingKind.HOTSPOTS)


def with_history(finding: Finding, store: MonitorStore) -> Finding:
    """Return a finding of a fire with what is quoted of the ones before it."""
    if finding.kind not in FIRE_KINDS or finding.settlement_id is None:
        return finding
    earlier = store.findings(settlement_id=finding.settlement_id)
    quoted = past_burnings(earlier, finding.first_seen)
    return replace(finding, indicators={**finding.indicators, **quoted})


def past_burnings(findings: Iterable[Finding], before: datetime) -> dict[str, float]:
    """Return `nth_burning`, counting one that is seen now, and `days_since_last_burning`.

    Parameters
    ----------
    findings : iterable of Finding
        Of one settlement. Burns of tier A and B count; those within 30 days are one.
    before : datetime
        When the new one was first seen.
    """
    burned = (f for f in findings if f.kind is FindingKind.BURN and f.tier is not Tier.C)
    count = 0
    last: datetime | None = None
    for first, latest in sorted((f.first_seen, f.last_seen) for f in burned):
        if first >= before - SAME_BURNING:
            continue
        if last is None or first - last > SAME_BURNING:
            count += 1
        last = latest if last is None else max(last, latest)
    found = {"nth_burning": float(count + 1)}
    if last is not None:
        found["days_since_last_burning"] = max((before - last) / timedelta(days=1), 0.0)
    return found
