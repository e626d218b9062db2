"""What lay under the new camps that were none, beside how much of it there was. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Record = Mapping[str, Any]

CAMP = "camp"
LIKE_CAMPS = (
    "construction", "flood", "kiln", "market", "mine", "new_roofs", "nomad_camp", "threshing",
)  # fmt: skip
"""Kinds of events that put something on ground, or take plants or water off it, and are no camps:
the first part of their identifiers."""


def cause_lines(records: Iterable[Record]) -> list[str]:
    """Return a table of what was taken for a camp, and of how many such things began meanwhile.

    Growth of what was taken for one is left out.
    """
    taken: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for record in records:
        kinds = [_kind(row["id"]) for row in record["events"] if row["start"] >= record["from"]]
        there.update(kind for kind in kinds if kind in LIKE_CAMPS)
        for patch in record["patches"]:
            below = {_kind(event) for event in patch["events"]}
            if patch["new"] and CAMP not in below:
                taken[" and ".join(sorted(below)) or "nothing known"] += 1
    names = sorted({*taken, *there})
    rows = [
        f"| {name.replace('_', ' ')} | {taken[name]} | {there[name] or '–'} |" for name in names
    ]
    return [
        "| taken for a new camp | times | of so many |",
        "|---|---|---|",
        *(rows or ["| there was none | 0 | 0 |"]),
    ]


def _kind(event_id: str) -> str:
    return event_id.split("-")[0]
