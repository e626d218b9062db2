from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.camps.coming import Coming, coming_of, fresh_of
from monitor.camps.sign import UNSEEN, LookSign

START = datetime(2024, 1, 1, tzinfo=UTC)
N = 16
OWN = np.ones(N, dtype=np.bool_)
NAN = float("nan")


def signs(*shares: float | None, step_days: float = 5.0) -> list[LookSign]:
    """Looks in which a patch has a share of a strength of .4; None where clouds hid it."""
    return [
        LookSign(
            f"look-{n}", "t", START + timedelta(days=step_days * n),
            np.full(N, UNSEEN if share is None else 180, np.uint8),
            # 200 steps are a strength of 1.
            np.full(N, round(80 * (share or 0)), np.uint8),
        )
        for n, share in enumerate(shares)
    ]  # fmt: skip


def coming(*shares: float | None, step_days: float = 5.0) -> Coming:
    return coming_of(signs(*shares, step_days=step_days), OWN, 0.4)


@pytest.mark.parametrize(
    ("shares", "earlier", "looks"),
    [
        pytest.param((0, 0, 0, 0, 1, 1, 1), 0.0, 3, id="it was not there"),
        pytest.param((1,) * 7, NAN, 7, id="nobody saw it come"),
        # It stands from the seventh look on; six to four looks before it had half.
        pytest.param((0.4, 0.5, 0.6, 0.6, 0.7, 0.7, 1, 1), 0.5, 2, id="it came slowly"),
        # The same camp two months later is no slower for being older.
        pytest.param((0, 0, 0, 0, *(1,) * 11), 0.0, 11, id="it came fast, long ago"),
        # Of the looks from the first on 4 of 9 show it standing: a missed cloud.
        pytest.param((1, 0, 0, 0, 0, 0, 1, 1, 1), 0.0, 3, id="a missed cloud before"),
        pytest.param((0, None, None, None, None, 1, 1, 1), 0.0, 3, id="clouds while it came"),
        pytest.param((None, None, None, 1, 1, 1, 1), NAN, 4, id="clouds before it came"),
        pytest.param((0, 0, 1, 1, 1), NAN, 3, id="it is too new to tell"),
        pytest.param((0.5, 0.5, 0.5), NAN, 0, id="it does not stand"),
    ],
)
def test_how_a_patch_came_is_asked_of_the_time_when_it_first_stood(
    shares: Sequence[float | None], earlier: float, looks: int
) -> None:
    found = coming(*shares)

    assert found.looks == looks
    assert found.earlier == pytest.approx(earlier, nan_ok=True)


def test_it_first_stood_at_the_first_of_the_looks_that_show_it_standing() -> None:
    assert coming(0, 0, 0, 0, 0.7, 0.9, 1, 1).since == START + timedelta(days=25)
    assert coming(0.5, 0.5, 0.5).since is None


def test_it_may_have_come_at_any_time_after_the_last_look_without_it() -> None:
    hidden: tuple[None, ...] = (None,) * 4

    found = coming(0, 0, *hidden, 1, 1)

    assert found.after == START + timedelta(days=5)
    assert found.earliest(START) == START + timedelta(days=5)


def test_what_nobody_saw_before_may_have_stood_for_two_months() -> None:
    found = coming(1, 1)

    assert found.after is None
    assert found.earliest(START) == START - timedelta(days=60)
    assert coming(0.5, 0.5).earliest(START) == START - timedelta(days=60)


def test_what_it_was_before_the_clouds_is_asked_of_the_last_five_looks_before_them() -> None:
    # Eleven looks without sight are 55 days: nothing was seen 20 to 45 days before.
    hidden: tuple[None, ...] = (None,) * 11

    found = coming(1.0, 0.2, 0.2, 0.3, 0.4, 0.4, *hidden, 1, 1)

    # The first look lies too far back to be among the five: their middle is .3.
    assert np.isnan(found.earlier)
    assert found.before == pytest.approx(0.3, abs=0.01)
    assert np.isnan(coming(0, 0, 0, 0, 1, 1).before)


def test_the_smaller_of_the_last_two_steps_says_whether_it_is_still_filling() -> None:
    # Of .4: from .25 to .5 to .625 within ten days; the second step is .05 in five days.
    assert coming(0.0, 0.25, 0.5, 0.625).per_day == pytest.approx(0.01, abs=1e-3)


@pytest.mark.parametrize(
    ("shares", "step_days"),
    [
        pytest.param((0, 0, 0, 1), 5.0, id="it came at once"),
        pytest.param((0, 1, 1), 5.0, id="it came at once and stands"),
        pytest.param((0.2, 1.0, 0.6), 5.0, id="it grows weaker"),
        pytest.param((0.5, 1.0), 5.0, id="two looks"),
        pytest.param((0.2, 0.6, 1.0), 16.0, id="looks too far apart"),
        pytest.param((), 5.0, id="no look"),
    ],
)
def test_what_does_not_grow_from_look_to_look_is_not_filling(
    shares: Sequence[float], step_days: float
) -> None:
    assert coming(*shares, step_days=step_days).per_day == 0.0


def test_looks_that_saw_less_than_half_of_it_do_not_count() -> None:
    looks = signs(0, 0, 0, 0, 1, 1, 1)
    half = np.where(np.arange(N) < 9, UNSEEN, 180).astype(np.uint8)
    looks[4] = LookSign("look-4", "t", looks[4].at, half, looks[4].strength)

    assert coming_of(looks, OWN, 0.4).looks == 2


def test_what_stood_two_months_ago_is_not_fresh() -> None:
    # Twenty looks: eight blocks stand throughout, eight since four looks.
    looks = [
        LookSign(
            f"look-{n}", "t", START + timedelta(days=5 * n), np.full(N, 180, np.uint8),
            np.where((np.arange(N) < 8) | (n >= 16), 80, 0).astype(np.uint8),
        )
        for n in range(20)
    ]  # fmt: skip

    assert fresh_of(looks, OWN).tolist() == [False] * 8 + [True] * 8
    # Fewer than two months of looks: all of it may be.
    assert fresh_of(looks[-4:], OWN).all()
