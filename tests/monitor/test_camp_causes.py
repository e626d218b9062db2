from __future__ import annotations

from typing import Any

from monitor.camp_causes import cause_lines


def an_event(name: str, start: str = "2024-02-01") -> dict[str, Any]:
    return {"id": name, "start": start}


def a_patch(*events: str, new: bool = True) -> dict[str, Any]:
    return {"new": new, "events": list(events)}


def test_what_was_taken_for_a_camp_stands_beside_how_much_of_it_there_was() -> None:
    record = {
        "from": "2024-01-01",
        "events": [
            an_event("mine-001-2024"), an_event("mine-002-2024"), an_event("market-001-2024"),
            an_event("mine-003-2023", "2023-12-31"), an_event("camp-new-00"), an_event("burn-003"),
        ],
        "patches": [
            a_patch("mine-001-2024"), a_patch("mine-002-2024", new=False), a_patch("camp-new-00"),
            a_patch(), a_patch("mine-002-2024", "camp-growth-1"),
            a_patch("nomad_camp-001", "market-001-2024"),
        ],
    }  # fmt: skip

    assert cause_lines([record])[2:] == [
        "| market | 0 | 1 |",
        "| market and nomad camp | 1 | – |",
        "| mine | 1 | 2 |",
        "| nothing known | 1 | – |",
    ]


def test_without_any_there_was_none() -> None:
    record: dict[str, Any] = {"from": "2024-01-01", "events": [], "patches": []}

    assert cause_lines([record])[2:] == ["| there was none | 0 | 0 |"]
