from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.alarm import alarms_at
from monitor.detector_scores import FULL
from monitor.errors import ArchiveError
from monitor.world_scores import joined, load_world, save_world, with_prefix
from tests.monitor.worlds import a_burn, a_world


def test_a_world_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    world = a_world(confounders=[a_burn("w1/b", 5)])

    save_world(world, tmp_path / "w1.npz")
    back = load_world(tmp_path / "w1.npz")

    assert (back.events, back.confounders) == (world.events, world.confounders)
    assert (back.interval, back.years, back.clear_looks) == (world.interval, 10.0, 20)
    assert [s.rule for s in back.scored] == [FULL, "marx", "pwtt"]
    for kept, read in zip(world.scored, back.scored, strict=True):
        assert alarms_at(kept.scores, 1.0) == pytest.approx(alarms_at(read.scores, 1.0)) or len(
            kept.scores
        )
        np.testing.assert_array_equal(kept.scores.at, read.scores.at)
        np.testing.assert_array_equal(kept.scores.score, read.scores.score)


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    save_world(a_world(), tmp_path / "w1.npz")

    assert [path.name for path in tmp_path.iterdir()] == ["w1.npz"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "w1.npz").write_bytes(b"PK\x03\x04 cut short")

    with pytest.raises(ArchiveError, match=r"w1\.npz"):
        load_world(tmp_path / "w1.npz")


def test_scores_of_two_worlds_join_without_mixing_their_villages() -> None:
    both = joined([a_world("w1"), a_world("w2")], FULL)

    assert [alarm.settlement_id for alarm in alarms_at(both, 2.4)] == ["w1/a", "w2/a"]


def test_two_worlds_with_the_same_villages_are_refused() -> None:
    with pytest.raises(ValueError, match="share a settlement"):
        joined([a_world("w1"), a_world("w1")], FULL)


def test_a_prefix_renames_everything() -> None:
    renamed = with_prefix(a_world("w1"), "again")

    assert renamed.events[0].settlement_id == "again/w1/a"
    (alarm,) = alarms_at(joined([a_world("w1"), renamed], FULL), 2.4)[1:]
    assert alarm.settlement_id == "again/w1/a"


def test_an_unknown_rule_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="dnbr99"):
        replace(a_world()).of_rule("dnbr99")
