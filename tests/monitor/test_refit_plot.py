from __future__ import annotations

from lxml import etree

from monitor.refit_plot import diagrams, refit_svg, scores
from monitor.stacking import refitted
from tests.monitor.test_stacking import SETTINGS, cases

MADE = refitted(cases(400, odds_off=0.2), SETTINGS)


def test_the_picture_shows_both_diagrams() -> None:
    picture = etree.fromstring(refit_svg(MADE))

    assert picture.tag.endswith("svg")
    assert refit_svg(MADE).count(b"#0072b2") > 0
    assert refit_svg(MADE).count(b"#d55e00") > 0


def test_every_case_is_in_both() -> None:
    for bins in diagrams(MADE).values():
        assert sum(part.count for part in bins) == 400


def test_statements_of_a_fit_are_nearer_to_what_happened() -> None:
    before, after = scores(MADE.before, MADE), scores(MADE.after, MADE)

    assert after["ece"] < before["ece"]
    assert after["brier"] < before["brier"]
