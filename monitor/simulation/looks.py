"""Looks of a simulated world, made directly: no pixels in between.

For large studies. Fractions of cover aggregated to blocks give the block means
that a catalogue of the same world would give after reduction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aoi.interval import Interval
from monitor.looks import Look
from monitor.observation import Flag
from monitor.reduction import quantised
from monitor.scene import Sensor
from monitor.simulation.changes import Change, visible
from monitor.simulation.fields import Field, Upsampler
from monitor.simulation.materials import BANDS, SHADOW_FACTOR, VISIBLE, Cover
from monitor.simulation.orbits import Acquisition, acquisitions, seen_by, shifted_nir, view
from monitor.simulation.patches import Patchiness
from monitor.simulation.presets import VERSION
from monitor.simulation.radar import radar_looks
from monitor.simulation.seasons import Spectra
from monitor.simulation.streams import stream
from monitor.simulation.surface import (
    ALL_BANDS,
    Bands,
    Missed,
    drifted,
    haze_of,
    hazed,
    joined,
    noise_level,
    shifted,
)
from monitor.simulation.weather import EDGE, Sky
from monitor.simulation.world import PAIRS, World

PIXELS_PER_BLOCK = np.array([16, 16, 16, 4, 4, 4], dtype=np.float32)
"""Native pixels of each band in a block: 10 m and 20 m."""

PIXELS_PER_SIDE = 4

HAZE_FLAGGED = 0.6
CLEAR_AT_EDGE = 0.75


__all__ = ["Observer", "looks", "radar_looks"]


@dataclass(frozen=True, slots=True, eq=False)
class Observer:
    """What looks of one world share."""

    world: World
    patchiness: Patchiness
    upsample: Upsampler
    """From cells of the sky to blocks."""

    water: NDArray[np.bool_]

    @classmethod
    def of(cls, world: World) -> Observer:
        """Return the observer of a world."""
        shape = world.blocks.shape
        return cls(
            world=world,
            patchiness=Patchiness.of(world.land, PIXELS_PER_SIDE),
            upsample=Upsampler.between(world.land.weather.clouds.shape, shape),
            water=world.block_shares[Cover.WATER].reshape(shape) > 0.5,
        )

    def look(self, acquisition: Acquisition) -> Look:
        """Return one look."""
        world = self.world
        sky = world.land.weather.sky(acquisition)
        clear, flags = self._seen(acquisition, sky)
        values, texture = self._measured(acquisition, sky)
        hidden = (clear <= 0).ravel()
        values[:, hidden] = np.nan
        texture[hidden] = np.nan
        shape = world.blocks.shape
        bands = quantised(values).reshape(len(BANDS), *shape)
        return Look(
            look_id=_look_id(world, acquisition),
            aoi_id=world.aoi.aoi_id,
            sensor=Sensor.SENTINEL_2,
            platform=acquisition.platform,
            track=f"{Sensor.SENTINEL_2.value}-{acquisition.relative_orbit:03d}",
            acquired_at=acquisition.acquired_at,
            available_at=acquisition.available_at,
            blocks=world.blocks,
            bands={name: bands[row] for row, name in enumerate(BANDS)},
            texture=quantised(texture).reshape(shape),
            clear_fraction=clear,
            flags=flags,
            scene_ids=(acquisition.scene_id,),
            tags=_tags(world, acquisition),
        )

    def _measured(self, acquisition: Acquisition, sky: Sky) -> tuple[Bands, NDArray[np.float32]]:
        """Reflectance (6, blocks) and texture (blocks,), before quantising."""
        land, shape = self.world.land, self.world.blocks.shape
        seen = view(land.seed, acquisition)
        spectra = shifted_nir(land.seasons.spectra(acquisition.day), seen.nir_offset)
        halves, variance = self._ground(acquisition.day, spectra)
        wet = land.weather.wetness(acquisition.day)
        values = joined(halves, None if wet is None else self.upsample(wet).ravel(), ALL_BANDS)
        bright, green = self.patchiness.change(acquisition)
        bright += self.patchiness.static
        values = drifted(values, bright.ravel(), green.ravel(), ALL_BANDS)
        shifted(values.reshape(len(BANDS), *shape), acquisition.misregistration(land.seed), 4)
        is_shadow = self.upsample(sky.missed_is_shadow.astype(np.float32))
        missed = Missed.of(self.upsample(sky.missed), sky.missed_strength, is_shadow)
        values = missed.over(values, ALL_BANDS)
        variance[missed.shaded] *= (1.0 - (1.0 - SHADOW_FACTOR[VISIBLE].mean()) * missed.shade) ** 2
        values = hazed(values, haze_of(sky, shape).ravel(), ALL_BANDS)
        values *= seen.gain[:, np.newaxis]
        values += np.float32(self.world.settings.faults.added(acquisition.acquired_at))
        draws = stream(land.seed, "sensor", *acquisition.counters)
        level = noise_level(values, PIXELS_PER_BLOCK)
        level *= draws.standard_normal(values.shape, dtype=np.float32)
        values += level
        return values, _texture(draws, variance, values)

    def _ground(
        self, day: float, spectra: Spectra
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Cover and changes on a day: halves (12, blocks), variance inside blocks."""
        world = self.world
        halves = spectra @ world.block_shares
        brightness = visible(spectra)
        pairs = brightness[PAIRS[0]] * brightness[PAIRS[1]]
        variance = np.asarray(pairs @ world.scatter, dtype=np.float32)
        for event in world.standing(day):
            for change in event.changes:
                _apply(change, day, spectra, world, halves, variance)
        return halves, np.maximum(variance, 0.0)

    def _seen(self, acquisition: Acquisition, sky: Sky) -> tuple[Field, NDArray[np.uint16]]:
        """Clear fraction and flags of each block."""
        shape = self.world.blocks.shape
        # A block exactly at the threshold is three quarters clear, so that the share of
        # usable blocks is the one that the climate sets.
        clear = _clear_share(self.upsample(sky.covered))
        flags = np.zeros(shape, dtype=np.uint16)
        cloud = _clear_share(self.upsample(sky.cloud)) < CLEAR_AT_EDGE
        shadow = _clear_share(self.upsample(sky.shadow)) < CLEAR_AT_EDGE
        margin = (clear < CLEAR_AT_EDGE) & ~cloud & ~shadow
        for at, flag in (
            (cloud, Flag.CLOUD), (shadow, Flag.SHADOW), (margin, Flag.DILATED),
            (self.water, Flag.WATER), (haze_of(sky, shape) > HAZE_FLAGGED, Flag.HAZE),
        ):  # fmt: skip
            flags[at] |= np.uint16(flag)
        unseen = np.ones(shape[1], dtype=np.bool_)
        unseen[seen_by(acquisition.relative_orbit, shape[1])] = False
        clear[:, unseen] = 0.0
        flags[:, unseen] = np.uint16(Flag.NODATA)
        return clear, flags


