from __future__ import annotations

import json

import pytest
import structlog

from monitor.logs import log_to_stderr, without_positions


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("near 25.30142, 12.68596", "near #, #", id="degrees"),
        pytest.param("POINT (25.30142 -12.6859)", "POINT (# #)", id="well-known text"),
        pytest.param("px of 40 m at (539520, 1510480)", "px of 40 m at (#, #)", id="metres"),
        pytest.param("EPSG:32635 48x48 px of 20 m", "EPSG:32635 48x48 px of 20 m", id="a grid"),
        pytest.param("took 1.25 s", "took 1.25 s", id="two decimals"),
        pytest.param("2024-05-20T12:00:00.123456Z", "2024-05-20T12:00:00.123456Z", id="instant"),
        pytest.param("S2B_20240518T120000", "S2B_20240518T120000", id="scene"),
        pytest.param("550 <a.b@ngo.example>: unknown", "550 <#>: unknown", id="an address"),
        pytest.param("user@host", "user@host", id="no address: a name without a domain"),
    ],
)
def test_positions_never_reach_a_log(text: str, kept: str) -> None:
    assert without_positions(None, "info", {"reason": text})["reason"] == kept


def test_a_bug_keeps_its_traceback_and_not_the_position_in_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr()
    error = ValueError("no pixel at 25.30142, 12.68596")
    structlog.get_logger("x").error("area.bug", aoi_id="sd-test", exc_info=error)

    heard = capsys.readouterr()
    event = json.loads(heard.err)
    assert heard.out == ""
    assert event["aoi_id"] == "sd-test"
    assert "ValueError: no pixel at #, #" in event["exception"]


def test_only_what_matters_is_written_unless_more_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr()
    structlog.get_logger("x").info("area.run")
    assert capsys.readouterr().err == ""

    log_to_stderr("info")
    structlog.get_logger("x").info("area.run")
    assert json.loads(capsys.readouterr().err)["event"] == "area.run"
