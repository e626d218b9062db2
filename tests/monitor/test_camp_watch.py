"""The camps of an area in a run, on real archived looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Polygon

from aoi.area import Aoi
from aoi.settlement import Settlement
from monitor.area_job import ArchivedLook
from monitor.camp_file import camp_state_path
from monitor.camp_watch import CampWatch
from monitor.finding import Finding, FindingKind
from monitor.looks import Look
from monitor.shelf import Shelf, shelved
from tests.monitor.camps.worlds import BLOCKS, EPSG, Stay, a_camp, outline_of, the_looks
from tests.monitor.values import a_job

PAST = 60
CAMP = Stay(np.s_[20:24], np.s_[30:34], first=PAST + 3)
INNER = outline_of(np.s_[15:45], np.s_[15:45])


class SmallArea(Aoi):
    """An area whose grid is that of the looks: its margin would be three kilometres."""

    @property
    def blocks(self):  # type: ignore[no-untyped-def]
        return BLOCKS


def an_area(*detectors: str) -> Aoi:
    assert isinstance(INNER, Polygon)
    return SmallArea("t-area", "Test", INNER, EPSG, detectors=detectors or ("burn", "camp"))


def watched(
    folder: Path,
    looks: Sequence[Look],
    *,
    aoi: Aoi | None = None,
    settlements: Sequence[Settlement] = (),
    each_run: int = 1_000,
    earlier: Sequence[Finding] = (),
) -> list[Finding]:
    """Watch looks after the past, so many in each run; every run begins from files."""
    area = aoi or an_area()
    archived = [_archived(look, area, folder) for look in looks]
    findings = list(earlier)
    for first in range(PAST, len(looks), each_run):
        now = looks[min(first + each_run, len(looks)) - 1].available_at
        job = replace(
            a_job(folder), aoi=area, settlements=tuple(settlements), now=now,
            earlier_findings=tuple(findings),
        )  # fmt: skip
        shelf = Shelf(folder, BLOCKS, archived[:first])
        camps = CampWatch(job, shelf)
        for number in range(first, min(first + each_run, len(looks))):
            shelf.put(archived[number], looks[number], None)
            findings.extend(camps.take(looks[number]))
        camps.close()
    return findings


def _archived(look: Look, area: Aoi, folder: Path) -> ArchivedLook:
    return shelved(look, area, folder, look.available_at, "folder", scored=False)


@pytest.fixture(scope="module")
def looks() -> list[Look]:
    return list(the_looks(PAST + 10, [CAMP]))


def test_a_new_camp_is_found_once_whether_in_one_run_or_many(
    looks: list[Look], tmp_path: Path
) -> None:
    at_once = watched(tmp_path / "a", looks)
    by_and_by = watched(tmp_path / "b", looks, each_run=1)

    # By two looks, and by three.
    assert [f.kind for f in at_once] == [FindingKind.CAMP_NEW] * 2
    assert [f.finding_id for f in by_and_by] == [f.finding_id for f in at_once]


def test_a_lost_state_is_made_anew_from_the_archive(looks: list[Look], tmp_path: Path) -> None:
    expected = watched(tmp_path / "a", looks)
    watched(tmp_path / "b", looks[: PAST + 6])
    camp_state_path(tmp_path / "b" / "baselines", "t-area").write_bytes(b"damaged")

    found: list[Finding] = []
    area = an_area()
    archived = [_archived(look, area, tmp_path / "b") for look in looks]
    job = replace(a_job(tmp_path / "b"), aoi=area, settlements=(), now=looks[-1].available_at)
    shelf = Shelf(tmp_path / "b", BLOCKS, archived[: PAST + 6])
    camps = CampWatch(job, shelf)
    for number in range(PAST + 6, len(looks)):
        shelf.put(archived[number], looks[number], None)
        found.extend(camps.take(looks[number]))

    # What three looks showed was found before the state was lost; it is found once more.
    (again,) = found
    assert again.looks_agreeing == 4
    assert again.geometry.equals(expected[-1].geometry)


def test_an_area_that_asks_for_no_camps_gets_none(looks: list[Look], tmp_path: Path) -> None:
    assert watched(tmp_path, looks, aoi=an_area("burn")) == []
    assert not camp_state_path(tmp_path / "baselines", "t-area").exists()


def test_a_camp_outside_the_area_is_not_reported(tmp_path: Path) -> None:
    outside = Stay(np.s_[2:6], np.s_[2:6], first=PAST + 3)

    assert watched(tmp_path, list(the_looks(PAST + 10, [outside]))) == []


def test_a_camp_of_the_list_grows_and_is_not_new(tmp_path: Path) -> None:
    stays = [
        Stay(np.s_[20:30], np.s_[20:30], first=0),
        Stay(np.s_[20:30], np.s_[30:34], first=PAST + 5),
    ]
    camp = a_camp(np.s_[20:30], np.s_[20:30])

    findings = watched(tmp_path, list(the_looks(PAST + 14, stays)), settlements=[camp], each_run=3)

    assert {(f.kind, f.settlement_id) for f in findings} == {(FindingKind.CAMP_GROWTH, "camp-1")}


def test_a_superseded_look_counts_no_more(looks: list[Look], tmp_path: Path) -> None:
    area = an_area()
    archived = [_archived(look, area, tmp_path) for look in looks[: PAST + 6]]
    job = replace(a_job(tmp_path), aoi=area, settlements=(), now=looks[PAST + 6].available_at)
    shelf = Shelf(tmp_path, BLOCKS, archived[:PAST])
    camps = CampWatch(job, shelf)
    for number in range(PAST, PAST + 6):
        shelf.put(archived[number], looks[number], None)
        camps.take(looks[number])
    again = replace(looks[PAST + 5], look_id="again")

    shelf.put(_archived(again, area, tmp_path), again, archived[PAST + 5])

    # Three looks with the sign, the third of them twice: not the four of fifteen days.
    assert camps.take(again) == []


def test_an_area_without_history_says_nothing(looks: list[Look], tmp_path: Path) -> None:
    area = an_area()
    few = looks[-8:]
    job = replace(a_job(tmp_path), aoi=area, settlements=(), now=few[-1].available_at)
    shelf = Shelf(tmp_path, BLOCKS, [])
    camps = CampWatch(job, shelf)
    found = []
    for look in few:
        shelf.put(_archived(look, area, tmp_path), look, None)
        found.extend(camps.take(look))

    assert found == []
