from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from alerts.side_by_side import batched, side_by_side


def test_pieces_are_whole_but_for_the_last_one() -> None:
    assert list(batched(["a", "b", "c", "d", "e"], 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batched([], 2)) == []


def test_a_group_that_waits_does_not_keep_the_others_from_being_sent() -> None:
    others_are_done = threading.Event()

    def send(group: Sequence[str]) -> list[str]:
        if group == ["slow"]:
            assert others_are_done.wait(20), "the others waited for it"
        if group == ["last"]:
            others_are_done.set()
        return [f"{name} sent" for name in group]

    outcomes = side_by_side([["a", "b"], ["slow"], ["c"], ["last"]], send, most=3)

    assert outcomes == ["a sent", "b sent", "slow sent", "c sent", "last sent"]


def test_one_group_is_sent_by_whoever_asks() -> None:
    threads: list[str] = []

    def send(group: Sequence[str]) -> list[str]:
        threads.append(threading.current_thread().name)
        return list(group)

    assert side_by_side([["a", "b"]], send, most=4) == ["a", "b"]
    assert side_by_side([], send, most=4) == []
    assert threads == [threading.current_thread().name]


def test_what_goes_wrong_beside_is_not_lost() -> None:
    def send(group: Sequence[str]) -> list[str]:
        if group == ["bad"]:
            raise ValueError("as told")
        return list(group)

    with pytest.raises(ValueError, match="as told"):
        side_by_side([["a"], ["bad"]], send, most=4)
