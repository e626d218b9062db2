"""kill -9 at random times, counted in the mailboxes of a real mail server (ALERTS G1, G2).

EMBERWATCH_KILLS says how many; docs/reliability.md has the figures of longer runs.
"""

from __future__ import annotations

import os

import pytest

from benchmarks.kill_harness import READERS, run
from tests.alerts.postfix import missing

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(bool(missing()), reason=missing() or "a Postfix can be run"),
]

KILLS = int(os.environ.get("EMBERWATCH_KILLS", "60"))


def test_with_the_servers_copies_nothing_is_lost_and_nothing_comes_twice() -> None:
    count = run(KILLS, seed=1, asks_copies=True)

    assert count.kills == KILLS
    assert count.alerts == count.findings > 0
    assert count.arrived == count.deliveries >= count.findings * len(READERS)
    assert (count.lost, count.duplicated) == (0, 0)
    assert (count.not_in_journal, count.taken_for_old) == (0, False)


def test_without_them_a_kill_costs_one_second_copy_at_most_and_it_is_flagged() -> None:
    count = run(KILLS, seed=2, asks_copies=False)

    assert count.lost == 0
    assert count.most_copies <= 2
    assert count.duplicated <= count.in_doubt <= count.kills + 1
    assert count.unflagged_duplicates == 0
    assert (count.not_in_journal, count.taken_for_old) == (0, False)
