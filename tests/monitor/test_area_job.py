from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from monitor.area_job import WatchSettings, search_start
from tests.builders import NOW, days_ago

MIDNIGHT = NOW.replace(hour=0)


@pytest.mark.parametrize(
    ("searched_until", "start"),
    [
        pytest.param(None, days_ago(1100), id="the first run reads the history"),
        pytest.param(NOW.date(), days_ago(30), id="later ones look back for late scenes"),
        pytest.param(days_ago(30).date(), days_ago(30) - timedelta(hours=12), id="boundary"),
        pytest.param(days_ago(45).date(), MIDNIGHT - timedelta(days=45), id="over an outage"),
        pytest.param(days_ago(2000).date(), days_ago(1100), id="but no further than the history"),
    ],
)
def test_a_run_searches_as_far_back_as_it_must(
    searched_until: date | None, start: datetime
) -> None:
    assert search_start(NOW, searched_until, WatchSettings()) == start
