from __future__ import annotations

from datetime import date, timedelta

from alerts.web.drawings import state_line
from alerts.web.speech import SiteSpeech
from monitor.coverage import CoverageDay, CoverageState

LAST = date(2024, 5, 20)


def days(*states: CoverageState) -> list[CoverageDay]:
    return [
        CoverageDay("sd-test", LAST - timedelta(days=len(states) - 1 - n), state, 0.5, "half")
        for n, state in enumerate(states)
    ]


def test_an_area_that_was_seen_says_how_often() -> None:
    ledger = days(CoverageState.SEEN, CoverageState.CLOUDY)

    assert state_line(ledger, SiteSpeech("en", "UTC")) == "seen on 1 of 2 days"


def test_an_area_that_was_never_seen_is_blind_and_says_why_in_the_readers_language() -> None:
    ledger = days(CoverageState.CLOUDY, CoverageState.PROVIDER_DOWN)

    assert state_line(ledger, SiteSpeech("en", "UTC")) == (
        "BLIND: not seen for 2 days and more (provider down)"
    )
    assert "provider" not in state_line(ledger, SiteSpeech("fr", "UTC"))
