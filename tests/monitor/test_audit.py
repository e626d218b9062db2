"""Audit lines beside the decision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audit import AUDIT_THRESHOLD, audit_line, e_value, q_values
from monitor.reading import Reading, Verdict
from tests.monitor.test_persistence import a_reading


@pytest.mark.parametrize(
    ("p", "e"), [(1.0, 0.5), (1e-2, 4.451), (1e-3, 20.79), (1e-4, 117.8)]
)  # fmt: skip
def test_e_values_are_those_of_the_specification(p: float, e: float) -> None:
    assert e_value(p) == pytest.approx(e, rel=1e-3)


def test_quiet_looks_carry_evidence_of_one_on_average() -> None:
    # The integral of the e-value over p from 0 to 1 is 1; its tail near 0 is cut here.
    edges = np.geomspace(1e-12, 1.0, 200_001)
    middle = np.sqrt(edges[1:] * edges[:-1])

    total = sum(e_value(float(p)) * w for p, w in zip(middle, np.diff(edges), strict=True))

    # Below 1e-12 lies 1 / ln(1e12) of it: 0.036.
    assert total == pytest.approx(1.0 - 1.0 / np.log(1e12), abs=2e-3)


def seen(day: float, p: float, verdict: Verdict = Verdict.QUIET) -> Reading:
    return replace(a_reading(day, 0.0, verdict), p=p)


def test_the_line_grows_by_the_evidence_of_each_look() -> None:
    # e of 0.01 is 4.451: 4.451, then 4.451 x 5.451.
    line = audit_line([seen(0, 0.01), seen(10, 0.01)])

    assert line == pytest.approx(4.451 * 5.451, rel=1e-3)


def test_near_looks_and_looks_not_clear_do_not_count() -> None:
    looks = [seen(0, 0.01), seen(5, 1e-9), seen(9, 1e-9, Verdict.NOT_CLEAR), seen(10, 0.01)]

    assert audit_line(looks) == pytest.approx(4.451 * 5.451, rel=1e-3)


def test_two_strong_looks_cross_the_line_and_one_weak_one_does_not() -> None:
    assert audit_line([seen(0, 1e-4), seen(10, 1e-4)]) > AUDIT_THRESHOLD
    assert audit_line([seen(0, 1e-2), seen(10, 1e-2)]) < AUDIT_THRESHOLD


def test_nothing_seen_is_no_evidence() -> None:
    assert audit_line([]) == 0.0


def test_q_values_worked_out_by_hand() -> None:
    # n = 3, 1 + 1/2 + 1/3 = 11/6: 0.01 x 5.5, 0.02 x 5.5 / 2 (smaller, so both), 0.9 x 5.5 / 3.
    assert q_values([0.02, 0.9, 0.01]).tolist() == pytest.approx([0.055, 1.0, 0.055])


def test_no_settlements_have_no_q() -> None:
    assert q_values([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_smaller_p_never_has_a_larger_q(p: list[float]) -> None:
    q = q_values(p)

    order = np.argsort(p, kind="stable")
    assert (np.diff(q[order]) >= -1e-12).all()
    assert (q >= np.array(p) - 1e-12).all() and (q <= 1.0).all()
