from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from lxml import etree

from alerts.web.plot import Words, series_svg
from alerts.web.series import Band, Point
from tests.builders import NOW, days_ago

WORDS = Words(
    title="The place & its <years>", axis="NBR", usual="usual", quiet="a look", showing="shows it",
    event="here", nothing="too few", month=lambda at: f"{at:%b}",
)  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


def some_points(count: int = 5) -> list[Point]:
    return [Point(f"look-{n}", days_ago(100 - 10 * n), 0.1 * n, 1.0) for n in range(count)]


def drawn(points: list[Point], bands: list[Band] | None = None) -> etree._Element:
    happened = (days_ago(70), days_ago(60))
    return etree.fromstring(series_svg(points, bands or [], happened, {"look-4"}, WORDS).encode())


def test_each_look_is_a_mark_and_those_that_show_it_another() -> None:
    root = drawn(some_points())

    # Four looks and the one of the legend; one triangle and that of the legend.
    assert len(root.findall(f"{SVG}circle")) == 5
    triangles = [p for p in root.findall(f"{SVG}path") if p.get("fill") == "#a3210f"]
    assert len(triangles) == 2


def test_words_are_text_and_never_markup() -> None:
    root = drawn(some_points())

    assert root.findtext(f"{SVG}title") == "The place & its <years>"


def test_the_usual_band_is_drawn_under_the_looks() -> None:
    bands = [Band(days_ago(age), -0.1, 0.1, 0.2) for age in (100, 80, 60)]

    root = drawn(some_points(), bands)

    names = [element.tag.removeprefix(SVG) for element in root]
    assert names.index("polygon") < names.index("circle")


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_looks_say_so(count: int) -> None:
    root = drawn(some_points(count))

    assert "too few" in "".join(root.itertext())
    assert root.findall(f"{SVG}circle") == []


def test_years_of_looks_have_at_most_ten_labels_below() -> None:
    points = [Point(f"look-{n}", NOW - timedelta(days=30 * n), 0.1, 1.0) for n in range(120)]
    labels: list[datetime] = []

    def label(at: datetime) -> str:
        labels.append(at)
        return "x"

    words = replace(WORDS, month=label)
    series_svg(points[::-1], [], (days_ago(70), days_ago(60)), set(), words)

    # Ten years in steps of two.
    assert 4 <= len(labels) <= 6
