from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline, all_within


def test_results_come_in_the_order_of_the_calls() -> None:
    slow_may_go = threading.Event()

    def slow() -> str:
        assert slow_may_go.wait(5)
        return "slow"

    def fast() -> str:
        slow_may_go.set()
        return "fast"

    assert all_within(Deadline(5, "a test"), [slow, fast], at_once=2) == ["slow", "fast"]


def test_a_call_that_hangs_is_left_behind() -> None:
    never = threading.Event()
    deadline = Deadline(0.05, "scene S")

    with pytest.raises(SourceUnavailable, match=r"scene S: given up after 0\.05 s"):
        all_within(deadline, [lambda: never.wait(10)])

    assert deadline.left_s == 0
    never.set()


def test_what_a_call_raises_is_raised_and_the_rest_given_up() -> None:
    done: list[int] = []

    def refuse() -> None:
        raise SourceRefused("no", hint="why")

    with pytest.raises(SourceRefused, match="no"):
        all_within(Deadline(5, "a test"), [refuse, lambda: done.append(1)], at_once=1)

    assert done == []


def test_a_bug_in_a_call_is_not_hidden() -> None:
    def bug() -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        all_within(Deadline(5, "a test"), [bug])


def test_no_calls_give_no_results() -> None:
    calls: list[Callable[[], int]] = []

    assert all_within(Deadline(5, "a test"), calls) == []


def test_work_that_was_given_up_has_no_time_left() -> None:
    deadline = Deadline(60, "a test")

    deadline.give_up()

    with pytest.raises(SourceUnavailable):
        deadline.check()
