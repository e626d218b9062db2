from __future__ import annotations

from maps.controls.crowd import Box, Boxes, Count, Counts
from maps.escaping import SafeHtml
from maps.palette import AREA_STROKES, stroke_of


def a_box(line: str) -> Box:
    return Box((10.00049, 1.0, 10.2, 1.2), "not_seen", SafeHtml("A"), SafeHtml(line))


def test_a_box_is_five_short_numbers_and_lines_are_written_once() -> None:
    layer = Boxes(SafeHtml("Areas"), AREA_STROKES, [a_box("seen"), a_box("blind"), a_box("seen")])

    assert layer.lines == ["blind", "seen"]
    assert layer.boxes[0] == [10.0, 1.0, 10.2, 1.2, 2, "A", 1]
    assert layer.boxes[1][-1] == 0


def test_a_dot_says_how_many() -> None:
    layer = Counts(SafeHtml("Alerts"), stroke_of("alert", ""),
                   [Count(1.23456, 2.0, 7, SafeHtml("seven"))])  # fmt: skip

    assert layer.dots == [[1.235, 2.0, 7, "seven"]]
