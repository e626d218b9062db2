from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aoi.settlement import SettlementKind
from monitor.simulation.materials import Cover
from monitor.simulation.presets import Camps, preset
from monitor.simulation.terrain import natural_cover
from monitor.simulation.villages import settle, villages_of

SHAPE = (1200, 1200)
MANY = replace(preset("bench"), villages=60, village_spacing_m=700.0)


def test_villages_keep_their_distance() -> None:
    centres = np.array([village.centre for village in villages_of(MANY, 3, SHAPE)])
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)

    # Lobes move the centre of an outline a little from where it was placed.
    assert apart.min() > 55
    assert len(centres) == 60


def test_a_structure_has_two_to_six_hundred_square_metres() -> None:
    for village in villages_of(MANY, 3, SHAPE):
        per_structure_m2 = 1e4 * village.area_ha / len(village.structures)
        assert 199.0 <= per_structure_m2 <= 601.0


def test_sizes_follow_the_village_list_of_darfur() -> None:
    counts = np.concatenate(
        [[len(v.structures) for v in villages_of(MANY, seed, SHAPE)] for seed in range(8)]
    )

    assert np.median(counts) == pytest.approx(75, rel=0.15)
    assert np.mean(counts < 250) == pytest.approx(0.9, abs=0.04)


def test_the_given_outline_is_off_by_a_few_percent() -> None:
    overlaps = [
        village.given.intersection(village.outline).area / village.outline.area
        for village in villages_of(MANY, 3, SHAPE)
    ]

    assert 0.8 < np.median(overlaps) < 0.99
    assert min(overlaps) > 0.6


def test_structures_stand_in_the_outline_or_just_beside_it() -> None:
    village = villages_of(MANY, 3, SHAPE)[0]
    rows, columns = village.structures.T
    left, top, right, bottom = village.outline.bounds

    assert rows.min() > top - 5
    assert rows.max() < bottom + 5
    assert left - 5 < columns.min() <= columns.max() < right + 5


def test_the_ground_of_a_village_has_the_mix_of_the_village() -> None:
    shares = natural_cover(MANY, 3, SHAPE)
    village = max(villages_of(MANY, 3, SHAPE), key=lambda v: v.area_ha)

    settle(shares, village)
    inside = village.inside() == 1.0
    found = shares[:, village.rows, village.columns][:, inside].mean(axis=1)

    for cover in (Cover.THATCH, Cover.STRAW):
        assert found[cover] == pytest.approx(village.mix[cover], rel=0.12)
    assert np.allclose(shares.sum(axis=0), 1.0, atol=1e-4)


def test_ground_away_from_a_village_stays_as_it_was() -> None:
    before = natural_cover(MANY, 3, SHAPE)
    after = before.copy()
    village = villages_of(MANY, 3, SHAPE)[0]

    settle(after, village)
    after[:, village.rows, village.columns] = before[:, village.rows, village.columns]

    assert np.array_equal(after, before)


def test_the_last_settlements_are_the_known_camps() -> None:
    settings = replace(MANY, villages=6, camps=Camps(standing=1, growing=1, new=3))

    kinds = [village.kind for village in villages_of(settings, 3, SHAPE)]

    assert kinds == [SettlementKind.VILLAGE] * 4 + [SettlementKind.CAMP] * 2


def test_shelters_cover_nine_to_fourteen_percent_of_a_camp() -> None:
    settings = replace(MANY, villages=4, camps=Camps(standing=4))

    for camp in villages_of(settings, 3, SHAPE):
        assert 0.09 <= camp.mix[Cover.TARPAULIN] <= 0.14


def test_another_village_does_not_change_the_first() -> None:
    few, more = (villages_of(replace(MANY, villages=n), 3, SHAPE) for n in (3, 9))

    assert few[0].outline.equals(more[0].outline)
    assert np.array_equal(few[2].structures, more[2].structures)
