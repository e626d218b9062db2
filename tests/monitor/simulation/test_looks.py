from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.looks import OPTICAL_BANDS, SCALE, Look
from monitor.observation import Flag
from monitor.simulation.looks import looks
from monitor.simulation.materials import Cover
from monitor.simulation.presets import Faults
from monitor.simulation.world import World

MARCH = Interval(datetime(2022, 3, 1, tzinfo=UTC), datetime(2022, 4, 1, tzinfo=UTC))


def same(one: Look, other: Look) -> bool:
    layers = [(one.bands[name], other.bands[name]) for name in OPTICAL_BANDS]
    layers += [(one.texture, other.texture), (one.clear_fraction, other.clear_fraction)]
    same_layers = all(a.tobytes() == b.tobytes() for a, b in layers)
    return same_layers and one.look_id == other.look_id and bool((one.flags == other.flags).all())


def test_the_same_seed_gives_the_same_bytes(quiet_world: World) -> None:
    twice = zip(looks(quiet_world, MARCH), looks(quiet_world, MARCH), strict=True)

    assert all(same(one, other) for one, other in twice)


def test_a_look_does_not_depend_on_what_was_asked_before(quiet_world: World) -> None:
    late = Interval(datetime(2022, 3, 20, tzinfo=UTC), MARCH.end)
    whole = [look for look in looks(quiet_world, MARCH) if late.contains(look.acquired_at)]

    part = list(looks(quiet_world, late))

    assert len(part) == len(whole) > 3
    assert all(same(one, other) for one, other in zip(part, whole, strict=True))


def test_looks_come_in_order_with_the_bands_and_grid_of_the_area(quiet_world: World) -> None:
    found = list(looks(quiet_world, MARCH))

    assert [look.acquired_at for look in found] == sorted(look.acquired_at for look in found)
    assert {look.track for look in found} == {"sentinel-2-093", "sentinel-2-136"}
    assert len({look.look_id for look in found}) == len(found)
    for look in found:
        assert set(look.bands) == set(OPTICAL_BANDS)
        assert look.blocks == quiet_world.aoi.blocks


def test_reflectance_is_a_multiple_of_a_ten_thousandth(quiet_world: World) -> None:
    look = next(iter(looks(quiet_world, MARCH)))
    for values in (*look.bands.values(), look.texture):
        steps = values[np.isfinite(values)].astype(np.float64) / SCALE
        assert np.abs(steps - np.rint(steps)).max() < 1e-2


def test_hidden_blocks_have_no_values(quiet_world: World) -> None:
    for look in looks(quiet_world, MARCH):
        hidden = look.clear_fraction == 0
        assert np.isnan(look.bands["nir08"][hidden]).all()
        assert np.isfinite(look.bands["nir08"][~hidden]).all()


def test_a_block_that_is_hardly_clear_says_why(quiet_world: World) -> None:
    why = np.uint16(Flag.CLOUD | Flag.SHADOW | Flag.DILATED | Flag.NODATA)
    for look in looks(quiet_world, MARCH):
        assert np.all(look.flags[look.clear_fraction < 0.74] & why)


def test_the_second_orbit_sees_a_part_of_the_window(quiet_world: World) -> None:
    second = next(look for look in looks(quiet_world, MARCH) if look.track.endswith("136"))

    # 60 % of 180 columns.
    assert np.all(second.flags[:, :72] == Flag.NODATA)
    assert not (second.flags[:, 72:] & np.uint16(Flag.NODATA)).any()


def test_water_is_flagged_and_dark(quiet_world: World) -> None:
    water = quiet_world.block_shares[Cover.WATER].reshape(quiet_world.blocks.shape) > 0.9
    assert water.any()
    look = max(looks(quiet_world, MARCH), key=lambda look: float(look.valid.mean()))

    assert np.all(look.flags[water] & np.uint16(Flag.WATER))
    assert np.nanmedian(look.bands["nir08"][water]) < 0.12


def test_a_burned_village_darkens_and_fades_back(burning_world: World) -> None:
    """Against the same village in the same noise, had it not burned."""
    (burn,) = burning_world.targets
    blocks = burn.blocks(0.2)
    after = Interval(burn.interval.end, burn.interval.end + timedelta(days=100))
    unburned = looks(replace(burning_world, truth=()), after)
    drops = []
    for look, other in zip(looks(burning_world, after), unburned, strict=True):
        valid = look.valid.ravel()[blocks]
        if valid.mean() > 0.9:
            ratio = other.bands["nir08"].ravel()[blocks] / look.bands["nir08"].ravel()[blocks]
            drops.append(float(np.median(np.log(ratio[valid]))))

    # Half of the ground burned, so half of the .29 to .33 of DETECTION 3.2 at least.
    assert max(drops[:3]) > 0.15
    assert drops[-1] < 0.3 * max(drops[:3])


def test_only_the_burned_village_differs_from_the_quiet_world(
    burning_world: World, quiet_world: World
) -> None:
    (burn,) = burning_world.targets
    day = Interval(burn.interval.end, burn.interval.end + timedelta(days=6))
    bare = replace(burning_world, truth=())
    changed = set(burn.blocks(0.0).tolist())
    for one, other in zip(looks(burning_world, day), looks(bare, day), strict=True):
        differs = np.abs(one.bands["nir08"] - other.bands["nir08"]) > 2e-4
        # Misregistration carries a change into the next block.
        near = {b + step for b in changed for step in (0, -1, -180)}
        assert set(np.flatnonzero(differs).tolist()) <= near


@pytest.mark.parametrize(("fault", "added"), [("offset_forgotten", 0.1), ("offset_doubled", -0.1)])
def test_a_wrong_offset_shifts_every_band_by_a_tenth(
    quiet_world: World, fault: str, added: float
) -> None:
    settings = replace(quiet_world.settings, faults=Faults(**{fault: MARCH}))
    wrong = next(iter(looks(replace(quiet_world, settings=settings), MARCH)))
    right = next(iter(looks(quiet_world, MARCH)))

    for name in OPTICAL_BANDS:
        shift = np.nanmedian(wrong.bands[name] - right.bands[name])
        assert shift == pytest.approx(added, abs=5e-4)


def test_texture_is_higher_where_cover_is_mixed(camp_world: World) -> None:
    camp = camp_world.land.first_camp
    inside = camp_world.blocks.inside(camp_world.settlements[camp].footprint)
    dry = Interval(datetime(2021, 2, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC))
    look = max(looks(camp_world, dry), key=lambda look: float(look.valid[inside].mean()))

    ratio = np.nanmedian(look.texture[inside]) / np.nanmedian(look.texture[~inside])

    assert ratio > 1.5


def test_tags_say_where_a_look_comes_from(quiet_world: World) -> None:
    look = next(iter(looks(quiet_world, MARCH)))

    assert look.tags["provider"] == "simulator"
    assert look.tags["seed"] == str(quiet_world.seed)
    assert look.tags["processing_baseline"] == "04.00"
    assert look.available_at > look.acquired_at
