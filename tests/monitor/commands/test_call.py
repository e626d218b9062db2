from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.commands.call import instant, minutes, plain
from monitor.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        pytest.param("2024-05-20T12:00Z", 12, id="UTC"),
        pytest.param("2024-05-20T12:00", 12, id="no zone is UTC"),
        pytest.param("2024-05-20T12:00+02:00", 10, id="another zone"),
        pytest.param("2024-05-20", 0, id="a day begins at midnight"),
    ],
)
def test_an_instant_is_read_as_utc(written: str, hour: int) -> None:
    assert instant(written, "--now") == datetime(2024, 5, 20, hour, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "today", "2024-13-01", "20.5.2024"])
def test_what_is_no_instant_is_refused_with_how_to_write_one(written: str) -> None:
    with pytest.raises(ConfigError, match="--from") as caught:
        instant(written, "--from")

    assert "2026-11-23T06:00Z" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("[red]x[/red]", r"\[red]x\[/red]", id="markup"),
        pytest.param("a\x1b[31mb", "a [31mb", id="escape sequence"),
        pytest.param("a\nb\u202eb", "a b b", id="new line and direction override"),
        pytest.param("قرية", "قرية", id="Arabic"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_text_from_others_does_nothing_to_the_terminal(text: str | None, shown: str) -> None:
    assert plain(text) == shown


def test_an_instant_is_shown_to_the_minute() -> None:
    assert minutes(datetime(2024, 5, 20, 12, 30, 59, tzinfo=UTC)) == "2024-05-20 12:30Z"
    assert minutes(None) == "-"
