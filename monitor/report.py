"""The report of a backtest or a study: report.json, report.html, and a page for docs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.camp_skill import CampResult
from monitor.comparison import Comparison, RuleResult
from monitor.detector_scores import FULL, STEPS
from monitor.goals import Goal, goals_of, written
from monitor.report_plots import curve_plot, lag_plot, reliability_plot
from monitor.rivals.catalogue import ABLATIONS
from monitor.sensor_effect import SensorEffect
from monitor.sensors_left_out import VARIANTS

ORIGINS = {
    "simulated": "Simulated worlds: design guidance, never an accuracy.",
    "implanted": "Implanted burns in real backgrounds: real spectra, real images, no real village.",
    "real": "Real images and real events.",
}

SCHEMA = "backtest-report-1.0"

SENSORS_NOTE = (
    "Sensors left out: false alarms per settlement-year at equal recall of the promised burns"
    " (both seasons), everything ranked by the fused odds. Detected fires are held against"
    " what was usual in the season and against static heat, both learned from the years before."
    " Every score is tried as threshold; the interval of the ratio is by bootstrap over worlds."
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One comparison under one heading."""

    title: str
    comparison: Comparison
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that is reported of one backtest or study."""

    title: str
    made_at: datetime
    version: str
    """Of the program and its calibration."""

    chapters: tuple[Chapter, ...]
    camps: tuple[CampResult, ...] = ()
    """Of new, growing and emptying camps; empty where none were looked for."""


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write report.json and report.html; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    as_json, as_html = folder / "report.json", folder / "report.html"
    as_json.write_text(json.dumps(report_table(report), indent=1, allow_nan=False) + "\n")
    as_html.write_text(report_page(report), encoding="utf-8")
    return as_json, as_html


def report_table(report: Report) -> dict[str, Any]:
    """Return the report as a table that JSON can hold; what was not measured is null."""
    chapters = [
        {
            "title": chapter.title,
            "origin": chapter.comparison.origin,
            "notes": list(chapter.notes),
            "goals": [asdict(goal) for goal in goals_of(chapter.comparison)],
            **asdict(chapter.comparison),
        }
        for chapter in report.chapters
    ]
    table = {
        "schema": SCHEMA,
        "title": report.title,
        "made_at": report.made_at.isoformat(),
        "version": report.version,
        "chapters": chapters,
        "camps": [asdict(one) for one in report.camps],
    }
    found: dict[str, Any] = _without_nan(table)
    return found


def report_page(report: Report) -> str:
    """Return the self-contained page."""
    chapters = [
        {
            "title": chapter.title,
            "origin": chapter.comparison.origin,
            "origin_text": ORIGINS[chapter.comparison.origin],
            "tuned_on": tuned_on(chapter.comparison),
            "notes": chapter.notes,
            "comparison": chapter.comparison,
            "goals": goals_of(chapter.comparison),
            "sensors": chapter.comparison.sensors,
            "sensors_note": SENSORS_NOTE,
            "rules": [(role_of(rule.rule), rule) for rule in chapter.comparison.rules],
            "detector": chapter.comparison.of_rule(FULL),
            "curve": curve_plot(chapter.comparison),
            "lag": lag_plot(chapter.comparison),
            "reliability": reliability_plot(chapter.comparison),
        }
        for chapter in report.chapters
    ]
    page = _templates().get_template("report.html")
    return page.render(report=report, chapters=chapters, camps=report.camps)


def report_markdown(report: Report) -> str:
    """Return the summary that is kept under docs/."""
    lines = [
        f"# {report.title}",
        "",
        f"Written by a command from the study's output on {report.made_at:%Y-%m-%d},"
        f" {report.version}. No figure here is typed by hand.",
    ]
    for chapter in report.chapters:
        lines += ["", f"## {chapter.title}", "", *_chapter_lines(chapter)]
    return "\n".join(lines) + "\n"


def role_of(rule: str) -> str:
    """Return what a rule is in the tables."""
    if rule == FULL:
        return "the detector"
    return "a part of it" if rule in (*STEPS, *ABLATIONS, *VARIANTS) else "rival"


def tuned_on(comparison: Comparison) -> str:
    """Return a sentence: where the thresholds come from."""
    if comparison.tuning_worlds:
        return f"Thresholds were tuned on {len(comparison.tuning_worlds)} other worlds."
    return (
        "There is nothing else to tune on: tuned thresholds are the best for these very worlds,"
        " the most that any rule could have reached."
    )


def _chapter_lines(chapter: Chapter) -> list[str]:
    comparison = chapter.comparison
    return [
        f"**{comparison.origin}.** {ORIGINS[comparison.origin]}"
        f" {len(comparison.worlds)} worlds to measure on. {tuned_on(comparison)}"
        f" {comparison.years:,.0f} settlement-years, {comparison.events} burns,"
        f" of them {comparison.promised_events} promised (half burned or more, 1 ha or more);"
        f" {comparison.clear_looks_per_year:.0f} clear looks per settlement and year.",
        "",
        *(f"{note}\n" for note in (*_not_run(comparison), *chapter.notes)),
        *_table(("goal", "wanted", "measured (95 % interval)", ""), _goal_cells(comparison)),
        "",
        *_table(_RULE_HEAD, _rule_cells(comparison.rules)),
        *_sensor_lines(comparison),
        "",
        f"Recall of {FULL} by class, native threshold:",
        "",
        *_table(("stratum", "class", "recall (95 % interval)"), _stratum_cells(comparison)),
    ]


def _not_run(comparison: Comparison) -> list[str]:
    if not comparison.not_run:
        return []
    return [
        f"Not run, because these worlds hold no input for them: {', '.join(comparison.not_run)}."
    ]


_RULE_HEAD = (
    "rule", "role", "native: recall dry", "native: false per year",
    "tuned to 0.01: recall dry", "recall wet", "false per year", "lag dry, days",
)  # fmt: skip


def _goal_cells(comparison: Comparison) -> list[tuple[str, ...]]:
    return [_goal_row(goal) for goal in goals_of(comparison)]


def _goal_row(goal: Goal) -> tuple[str, ...]:
    return goal.text, goal.wanted, goal.measured, goal.verdict


def _rule_cells(rules: Sequence[RuleResult]) -> list[tuple[str, ...]]:
    rows = []
    for rule in rules:
        cells = [rule.rule, role_of(rule.rule)]
        cells += [written(rule.native.recall_dry), written(rule.native.false_per_year)]
        for tuned in rule.tuned[:1]:
            cells += [written(tuned.recall_dry), written(tuned.recall_wet)]
            cells += [written(tuned.false_per_year), number(tuned.lag_dry_days)]
        rows.append((*cells, *["–"] * (len(_RULE_HEAD) - len(cells))))
    return rows


def _sensor_lines(comparison: Comparison) -> list[str]:
    """Return the table of sensors left out, with its sentence; nothing if none was."""
    effects = comparison.sensors
    if not effects:
        return []
    names = [name for name, _ in effects[0].false_per_year]
    head = (
        "recall",
        *(f"{name}: false per year" for name in names),
        "optical alone / all sensors (95 %)",
    )
    rows = [
        (
            f"{effect.recall:.1f}",
            *(number(rate) for _, rate in effect.false_per_year),
            ratio_text(effect),
        )
        for effect in effects
    ]
    return ["", SENSORS_NOTE, "", *_table(head, rows)]


def _stratum_cells(comparison: Comparison) -> list[tuple[str, ...]]:
    strata = comparison.of_rule(FULL).native.strata
    return [(row.stratum, row.label, written(row.recall)) for row in strata]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruler = "|" + "---|" * len(head)
    return [f"| {' | '.join(head)} |", ruler, *(f"| {' | '.join(row)} |" for row in rows)]


def ratio_text(effect: SensorEffect) -> str:
    """Return how many times the false alarms of all sensors the optical one has, in words."""
    if math.isnan(effect.ratio):
        return "–"
    ends = (effect.ratio, effect.ratio_low, effect.ratio_high)
    value, low, high = ("∞" if math.isinf(end) else number(end) for end in ends)
    return f"{value} ({low} to {high})"


def number(value: float) -> str:
    """Return a number for people, a dash for what was not measured."""
    return "–" if math.isnan(value) or math.isinf(value) else f"{value:.3g}"


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("monitor"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    templates.filters["written"] = written
    templates.filters["number"] = number
    templates.filters["ratio"] = ratio_text
    return templates


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return value
