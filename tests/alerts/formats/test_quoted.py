from __future__ import annotations

import pytest

from alerts.formats.quoted import FIGURES, quoted_lines
from alerts.words import Speech

ENGLISH = Speech()


@pytest.mark.parametrize(
    ("indicators", "line"),
    [
        pytest.param({"fires_norm_ratio": 5.27}, "Fires: 5.3 times the seasonal norm of the place.",
                     id="times the norm"),
        pytest.param({"fires_norm_ratio": 41.6}, "Fires: 42 times the seasonal norm of the place.",
                     id="no more digits than it deserves"),
        pytest.param({"firms_count": 3.0}, "Detections of fire by satellites: 3.", id="detections"),
        pytest.param({"structures_touched": 48.0},
                     "Structures in the changed part (by their count): about 48.",
                     id="structures"),
        pytest.param({"nth_burning": 2.0}, "Burnings seen here, this one included: 2.", id="nth"),
        pytest.param({"days_since_last_burning": 98.2}, "Days since the burning before: 98.",
                     id="since the last burning"),
        pytest.param({"days_since_last_fire": 12.0}, "Days since fire was last detected here: 12.",
                     id="since the last fire"),
    ],
)  # fmt: skip
def test_a_figure_is_quoted_in_a_sentence(indicators: dict[str, float], line: str) -> None:
    assert quoted_lines(indicators, ENGLISH) == (line,)


@pytest.mark.parametrize(
    "indicators",
    [
        pytest.param(None, id="withheld from this reader"),
        pytest.param({"q_median": 3.0}, id="a figure for experts"),
        pytest.param({"nth_burning": 1.0, "firms_count": 0.0}, id="the first, without detections"),
        pytest.param({"fires_norm_ratio": 1.2}, id="what is usual"),
        pytest.param({"fires_norm_ratio": float("nan")}, id="not known"),
    ],
)
def test_what_says_nothing_is_not_said(indicators: dict[str, float] | None) -> None:
    assert quoted_lines(indicators, ENGLISH) == ()


@pytest.mark.parametrize("language", ["en", "fr", "ar", "my"])
def test_every_figure_is_told_in_every_language(language: str) -> None:
    faults: list[str] = []
    speech = Speech(language, report=faults.append)

    lines = quoted_lines(dict.fromkeys(FIGURES, 7.0), speech)

    assert len(lines) == len(FIGURES)
    assert all("7" in line for line in lines)
    assert faults == []


def test_the_area_of_a_camp_is_quoted_with_its_interval() -> None:
    area = {"area_ha": 12.34, "area_low_ha": 11.0, "area_high_ha": 13.66}

    (line,) = quoted_lines(area, ENGLISH)

    assert line == "Area of the camp now, in hectares (90 % interval): 12.3 (11.0\u201313.7)."
    assert quoted_lines({"area_ha": 12.34}, ENGLISH) == ()


def test_how_a_camp_emptied_is_said() -> None:
    (line,) = quoted_lines({"class_undetermined": 1.0}, ENGLISH)

    assert line == "How the shelters went cannot be told from these images."
