from __future__ import annotations

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
