"""Baselines from archived looks, and calibration from quiet times of our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor.area_job import ArchivedLook, ScoredReading
from monitor.baseline_file import baseline_path, read_baseline
from monitor.calibration import shipped_calibration
from monitor.detectors.burn_reading import VERSION
from monitor.errors import ArchiveError, ConfigError
from monitor.persistence import PersistenceSettings
from monitor.reading import Verdict
from monitor.shelf import shelved
from monitor.upkeep import (
    LEAST_YEARS,
    calibration_in,
    quiet_places,
    rebuilt_baselines,
    recalibration_of,
    write_calibration,
)
from tests.builders import NOW, a_finding
from tests.monitor.detectors.worlds import REVISIT, START, a_village, an_area, the_looks
from tests.monitor.test_persistence import a_reading

AREA = an_area(1_000.0)
VILLAGES = [a_village(1, 540_120, 1_510_120)]
DAY = timedelta(days=1)
MEASURED = {"other_direction": 0.0}


def archived(folder: Path, count: int) -> list[ArchivedLook]:
    return [
        shelved(look, AREA, folder, look.available_at, "test", scored=True)
        for look in the_looks(AREA, VILLAGES, count)
    ]


def test_a_lost_baseline_is_made_again_from_the_archive(tmp_path: Path) -> None:
    looks = archived(tmp_path, 40)
    now = START + 40 * REVISIT

    (done,) = rebuilt_baselines(AREA, VILLAGES, looks, tmp_path, now)

    made = read_baseline(tmp_path / "baselines", AREA.aoi_id, done.track)
    assert made is not None
    assert done.fitted
    # The last sixty days are in quarantine.
    young = sum(look.acquired_at > now - timedelta(days=60) for look in looks)
    assert (done.looks, made.fitted_looks) == (40 - young, 40 - young)


def test_too_few_looks_leave_what_is_there(tmp_path: Path) -> None:
    looks = archived(tmp_path, 20)

    (done,) = rebuilt_baselines(AREA, VILLAGES, looks, tmp_path, START + 60 * REVISIT)

    assert not done.fitted
    assert not baseline_path(tmp_path / "baselines", AREA.aoi_id, done.track).exists()


def test_a_look_that_was_damaged_is_named(tmp_path: Path) -> None:
    looks = archived(tmp_path, 40)
    (tmp_path / looks[3].path).write_bytes(b"not a tiff")

    with pytest.raises(ArchiveError, match=looks[3].look_id):
        list(rebuilt_baselines(AREA, VILLAGES, looks, tmp_path, START + 60 * REVISIT))


def scored(day: float, score: float, place: str = "v1", detector: str = VERSION) -> ScoredReading:
    reading = a_reading(day, score, Verdict.QUIET)
    values = {**reading.values, **MEASURED, "scan_standard": score, "median_q_standard": score}
    reading = replace(reading, settlement_id=place, values=values, detector=detector)
    return ScoredReading(reading, np.arange(4, dtype=np.int32))


def quiet_record(places: int, looks: int) -> list[ScoredReading]:
    random = np.random.default_rng(1)
    return [
        scored(5.0 * n, float(score), f"v{place}")
        for place in range(places)
        for n, score in enumerate(random.standard_normal(looks))
    ]


def test_the_time_around_a_burn_finding_and_other_versions_are_left_out() -> None:
    record = [scored(day, 0.0) for day in (-100, -59, 0, 399, 401)]
    record.append(scored(-101, 0.0, detector="burn/1"))
    found = a_finding(settlement_id="v1", first_seen=NOW)

    (place,) = quiet_places(record, [found])

    assert [(r.acquired_at - NOW) / DAY for r in place.readings] == [-100, 401]


def test_a_gap_in_what_was_seen_is_no_quiet_time() -> None:
    (place,) = quiet_places([scored(day, 0.0) for day in (0, 5, 10, 400)], [])

    # Ten days, and sixty of the gap: as long as a rule remembers.
    assert place.years == pytest.approx(70 / 365.25)


def test_alarms_in_quiet_times_are_counted_and_years_decide_whether_they_count() -> None:
    record = [*quiet_record(10, 60), scored(305, 40.0, "v0")]

    found = recalibration_of(
        quiet_places(record, []), shipped_calibration(), PersistenceSettings(), "test"
    )

    assert found.raised == 1
    assert found.years == pytest.approx((10 * 59 * 5 + 10) / 365.25)
    assert not found.enough and found.years < LEAST_YEARS
    assert found.new.weights == shipped_calibration().weights
    assert found.new.made_from == "test"


def test_nothing_watched_is_no_calibration() -> None:
    with pytest.raises(ValueError, match="no quiet time"):
        recalibration_of([], shipped_calibration(), PersistenceSettings(), "test")


def test_a_calibration_of_our_own_is_used_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    assert calibration_in(tmp_path) is shipped_calibration()

    own = replace(shipped_calibration(), version="cal-own")
    path = write_calibration(tmp_path, own)
    assert calibration_in(tmp_path).version == "cal-own"

    path.write_text('{"version": 1}')
    with pytest.raises(ConfigError, match="cannot be used"):
        calibration_in(tmp_path)
