"""The figures that reports quote: how many times the norm, how long since the last. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from alerts.words import Speech


def quoted_lines(indicators: Mapping[str, float] | None, speech: Speech) -> tuple[str, ...]:
    """Return a sentence for each figure of a finding that people quote.

    Parameters
    ----------
    indicators : mapping, optional
        Of the finding; None where the reader may not see them.
    speech : Speech
    """
    known = {name: v for name, v in (indicators or {}).items() if v is not None}
    finite = {name: value for name, value in known.items() if math.isfinite(value)}
    fires = tuple(
        speech.say(f"quoted.{name}", count=_figure(name, finite[name]))
        for name in FIGURES
        if name in finite and _is_worth_saying(name, finite)
    )
    return (*fires, *_camp_lines(finite, speech))


def _camp_lines(known: Mapping[str, float], speech: Speech) -> tuple[str, ...]:
    """Return the area of a camp with its interval, and how it emptied."""
    area = [known[name] for name in AREA if name in known]
    lines = []
    if len(area) == len(AREA):
        now, low, high = (f"{hectares:.1f}" for hectares in area)
        lines.append(speech.say("quoted.camp_area", count=f"{now} ({low}–{high})"))
    lines += [speech.say(f"quoted.{name}") for name in CLASSES if known.get(name) == 1.0]
    return tuple(lines)


AREA = ("area_ha", "area_low_ha", "area_high_ha")
CLASSES = ("class_burned", "class_dismantled", "class_overgrown", "class_undetermined")


FIGURES = (
    "fires_norm_ratio", "firms_count", "structures_touched", "nth_burning",
    "days_since_last_burning", "days_since_last_fire",
)  # fmt: skip


def _is_worth_saying(name: str, known: Mapping[str, float]) -> bool:
    if name in ("firms_count", "structures_touched"):
        return known[name] >= 1
    if name == "fires_norm_ratio":
        return known[name] >= 2
    if name == "nth_burning":
        return known[name] >= 2
    return True


def _figure(name: str, value: float) -> str:
    """Return a figure with no more digits than it deserves."""
    if name == "fires_norm_ratio" and value < 10:
        return f"{value:.1f}"
    return f"{round(value):d}"
