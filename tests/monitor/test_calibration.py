"""Calibration: tails, strata, rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.calibration import (
    SMALLEST_P,
    Calibration,
    RateTable,
    Scores,
    Stratum,
    Tail,
    calibration_from,
    calibration_table,
    shipped_calibration,
    stratum_of,
)

# One score in ten exceeds 1, one in a hundred exceeds 2; beyond, e-folding every 0.5.
TAIL = Tail(
    count=9_999,
    knots=np.array([0.0, 1.0, 2.0]),
    probabilities=np.array([0.5, 0.1, 0.01]),
    shape=0.0,
    width=0.5,
)
ANY = Stratum("any", "any", "any", "any")


def of_any(tail: Tail = TAIL) -> Calibration:
    scores = Scores(look=tail, pair=tail, triple=tail)
    return Calibration("cal-test", "hand", {ANY.key: scores})


@pytest.mark.parametrize(
    ("score", "p"),
    [
        pytest.param(0.0, 0.5001, id="median"),
        pytest.param(1.5, 0.0551, id="half way between knots"),
        pytest.param(2.0, 0.0101, id="start of the tail"),
        pytest.param(2.5, 0.01 * np.exp(-1), id="one e-folding beyond"),
        pytest.param(float("nan"), 1.0, id="not measured"),
    ],
)
def test_a_score_becomes_the_share_of_quiet_looks_that_exceed_it(score: float, p: float) -> None:
    assert TAIL.p(score) == pytest.approx(p, rel=1e-6)


def test_without_a_fit_nothing_is_rarer_than_the_sample_allows() -> None:
    short = Tail(99, TAIL.knots, TAIL.probabilities, 0.0, 0.0)

    assert short.p(50.0) == pytest.approx(0.01)


def test_arithmetic_beyond_all_experience_is_cut_off() -> None:
    assert TAIL.p(1e6) == SMALLEST_P


@given(st.floats(-3, 20), st.floats(0, 5))
def test_a_higher_score_is_never_more_probable(score: float, more: float) -> None:
    assert TAIL.p(score + more) <= TAIL.p(score)


def test_p_is_read_among_looks_of_its_stratum() -> None:
    assert of_any().p(Stratum("series", "dry", "small", "full"), 2.5) == TAIL.p(2.5)


def test_a_stratum_that_is_missing_merges_clear_then_size_then_season_then_mode() -> None:
    narrow = Stratum("series", "dry", "small", "full")

    assert [s.key for s in narrow.widened()] == [
        "series/dry/small/full",
        "series/dry/small/any",
        "series/dry/any/any",
        "series/any/any/any",
        "any/any/any/any",
    ]
    assert of_any().scores(narrow).look is TAIL


@pytest.mark.parametrize(
    ("blocks", "size"), [(6, "tiny"), (7, "small"), (15, "small"), (16, "medium"), (50, "large")]
)
def test_settlements_are_ranked_among_their_own_size(blocks: int, size: str) -> None:
    assert stratum_of("series", 0.2, blocks, 1.0).size == size


def test_season_and_clear_share_are_read_from_the_look() -> None:
    assert stratum_of("pair", 0.31, 9, 0.94) == Stratum("pair", "green", "small", "part")
    assert stratum_of("pair", 0.30, 9, 0.95) == Stratum("pair", "dry", "small", "full")


def test_rates_fall_log_linearly_between_what_was_counted_and_slowly_beyond() -> None:
    table = RateTable(np.array([2.0, 4.0]), np.array([1.0, 0.01]), 500.0)

    assert table.rate(1.0) == 1.0
    assert table.rate(3.0) == pytest.approx(0.1)
    assert table.rate(5.0) == pytest.approx(0.01 / np.e)


def test_a_calibration_survives_being_written_and_read() -> None:
    shipped = shipped_calibration()

    again = calibration_from(calibration_table(shipped))

    assert again.version == shipped.version
    assert again.weights == shipped.weights
    assert set(again.strata) == set(shipped.strata)
    for key, scores in shipped.strata.items():
        for score in (0.0, 2.0, 9.0):
            assert again.strata[key].look.p(score) == scores.look.p(score)


def test_the_shipped_calibration_says_what_it_was_made_from_and_knows_every_rule() -> None:
    shipped = shipped_calibration()

    assert "simulated" in shipped.made_from
    assert {"single", "pair", "triple", "hit", "all"} <= set(shipped.rates)
    assert ANY.key in shipped.strata
