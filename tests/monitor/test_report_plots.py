from __future__ import annotations

import base64
from xml.etree import ElementTree

import pytest

from monitor.comparison import compared
from monitor.report_plots import curve_plot, lag_plot, reliability_plot, shown_rules
from tests.monitor.worlds import a_world

FOUND = compared([], [a_world()])


@pytest.mark.parametrize("plot", [curve_plot, lag_plot, reliability_plot])
def test_plots_are_whole_svg_files_in_their_address(plot: object) -> None:
    assert callable(plot)
    kind, _, text = plot(FOUND).partition(",")

    root = ElementTree.fromstring(base64.b64decode(text))
    assert kind == "data:image/svg+xml;base64"
    assert root.tag.endswith("svg")


def test_of_each_family_the_best_variant_is_shown() -> None:
    assert [(family, rule.rule) for family, rule in shown_rules(FOUND)] == [("marx", "marx")]


def test_a_study_in_which_nothing_burned_can_be_plotted() -> None:
    quiet = compared([], [a_world(burns=[], rows={95: [0] * 5, 100: [0] * 5})])

    assert all(plot(quiet) for plot in (curve_plot, lag_plot, reliability_plot))
