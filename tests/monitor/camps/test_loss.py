from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.camps.loss import Loss, loss_of

START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=30)


def lost(*falls: float, step_days: float = 5.0, later_days: float = 0.0) -> Loss:
    """The loss as of the last look, or some days later."""
    looks = [(START + timedelta(days=step_days * n), fall) for n, fall in enumerate(falls)]
    found = loss_of(looks, looks[-1][0] + timedelta(days=later_days), SPAN)
    assert found is not None
    return found


def test_no_look_says_nothing() -> None:
    assert loss_of([], START, SPAN) is None


def test_a_camp_that_stands_has_lost_nothing() -> None:
    found = lost(*[0.05, -0.05] * 10)

    assert found.now == pytest.approx(0.0, abs=0.01)
    assert found.now - found.before == pytest.approx(0.0, abs=0.01)


def test_a_fall_after_a_quiet_year_is_followed_when_a_second_look_confirms_it() -> None:
    quiet = [0.02, -0.02] * 15

    once, twice = lost(*quiet, 0.6), lost(*quiet, 0.6, 0.6)

    # One look may be a shadow: some of it is believed, and the doubt is said.
    assert 0.05 < once.now < 0.55
    assert once.variance_now > 0.1**2
    assert twice.now == pytest.approx(0.6, abs=0.08)
    assert twice.before == pytest.approx(0.0, abs=0.03)


def test_a_single_spoilt_look_is_forgotten() -> None:
    found = lost(*[0.0] * 15, 0.9, *[0.0] * 4)

    assert found.now == pytest.approx(0.0, abs=0.05)


def test_slow_decay_is_a_loss_of_every_month() -> None:
    # Two hundredths in five days are twelve in thirty.
    found = lost(*[0.02 * n for n in range(25)])

    assert found.now - found.before == pytest.approx(0.12, abs=0.05)


def test_a_loss_of_long_ago_is_none_of_this_month() -> None:
    found = lost(*[0.0] * 10, *[0.5] * 20)

    assert found.now == pytest.approx(0.5, abs=0.02)
    assert found.now - found.before == pytest.approx(0.0, abs=0.02)


def test_without_looks_the_doubt_grows() -> None:
    soon, late = lost(*[0.0] * 10), lost(*[0.0] * 10, later_days=60.0)

    assert late.variance_now > soon.variance_now
    assert late.now == pytest.approx(soon.now, abs=0.01)


def test_what_cannot_be_lost_is_not_believed() -> None:
    # Char is darker than the land: it counts as all and a fifth.
    assert lost(*[0.0] * 6, *[3.0] * 6).now <= 1.2
