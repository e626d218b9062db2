from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from monitor.comparison import compared
from monitor.report import (
    Chapter,
    Report,
    ratio_text,
    report_markdown,
    report_table,
    write_report,
)
from monitor.sensor_effect import SensorEffect
from tests.monitor.worlds import START, a_burn, a_world


@pytest.fixture(scope="module")
def report() -> Report:
    burns = [a_burn("w1/a", 98), a_burn("w1/b", 300, season="wet")]
    comparison = compared([a_world("t1")], [a_world("w1", burns=burns)])
    return Report("Test & report", START, "emberwatch 0, cal-0", (Chapter("Worlds", comparison),))


def test_the_page_needs_nothing_from_elsewhere(report: Report, tmp_path: Path) -> None:
    _, page = write_report(report, tmp_path)
    text = page.read_text(encoding="utf-8")

    addresses = re.findall(r'(?:src|href)="([^"]{1,30})', text)
    assert {address.partition(",")[0] for address in addresses} == {"data:image/svg+xml;base64"}
    assert "<script" not in text


def test_every_table_and_figure_says_what_it_was_measured_on(
    report: Report, tmp_path: Path
) -> None:
    _, page = write_report(report, tmp_path)
    text = page.read_text(encoding="utf-8")

    said = re.findall(r"<(?:caption|figcaption)>([^<]*)<", text)
    assert len(said) == text.count("<table") + text.count("<figure>")
    assert all(caption.startswith("simulated") for caption in said)


def test_the_json_says_null_for_what_was_not_measured(report: Report, tmp_path: Path) -> None:
    as_json, _ = write_report(report, tmp_path)

    chapter = json.loads(as_json.read_text())["chapters"][0]

    marx = next(rule for rule in chapter["rules"] if rule["rule"] == "marx")
    assert marx["native"]["lag_wet_days"] is None
    assert chapter["not_run"] == ["pwtt"]
    assert chapter["origin"] == "simulated"


def test_the_same_numbers_make_the_same_page(report: Report, tmp_path: Path) -> None:
    pages = [write_report(report, tmp_path / name)[1].read_bytes() for name in ("a", "b")]

    assert pages[0] == pages[1]


def test_titles_from_outside_cannot_become_markup(report: Report, tmp_path: Path) -> None:
    _, page = write_report(report, tmp_path)

    assert "<h1>Test &amp; report</h1>" in page.read_text(encoding="utf-8")


def test_the_summary_names_the_detector_the_rivals_and_the_goals(report: Report) -> None:
    text = report_markdown(report)

    assert "| emberwatch | the detector |" in text
    assert "| marx | rival |" in text
    assert "| false alarms per settlement-year | at most 0.01 |" in text
    assert "Not run, because these worlds hold no input for them: pwtt." in text


def test_a_report_tuned_on_its_own_worlds_says_so() -> None:
    chapter = Chapter("Area", compared([], [a_world()]))

    text = report_markdown(Report("Backtest", START, "v", (chapter,)))

    assert "the most that any rule could have reached" in text


def test_the_table_has_a_schema_and_the_goals(report: Report) -> None:
    table = report_table(report)

    assert table["schema"] == "backtest-report-1.0"
    assert {goal["verdict"] for goal in table["chapters"][0]["goals"]} <= {
        "met", "not met", "not measured",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((3.0, 1.5, math.inf), "3 (1.5 to ∞)"),
        ((math.inf, 4.0, math.inf), "∞ (4 to ∞)"),
        ((math.nan, math.nan, math.nan), "–"),
    ],
)
def test_a_ratio_stands_with_its_interval(ends: tuple[float, float, float], text: str) -> None:
    assert ratio_text(SensorEffect(0.7, (), *ends)) == text
