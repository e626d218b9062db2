from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.simulation.fields import block_means
from monitor.simulation.looks import looks
from monitor.simulation.materials import CLOUD, Cover
from monitor.simulation.orbits import Acquisition, acquisitions
from monitor.simulation.pixels import COARSE, FINE, Painter, classification
from monitor.simulation.world import World


def after_the_fire(world: World) -> list[Acquisition]:
    (burn,) = world.targets
    days = Interval(burn.interval.end, burn.interval.end + timedelta(days=15))
    return list(acquisitions(world.settings, world.seed, days))


def test_pixels_average_to_what_looks_show(burning_world: World) -> None:
    """One physics: means of 10 m and 20 m pixels are the blocks of the direct looks."""
    passing = max(after_the_fire(burning_world), key=lambda p: -burning_world.land.weather.cover(p))
    day = Interval(passing.acquired_at, passing.acquired_at + timedelta(seconds=1))
    (look,) = looks(burning_world, day)
    sky = burning_world.land.weather.sky(passing)
    clear = look.clear_fraction > 0.74
    for product in (FINE, COARSE):
        picture = Painter.of(burning_world, product).paint(passing, sky)
        means = block_means(picture, 4 // product.step)
        for band, mean in zip(product.bands, means, strict=True):
            if band == "nir":
                continue
            difference = (mean - look.bands[band])[clear]
            # Both carry noise of (.004 + 1.5 %) / sqrt(pixels); twice .005 is that of B11.
            assert abs(float(difference.mean())) < 5e-4
            assert float(difference.std()) < 0.0095


def test_the_burned_village_averages_to_what_looks_show(burning_world: World) -> None:
    (burn,) = burning_world.targets
    blocks = burn.blocks(0.2)
    after = Interval(burn.interval.end, burn.interval.end + timedelta(days=15))
    look = max(looks(burning_world, after), key=lambda look: look.valid.ravel()[blocks].mean())
    passing = next(p for p in after_the_fire(burning_world) if p.scene_id == look.scene_ids[0])
    picture = Painter.of(burning_world, COARSE).paint(
        passing, burning_world.land.weather.sky(passing)
    )
    clear = look.valid.ravel()[blocks]

    means = block_means(picture, 2)[0].ravel()[blocks]
    difference = (means - look.bands["nir08"].ravel()[blocks])[clear]

    assert clear.sum() > 10
    assert abs(float(difference.mean())) < 0.003


def test_texture_of_burned_blocks_is_that_of_their_pixels(burning_world: World) -> None:
    (burn,) = burning_world.targets
    blocks = burn.blocks(0.2)
    after = Interval(burn.interval.end, burn.interval.end + timedelta(days=15))
    look = max(looks(burning_world, after), key=lambda look: look.valid.ravel()[blocks].mean())
    unburned = replace(burning_world, truth=())
    (other,) = (one for one in looks(unburned, after) if one.look_id == look.look_id)
    passing = next(p for p in after_the_fire(burning_world) if p.scene_id == look.scene_ids[0])
    painter = Painter.of(burning_world, FINE)
    grey = painter.paint(passing, burning_world.land.weather.sky(passing))[:3].mean(axis=0)
    offset = grey - block_means(grey, 4).repeat(4, axis=0).repeat(4, axis=1)

    pixels = np.sqrt(block_means(offset**2, 4)).ravel()[blocks]

    assert np.median(look.texture.ravel()[blocks]) == pytest.approx(np.median(pixels), rel=0.1)
    # Char between huts that stand apart makes the ground uneven.
    assert np.median(look.texture.ravel()[blocks] / other.texture.ravel()[blocks]) > 1.2


def test_broad_near_infrared_lies_beside_the_narrow_band(burning_world: World) -> None:
    passing = after_the_fire(burning_world)[0]
    sky = burning_world.land.weather.sky(passing)
    fine = Painter.of(burning_world, FINE).paint(passing, sky)
    coarse = Painter.of(burning_world, COARSE).paint(passing, sky)

    nir, nir08 = block_means(fine[3], 2), coarse[0]

    assert np.corrcoef(nir.ravel(), nir08.ravel())[0, 1] > 0.9
    assert np.median(nir) < np.median(nir08)


def test_clouds_are_white_and_their_shadows_dark(quiet_world: World) -> None:
    year = Interval(datetime(2022, 7, 1, tzinfo=UTC), datetime(2022, 9, 1, tzinfo=UTC))
    weather = quiet_world.land.weather
    passing = next(
        p
        for p in acquisitions(quiet_world.settings, quiet_world.seed, year)
        if 0.3 < weather.cover(p) < 0.7
    )
    sky, painter = weather.sky(passing), Painter.of(quiet_world, COARSE)
    nir = painter.paint(passing, sky)[0]
    cloud, shadow = painter.height(sky.cloud) > 0.4, painter.height(sky.shadow) > 0.2
    free = painter.height(sky.covered) < -0.2

    assert np.median(nir[cloud]) > 0.8 * CLOUD[3]
    assert np.median(nir[shadow & ~(painter.height(sky.cloud) > 0)]) < 0.6 * np.median(nir[free])


def test_the_classifier_ends_clouds_a_few_pixels_short(quiet_world: World) -> None:
    weather = quiet_world.land.weather
    year = Interval(datetime(2022, 7, 1, tzinfo=UTC), datetime(2022, 9, 1, tzinfo=UTC))
    passing = next(
        p
        for p in acquisitions(quiet_world.settings, quiet_world.seed, year)
        if 0.3 < weather.cover(p) < 0.7
    )
    sky, painter = weather.sky(passing), Painter.of(quiet_world, COARSE)
    classes = classification(painter, passing, sky, painter.paint(passing, sky))
    flagged, cloud = np.isin(classes, (8, 9, 10)), painter.height(sky.cloud) > 0

    assert 0.5 < (flagged & cloud).sum() / cloud.sum() < 1.0
    assert not (flagged & ~cloud).any()
    # What is missed altogether is not in the classes.
    assert not np.isin(classes[painter.height(sky.missed) > 0], (3, 9)).all()


def test_water_has_its_class(quiet_world: World) -> None:
    passing = next(acquisitions(quiet_world.settings, quiet_world.seed, quiet_world.settings.span))
    sky, painter = quiet_world.land.weather.sky(passing), Painter.of(quiet_world, COARSE)
    classes = classification(painter, passing, sky, painter.paint(passing, sky))
    open_water = (painter.shares[Cover.WATER] > 0.5) & (painter.height(sky.covered) < 0)

    assert np.all(classes[open_water] == 6)


def test_tarpaulin_of_new_camps_counts_as_cover(camp_world: World) -> None:
    painter = Painter.of(camp_world, COARSE)
    camp = next(event for event in camp_world.truth if event.event_id.startswith("camp-new"))

    before = painter.cover(Cover.TARPAULIN, camp.start - 1)
    after = painter.cover(Cover.TARPAULIN, camp.start + 100)

    assert after.sum() > before.sum()