def looks(world: World, interval: Interval) -> Iterator[Look]:
    """Yield the looks of an interval, oldest first.

    Any interval gives the same looks, whatever was asked for before.
    """
    observer = Observer.of(world)
    for acquisition in acquisitions(world.settings, world.seed, interval):
        yield observer.look(acquisition)


def _apply(
    change: Change, day: float, spectra: Spectra, world: World,
    halves: NDArray[np.float32], variance: NDArray[np.float32],
) -> None:  # fmt: skip
    """Add one change to the ground, in place."""
    if not len(change.blocks) or change.course.amount(day) <= 0:
        return
    gained = change.difference(day, spectra, world.land.seasons)
    halves[:, change.blocks] += gained @ change.shares
    brightness = visible(spectra)
    weights = change.shares.sum(axis=1)
    step = np.float32(visible(gained) @ weights / max(float(weights.sum()), 1e-9))
    variance[change.blocks] += step**2 * change.scatter
    variance[change.blocks] += 2.0 * step * (brightness @ change.scatter_with)


def _texture(
    draws: np.random.Generator, variance: NDArray[np.float32], values: Bands
) -> NDArray[np.float32]:
    """Standard deviation of sixteen noisy pixels whose true variance is `variance`."""
    level = 0.004 + 0.015 * values[VISIBLE].mean(axis=0)
    noise = level**2 / 3.0
    spread = np.sqrt(2.0 * noise**2 / 15.0 + 4.0 * variance * noise / 15.0)
    drawn = variance + noise + spread * draws.standard_normal(len(variance), dtype=np.float32)
    texture: NDArray[np.float32] = np.sqrt(np.maximum(drawn, 1e-8)).astype(np.float32)
    return texture


def _clear_share(height: Field) -> Field:
    """Return the clear share of blocks from the height of a covering field, in percents."""
    percent = np.floor(100.0 * np.clip(CLEAR_AT_EDGE - height / EDGE, 0.0, 1.0) + 1e-3)
    return np.asarray(percent * 0.01, dtype=np.float32)


def _look_id(world: World, acquisition: Acquisition) -> str:
    text = f"{world.aoi.aoi_id}|{acquisition.scene_id}|{acquisition.baseline}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _tags(world: World, acquisition: Acquisition) -> dict[str, str]:
    has_offset = acquisition.baseline >= "04.00"
    return {
        "provider": "simulator",
        "software": VERSION,
        "preset": world.settings.name,
        "seed": str(world.seed),
        "processing_baseline": acquisition.baseline,
        "offset_applied": "-0.1" if has_offset else "0",
    }
