from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.simulation.materials import NIR, Cover
from monitor.simulation.orbits import acquisitions, seen_by, shifted_nir, view
from monitor.simulation.presets import Faults, preset

YEAR = Interval(datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC))


def test_each_orbit_passes_every_five_days() -> None:
    passes = list(acquisitions(preset("quiet"), 1, YEAR))
    by_orbit = {
        orbit: [p.acquired_at for p in passes if p.relative_orbit == orbit] for orbit in (93, 136)
    }

    for times in by_orbit.values():
        assert len(times) == 73
        gaps = {round((b - a) / timedelta(days=1)) for a, b in itertools.pairwise(times)}
        assert gaps == {5}
    assert passes == sorted(passes, key=lambda p: p.acquired_at)


def test_a_part_of_an_interval_gives_a_part_of_its_passes() -> None:
    june = Interval(datetime(2022, 6, 1, tzinfo=UTC), datetime(2022, 7, 1, tzinfo=UTC))
    whole = list(acquisitions(preset("quiet"), 1, YEAR))

    part = list(acquisitions(preset("quiet"), 1, june))

    assert part == [p for p in whole if june.contains(p.acquired_at)]
    assert len(part) == 12


def test_items_appear_some_hours_after_the_pass() -> None:
    for passing in acquisitions(preset("quiet"), 1, YEAR):
        delay = passing.available_at - passing.acquired_at
        assert timedelta(hours=3) <= delay < timedelta(hours=15)


def test_the_processing_baseline_changes_in_the_middle_of_the_series() -> None:
    baselines = [p.baseline for p in acquisitions(preset("quiet"), 1, YEAR)]

    assert baselines[0] == "03.01"
    assert baselines[10] == "04.00"
    assert baselines[-1] == "05.09"


def test_a_duplicate_shows_the_same_pass_under_a_newer_baseline() -> None:
    day = Interval(datetime(2022, 6, 1, tzinfo=UTC), datetime(2022, 6, 6, tzinfo=UTC))
    settings = replace(preset("quiet"), faults=Faults(duplicated=day))
    passes = list(acquisitions(settings, 1, day))
    first, again = passes[0], passes[1]

    assert len(passes) == 2 * len(list(acquisitions(preset("quiet"), 1, day)))
    assert again.acquired_at == first.acquired_at
    assert again.scene_id != first.scene_id
    assert again.available_at > first.available_at


def test_one_orbit_can_be_had_alone() -> None:
    passes = acquisitions(replace(preset("quiet"), orbits=1), 1, YEAR)

    assert {p.relative_orbit for p in passes} == {93}


def test_the_second_orbit_sees_the_eastern_part() -> None:
    assert seen_by(93, 300) == slice(0, 300)
    # 60 % of 300 columns, rounded to whole blocks.
    assert seen_by(136, 300) == slice(120, 300)


def test_gains_stay_within_their_bounds() -> None:
    for passing in acquisitions(preset("quiet"), 1, YEAR):
        seen = view(1, passing)
        # 3 % of the orbit, 1 % of the platform, 3 % of the sun.
        assert np.all(np.abs(seen.gain - 1.0) < 0.0715)
        assert np.all(np.abs(seen.nir_offset) <= 0.02)
        assert seen.nir_offset[Cover.WATER] == 0


def test_the_offset_of_an_orbit_shifts_the_near_infrared_alone() -> None:
    spectra = np.full((12, len(Cover)), 0.1, dtype=np.float32)
    spectra[6:] = 0.2
    offset = np.full(len(Cover), 0.01, dtype=np.float32)

    shifted = shifted_nir(spectra, offset)

    assert shifted[NIR + 6, 0] == pytest.approx(0.21)
    shifted[NIR + 6] -= 0.01
    assert np.allclose(shifted, spectra)


def test_pictures_lie_a_seventh_of_a_pixel_off_and_a_few_more() -> None:
    years = Interval(datetime(2015, 7, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))
    offs = np.array([p.misregistration(3) for p in acquisitions(preset("quiet"), 3, years)])
    lengths = np.hypot(*offs.T)

    assert np.median(np.abs(offs)) == pytest.approx(0.15 * 0.6745, rel=0.1)
    assert np.mean(lengths > 0.79) == pytest.approx(0.01, abs=0.006)


def test_the_sun_stands_higher_in_june_than_in_december() -> None:
    passes = list(acquisitions(preset("quiet"), 1, YEAR))
    june = next(p for p in passes if p.acquired_at.month == 6)
    december = next(p for p in passes if p.acquired_at.month == 12)

    assert june.sun_elevation_deg > december.sun_elevation_deg + 15
    assert june.sun_azimuth_deg < 90 < december.sun_azimuth_deg
