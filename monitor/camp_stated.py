"""How often new camps are true that were told with a probability: stated beside observed.

Pure: what goes in are the tables that `monitor.camp_study` wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from monitor.camps.calibration import CampCalibration
from monitor.detectors.camps_case import probability_of
from monitor.detectors.camps_findings import LEAST_PROBABILITY, NEW_PER_1000_KM2_YEAR
from monitor.goals import written
from monitor.skill import share

Record = Mapping[str, Any]

LIMITS = (0.2, 0.6, 0.8, 0.9, 1.0)
"""Of the lowest probability that is told, of tier B, and above."""

GROUND = "camp-"
"""What the identifiers of events begin with that put shelters on ground or take them off."""


def stated_lines(records: Iterable[Record], calibration: CampCalibration) -> list[str]:
    """Return a table of what was stated of new camps, and how often it was true.

    Parameters
    ----------
    records : iterable of mapping
        Of worlds that the calibration was not made from.
    calibration : CampCalibration
    """
    told = list(_told(records, calibration))
    lines = ["| stated | told | mean stated | true |", "|---|---|---|---|"]
    for low, high in pairwise(LIMITS):
        part = [(p, true) for p, true, _ in told if low <= p < high]
        lines.append(f"| {low} to {high} | {_row(part)} |")
    for name, early in (("two looks running", True), ("three looks and more", False)):
        part = [(p, true) for p, true, is_early in told if is_early is early]
        lines.append(f"| by {name} | {_row(part)} |")
    return lines


def _row(part: list[tuple[float, bool]]) -> str:
    mean = f"{sum(p for p, _ in part) / len(part):.2f}" if part else "–"
    return f"{len(part)} | {mean} | {written(share(sum(true for _, true in part), len(part)))}"


def _told(
    records: Iterable[Record], calibration: CampCalibration
) -> Iterator[tuple[float, bool, bool]]:
    """Yield of each new camp its probability, if it was one, and if two looks alone told it."""
    for record in records:
        for patch in record["patches"]:
            if not patch["new"]:
                continue
            rate = calibration.patches.rate(patch["score"])
            stated = probability_of(NEW_PER_1000_KM2_YEAR, rate)
            if stated >= LEAST_PROBABILITY:
                true = any(event.startswith(GROUND) for event in patch["events"])
                yield stated, true, bool(patch["early"])
