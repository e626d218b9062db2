"""Reliability before and after a refit, as one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.reliability import (
    ReliabilityBin,
    brier_score,
    expected_calibration_error,
    reliability,
)
from monitor.stacking import Refit, log_loss

# Okabe and Ito: told apart by readers with any colour vision.
COLOURS = {"before": "#D55E00", "after": "#0072B2"}
BINS = 5


def diagrams(refit: Refit) -> dict[str, list[ReliabilityBin]]:
    """Return the reliability diagrams, ``"before"`` and ``"after"``."""
    outcomes = refit.burned.tolist()
    return {
        "before": reliability(refit.before.tolist(), outcomes, bins=BINS),
        "after": reliability(refit.after.tolist(), outcomes, bins=BINS),
    }


def scores(stated: NDArray[np.float64], refit: Refit) -> dict[str, float]:
    """Return Brier score, calibration error and log loss of what is stated."""
    outcomes = refit.burned.tolist()
    return {
        "brier": brier_score(stated.tolist(), outcomes),
        "ece": expected_calibration_error(reliability(stated.tolist(), outcomes, bins=BINS)),
        "log_loss": log_loss(stated, refit.burned),
    }


def refit_svg(refit: Refit) -> bytes:
    """Return the two diagrams as SVG."""
    # Imported here: matplotlib takes a second to load, and no other verb needs it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", lw=1, ls="--", label="as stated")
    for name, bins in diagrams(refit).items():
        axes.plot(*_line(bins), "o-", color=COLOURS[name], label=name)
        for part in bins:
            axes.annotate(
                str(part.count), (part.stated, part.observed), (4, -10),
                textcoords="offset points", fontsize=7, color=COLOURS[name],
            )  # fmt: skip
    axes.set(
        xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="stated probability",
        ylabel="share that people confirmed",
        title=f"{refit.weights.labels} decided alerts; after: fitted to the others (five folds)",
    )  # fmt: skip
    axes.title.set_fontsize(9)
    axes.legend(frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _line(bins: Sequence[ReliabilityBin]) -> tuple[list[float], list[float]]:
    return [part.stated for part in bins], [part.observed for part in bins]
