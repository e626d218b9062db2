"""The plots of a backtest report, as SVG in data addresses: the page needs no other file."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from monitor.comparison import PRIOR_PER_YEAR, TARGETS, Comparison, RuleResult
from monitor.detector_scores import FULL
from monitor.goals import overall_recall
from monitor.rivals.catalogue import FAMILIES

# Okabe and Ito: told apart by readers with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
OURS = "#111111"
MARKS = ("o", "s", "^", "D", "v", "P")


def shown_rules(comparison: Comparison) -> list[tuple[str, RuleResult]]:
    """Return the best variant of each rival family at the laxer tuned rate, by family."""
    present = {rule.rule: rule for rule in comparison.rules}
    found = []
    for family, variants in FAMILIES.items():
        rules = [present[name] for name in variants if name in present]
        if rules:
            found.append((family, max(rules, key=_recall_shown)))
    return found


def curve_plot(comparison: Comparison) -> str:
    """Return recall against false alarms per settlement-year."""
    figure, axes = _canvas()
    floor = 1.0 / max(comparison.years, 1.0)
    lines = [(FULL, comparison.of_rule(FULL), OURS, "*")]
    for (_, rule), colour, mark in zip(shown_rules(comparison), COLOURS, MARKS, strict=False):
        lines.append((rule.rule, rule, colour, mark))
    for name, rule, colour, mark in lines:
        x = [max(point.false_per_year, floor) for point in rule.curve]
        y = [point.recall for point in rule.curve]
        axes.plot(x, y, color=colour, lw=2.2 if name == FULL else 1.3, label=name)
        native = max(rule.native.false_per_year.value, floor)
        if native <= 0.3:
            axes.plot(native, overall_recall(rule.native), mark, color=colour, ms=8)
    for target in TARGETS:
        axes.axvline(target, color="#999999", lw=0.8, ls=":")
    axes.set(
        xscale="log", xlim=(floor, 0.3), ylim=(0, 1),
        xlabel="false alarms per settlement-year", ylabel="recall of promised burns",
    )  # fmt: skip
    axes.legend(fontsize=8, loc="upper left", frameon=False)
    return _address(figure)


def lag_plot(comparison: Comparison) -> str:
    """Return the share of promised burns found within so many days, at the laxer tuned rate."""
    figure, axes = _canvas()
    lines = [(FULL, comparison.of_rule(FULL), OURS)]
    lines += [
        (rule.rule, rule, colour)
        for (_, rule), colour in zip(shown_rules(comparison), COLOURS, strict=False)
    ]
    for name, rule, colour in lines:
        shown = rule.tuned[0] if rule.tuned else rule.native
        total = max(comparison.promised_events, 1)
        days = [0.0, *shown.lags_days, 60.0]
        found = np.minimum(np.arange(len(days)), len(shown.lags_days)) / total
        axes.step(days, found, where="post", color=colour, lw=2.2 if name == FULL else 1.3)
        axes.plot([], [], color=colour, label=name)
    axes.set(
        xlim=(0, 60), ylim=(0, 1),
        xlabel="days since the fire", ylabel="share of promised burns found",
    )  # fmt: skip
    axes.legend(fontsize=8, loc="upper left", frameon=False)
    return _address(figure)


def reliability_plot(comparison: Comparison) -> str:
    """Return the reliability diagram of the detector's stated probabilities."""
    figure, axes = _canvas()
    axes.plot([0, 1], [0, 1], color="#999999", lw=0.8, ls=":")
    if comparison.calibration is not None and comparison.calibration.diagram:
        parts = comparison.calibration.diagram
        axes.plot([p.stated for p in parts], [p.observed for p in parts], "-", color=OURS, lw=1)
        area = [20.0 + 6.0 * part.count for part in parts]
        axes.scatter([p.stated for p in parts], [p.observed for p in parts], s=area, color=OURS)
        for part in parts:
            axes.annotate(
                str(part.count), (part.stated, part.observed), fontsize=8,
                xytext=(6, -10), textcoords="offset points",
            )  # fmt: skip
    axes.set(
        xlim=(0, 1), ylim=(0, 1.05), xlabel="stated probability",
        ylabel=f"share that burned (at {PRIOR_PER_YEAR:.0%} a year)",
    )  # fmt: skip
    return _address(figure)


def _recall_shown(rule: RuleResult) -> float:
    return overall_recall(rule.tuned[0] if rule.tuned else rule.native)


def _canvas() -> tuple[Any, Any]:
    # Imported here: a second of start-up that only reports need.
    from matplotlib.figure import Figure

    # A Figure of its own, without pyplot: no global state, no display.
    figure = Figure(figsize=(5.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#EEEEEE")
    return figure, axes


def _address(figure: Any) -> str:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # No date and a fixed salt: the same numbers give the same bytes.
    with rc_context({"svg.hashsalt": "emberwatch"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
