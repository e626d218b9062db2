from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.camp_file import camp_state_path, read_camp_state, write_camp_state
from monitor.camps.settings import CampSettings
from monitor.camps.stream import CampStream
from monitor.camps.verdict import CampState
from monitor.errors import ArchiveError
from tests.monitor.camps.worlds import REVISIT, START, a_camp, a_region, the_looks


@pytest.fixture(scope="module")
def state() -> CampState:
    region = a_region([a_camp(np.s_[10:20], np.s_[10:20])])
    stream = CampStream(region, CampSettings(), START + 45 * REVISIT)
    for look in the_looks(48):
        stream.take(look, [])
    return stream.state


def test_a_state_is_read_as_it_was_written(state: CampState, tmp_path: Path) -> None:
    path = camp_state_path(tmp_path, "t-area")

    write_camp_state(path, state)
    again = read_camp_state(path)

    assert again is not None and again.region_version == state.region_version
    (before,), (after,) = state.seasons.values(), again.seasons.values()
    assert np.array_equal(before.theta, after.theta, equal_nan=True)
    assert (before.through, before.look_count) == (after.through, after.look_count)
    assert [s.look_id for s in again.signs] == [s.look_id for s in state.signs]
    assert np.array_equal(again.signs[-1].level, state.signs[-1].level)
    assert str(again.series) == str(state.series)


def test_an_empty_state_is_kept_too(tmp_path: Path) -> None:
    write_camp_state(tmp_path / "camps.npz", CampState("v"))

    again = read_camp_state(tmp_path / "camps.npz")

    assert again is not None and (again.region_version, again.signs) == ("v", ())


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert read_camp_state(tmp_path / "camps.npz") is None


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "camps.npz"
    path.write_bytes(b"no archive")

    with pytest.raises(ArchiveError, match="cannot be read") as refusal:
        read_camp_state(path)

    assert "delete it" in refusal.value.hint


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "t-area").write_text("in the way")

    with pytest.raises(ArchiveError, match=r"cannot write .*camps\.npz"):
        write_camp_state(camp_state_path(tmp_path, "t-area"), CampState("v"))
