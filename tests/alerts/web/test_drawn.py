from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from alerts.web.drawn import Drawn


def test_a_map_is_drawn_once_while_nothing_changes() -> None:
    shelf, drawn = Drawn(), []

    def draw() -> str:
        drawn.append("one")
        return "a map"

    assert [shelf.get(("fire-1", 1), draw) for _ in range(3)] == ["a map"] * 3
    assert drawn == ["one"]


def test_another_revision_is_another_map() -> None:
    shelf = Drawn()

    first = shelf.get(("fire-1", 1), lambda: "before")
    second = shelf.get(("fire-1", 2), lambda: "after")

    assert (first, second) == ("before", "after")


def test_the_one_asked_for_longest_ago_makes_room() -> None:
    shelf = Drawn(limit=2)
    for name in ("a", "b"):
        shelf.get(name, lambda name=name: name)  # type: ignore[misc]
    shelf.get("a", lambda: "a again")
    shelf.get("c", lambda: "c")

    assert shelf.get("a", lambda: "drawn anew") == "a"
    assert shelf.get("b", lambda: "drawn anew") == "drawn anew"


def test_many_who_ask_at_once_wait_for_one_drawing() -> None:
    drawn, begun = Drawn(), threading.Event()
    times: list[int] = []

    def draw() -> str:
        times.append(1)
        begun.wait(5)
        return "map"

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(drawn.get, "key", draw) for _ in range(8)]
        begun.set()
        found = {one.result() for one in asked}

    assert (found, len(times)) == ({"map"}, 1)


def test_after_a_drawing_that_failed_the_next_one_draws() -> None:
    drawn = Drawn()

    def fail() -> str:
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        drawn.get("key", fail)

    assert drawn.get("key", lambda: "map") == "map"
