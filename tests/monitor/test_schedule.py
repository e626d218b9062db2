from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from monitor.schedule import Schedule

HOUR = timedelta(hours=1)


def test_the_first_tick_comes_at_once() -> None:
    ticked = threading.Event()
    schedule = Schedule(ticked.set, every=HOUR)

    schedule.start()

    assert ticked.wait(10)
    schedule.stop()
    assert not schedule.running


def test_a_tick_that_fails_is_counted_and_the_schedule_goes_on() -> None:
    heard = threading.Event()

    def tick() -> None:
        raise ZeroDivisionError

    schedule = Schedule(tick, every=HOUR)
    schedule.also("after", heard.set, timedelta(seconds=1))
    schedule.start()

    assert heard.wait(10)
    schedule.stop()
    assert schedule.failures == 1


def test_stopping_waits_for_the_tick_that_runs() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def tick() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    schedule = Schedule(tick, every=HOUR)
    schedule.start()
    begun.wait(10)
    stopping = threading.Thread(target=schedule.stop)
    stopping.start()
    go_on.set()
    stopping.join(10)

    assert ended.is_set()


@pytest.mark.parametrize(
    ("cron", "timezone", "at"),
    [
        pytest.param("15 6 * * *", "UTC", datetime(2024, 5, 21, 6, 15, tzinfo=UTC), id="UTC"),
        # Khartoum has been two hours ahead of UTC since 2017.
        pytest.param("0 6 * * *", "Africa/Khartoum", datetime(2024, 5, 21, 4, tzinfo=UTC), id="+2"),
    ],
)
def test_a_cron_line_is_read_in_the_zone_of_the_service(
    cron: str, timezone: str, at: datetime
) -> None:
    with time_machine.travel(datetime(2024, 5, 20, 12, tzinfo=UTC), tick=False):
        schedule = Schedule(lambda: None, every=HOUR, cron=cron, timezone=timezone)
        schedule.start(at_once=False)
        planned = schedule.next_tick_at
        schedule.stop()

    assert planned == at


def test_an_interval_replaces_no_cron_line_that_is_not_there() -> None:
    with time_machine.travel(datetime(2024, 5, 20, 12, tzinfo=UTC), tick=False):
        schedule = Schedule(lambda: None, every=HOUR)
        schedule.start(at_once=False)
        planned = schedule.next_tick_at
        schedule.stop()

    assert planned == datetime(2024, 5, 20, 13, tzinfo=UTC)
