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


def test_calls_that_wait_for_the_network_are_joined_by_others() -> None:
    work = Deadline(5, "a test")
    # None of the four ends before all four have begun.
    together = threading.Barrier(4, timeout=5)

    def ask() -> int:
        with work.wait():
            return together.wait()

    assert sorted(all_within(work, [ask] * 4, at_once=4, at_first=1)) == [0, 1, 2, 3]
    assert work.waiting == 0


def test_calls_that_work_are_not_joined_by_others() -> None:
    work = Deadline(5, "a test")
    looked_at_often = threading.Event()
    threads = set()

    def compute() -> None:
        threads.add(threading.get_ident())
        looked_at_often.wait(0.03)

    all_within(work, [compute] * 6, at_once=6, at_first=1)

    assert len(threads) == 1


def test_there_are_never_more_than_may_run_at_once() -> None:
    work = Deadline(5, "a test")
    pair = threading.Barrier(2, timeout=5)

    def ask() -> int:
        with work.wait():
            return pair.wait()

    assert sorted(all_within(work, [ask] * 6, at_once=2, at_first=1)) == [0, 0, 0, 1, 1, 1]


def test_a_call_that_hangs_is_left_behind() -> None:
    never = threading.Event()
    soon = Deadline(0.05, "scene S")

    with pytest.raises(SourceUnavailable, match=r"scene S: given up after 0\.05 s"):
        all_within(soon, [lambda: never.wait(10)] * 3, at_once=3, at_first=1)

    assert soon.left_s == 0
    never.set()


def test_what_a_call_raises_is_raised_and_the_rest_given_up() -> None:
    done: list[int] = []

    def refuse() -> None:
        raise SourceRefused("no", hint="why")

    with pytest.raises(SourceRefused, match="no"):
        all_within(Deadline(5, "a test"), [refuse, lambda: done.append(1)], at_once=1)

    assert done == []


class LateLook(Deadline):
    """One whose time is looked at just as a call fails."""

    def __init__(self) -> None:
        super().__init__(5, "a test")
        self.looked = threading.Event()
        self.times = 0

    @property
    def left_s(self) -> float:
        if threading.current_thread() is threading.main_thread():
            self.times += 1
            if self.times == 2:
                self.looked.set()
                assert self._given_up.wait(5)
        return super().left_s


def test_a_call_that_fails_while_the_time_is_looked_at_says_why() -> None:
    work = LateLook()

    def refuse() -> None:
        assert work.looked.wait(5)
        raise SourceRefused("no", hint="why")

    with pytest.raises(SourceRefused, match="no"):
        all_within(work, [refuse, refuse], at_once=2, at_first=1)


def test_a_bug_in_a_call_is_not_hidden() -> None:
    def bug() -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        all_within(Deadline(5, "a test"), [bug])


def test_no_calls_give_no_results() -> None:
    calls: list[Callable[[], int]] = []

    assert all_within(Deadline(5, "a test"), calls) == []


def test_work_that_was_given_up_has_no_time_left() -> None:
    work = Deadline(60, "a test")

    work.give_up()

    with pytest.raises(SourceUnavailable):
        work.check()
