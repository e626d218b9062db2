from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.durations import duration_text, parsed_duration

DURATIONS = [
    ("30s", timedelta(seconds=30)),
    ("5m", timedelta(minutes=5)),
    ("6h", timedelta(hours=6)),
    ("14d", timedelta(days=14)),
    ("36h", timedelta(days=1, hours=12)),
    ("2w", timedelta(days=14)),
]


@pytest.mark.parametrize(("text", "duration"), DURATIONS)
def test_a_duration_is_read_as_people_write_it(text: str, duration: timedelta) -> None:
    assert parsed_duration(text) == duration


@pytest.mark.parametrize(("text", "duration"), [row for row in DURATIONS if row[0] != "14d"])
def test_a_duration_is_written_in_its_largest_whole_unit(text: str, duration: timedelta) -> None:
    assert duration_text(duration) == text


def test_no_time_is_written_in_seconds() -> None:
    assert duration_text(timedelta(0)) == "0s"


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "-1d", "1h30m", "1 fortnight"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="30s, 5m, 6h, 14d, 2w"):
        parsed_duration(text)


def test_what_is_not_text_is_handed_on() -> None:
    assert parsed_duration(timedelta(hours=1)) == timedelta(hours=1)
