"""The pixels of a simulated world, as a satellite sees them: 10 m and 20 m.

The same physics as `looks.py`, before any reduction to blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.simulation.changes import Change
from monitor.simulation.events import Event
from monitor.simulation.fields import Field, Upsampler, block_means
from monitor.simulation.materials import BANDS, CLOUD, NIR, SHADOW_FACTOR, Cover
from monitor.simulation.orbits import Acquisition, shifted_nir, view
from monitor.simulation.patches import Patchiness
from monitor.simulation.seasons import Spectra
from monitor.simulation.streams import stream
from monitor.simulation.surface import (
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
from monitor.simulation.world import World

THICK = 0.25
"""Height of the cloud field at which a cloud hides the ground altogether."""

SHADE = 0.9
"""Strength of the shadow of a cloud; some light comes from the side."""

TARPAULIN_LIKE_CLOUD = 0.35
"""Share of tarpaulin in a pixel from which a classifier may call it cloud."""


@dataclass(frozen=True, slots=True)
class Product:
    """Bands that are delivered at one pixel size."""

    step: int
    """Side of a pixel in pixels of 10 m."""

    bands: tuple[str, ...]
    alike: tuple[int, ...]
    """Index in `BANDS` whose haze, shadow and wetness each band shares."""

    mix: NDArray[np.float32]
    """Each band as a mix of `BANDS`, shape (bands, 6)."""


def _product(step: int, bands: dict[str, dict[int, float]]) -> Product:
    mix = np.zeros((len(bands), len(BANDS)), dtype=np.float32)
    for row, parts in enumerate(bands.values()):
        for band, share in parts.items():
            mix[row, band] = share
    alike = tuple(max(parts, key=lambda band: parts[band]) for parts in bands.values())
    return Product(step, tuple(bands), alike, mix)


# B8 (842 nm) is broader than B8A (865 nm) and reaches towards red.
_BROAD_NIR = {2: 0.05, NIR: 0.95}
FINE = _product(1, {"blue": {0: 1.0}, "green": {1: 1.0}, "red": {2: 1.0}, "nir": _BROAD_NIR})
COARSE = _product(2, {"nir08": {NIR: 1.0}, "swir16": {4: 1.0}, "swir22": {5: 1.0}})


@dataclass(frozen=True, slots=True, eq=False)
class Painter:
    """Paints the pixels of one product of one world."""

    world: World
    product: Product
    shares: NDArray[np.float32]
    """Cover of each pixel, shape (covers, height, width)."""

    patchiness: Patchiness
    upsample: Upsampler
    """From cells of the sky to pixels."""

    _parts: dict[tuple[str, int], NDArray[np.float32]] = field(default_factory=dict)
    """Changing cover of each change that was painted, so that no scene averages it again."""

    @classmethod
    def of(cls, world: World, product: Product) -> Painter:
        """Return a painter of a world."""
        shares = block_means(world.land.shares, product.step)
        return cls(
            world=world,
            product=product,
            shares=shares,
            patchiness=Patchiness.of(world.land, product.step),
            upsample=Upsampler.between(
                world.land.weather.clouds.shape, (shares.shape[1], shares.shape[2])
            ),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its pixels."""
        return self.shares.shape[1], self.shares.shape[2]

    def paint(self, acquisition: Acquisition, sky: Sky) -> NDArray[np.float32]:
        """Return reflectance with clouds and noise, shape (bands, height, width)."""
        land, alike = self.world.land, list(self.product.alike)
        seen = view(land.seed, acquisition)
        spectra = shifted_nir(land.seasons.spectra(acquisition.day), seen.nir_offset)
        halves = self._ground(acquisition.day, spectra)
        wet = land.weather.wetness(acquisition.day)
        values = joined(halves, None if wet is None else self.upsample(wet).ravel(), alike)
        bright, green = self.patchiness.change(acquisition)
        bright += self.patchiness.static
        values = drifted(values, bright.ravel(), green.ravel(), alike)
        picture = values.reshape(len(alike), *self.shape)
        shifted(picture, acquisition.misregistration(land.seed), self.product.step)
        values = self._missed(sky).over(values, alike)
        values = hazed(values, haze_of(sky, self.shape).ravel(), alike)
        self._clouded(values, sky)
        values *= (self.product.mix @ seen.gain / self.product.mix.sum(axis=1))[:, np.newaxis]
        self._add_noise(values, acquisition)
        return picture

    def height(self, field_of_sky: Field) -> Field:
        """Return a field of the sky on its pixels."""
        return self.upsample(field_of_sky)

    def cover(self, kind: Cover, day: float) -> Field:
        """Return the share of one kind of cover, tarpaulin of camps included."""
        share = self.shares[kind].copy()
        for event in self.world.standing(day):
            for number, change in enumerate(event.changes):
                left = change.course.left.get("tarpaulin", 0.0)
                if kind is Cover.TARPAULIN and left:
                    rows, columns = self.window(change)
                    parts = self.changing(event, number, change).sum(axis=0)
                    share[rows, columns] += left * change.course.amount(day) * parts
        return np.asarray(share, dtype=np.float32)

    def _ground(self, day: float, spectra: Spectra) -> NDArray[np.float32]:
        """Both halves of each band on a day, shape (2 * bands, pixels)."""
        halves = self._selected(spectra) @ self.shares.reshape(len(Cover), -1)
        picture = halves.reshape(-1, *self.shape)
        for event in self.world.standing(day):
            for number, change in enumerate(event.changes):
                if not len(change.blocks) or change.course.amount(day) <= 0:
                    continue
                gained = self._selected(change.difference(day, spectra, self.world.land.seasons))
                parts = self.changing(event, number, change)
                rows, columns = self.window(change)
                added = gained @ parts.reshape(len(parts), -1)
                picture[:, rows, columns] += added.reshape(-1, *parts.shape[1:])
        return halves

    def _selected(self, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows of the bands of this product, of spectra whose first axis has 12."""
        mix = self.product.mix
        halves = [mix @ spectra[: len(BANDS)], mix @ spectra[len(BANDS) :]]
        return np.asarray(np.concatenate(halves), dtype=np.float32)

    def changing(self, event: Event, number: int, change: Change) -> NDArray[np.float32]:
        """Share of each pixel of a window that changes, shape (weights, height, width)."""
        known = self._parts.get((event.event_id, number))
        if known is None:
            window = self.world.land.shares[list(change.weights), change.rows, change.columns]
            wanted = np.array(list(change.weights.values()), dtype=np.float32)
            parts = window * wanted[:, np.newaxis, np.newaxis] * change.touched
            known = block_means(parts, self.product.step)
            self._parts[event.event_id, number] = known
        return known

    def window(self, change: Change) -> tuple[slice, slice]:
        step = self.product.step
        return (
            slice(change.rows.start // step, change.rows.stop // step),
            slice(change.columns.start // step, change.columns.stop // step),
        )

    def _missed(self, sky: Sky) -> Missed:
        is_shadow = self.upsample(sky.missed_is_shadow.astype(np.float32))
        return Missed.of(self.upsample(sky.missed), sky.missed_strength, is_shadow)

    def _clouded(self, values: Bands, sky: Sky) -> None:
        """Put clouds and their shadows over the ground, in place."""
        cloud, shadow = self.upsample(sky.cloud).ravel(), self.upsample(sky.shadow).ravel()
        under = np.flatnonzero(shadow > 0)
        shade = SHADE * np.minimum(shadow[under] / EDGE, 1.0)
        within = np.flatnonzero(cloud > 0)
        opacity = np.minimum(cloud[within] / THICK, 1.0)
        # Tops of clouds are uneven; flat white would be an easy target for any test.
        bright = (0.8 + 0.25 * cloud[within]).astype(np.float32)
        for row, band in enumerate(self.product.alike):
            values[row, under] *= 1.0 - (1.0 - SHADOW_FACTOR[band]) * shade
            values[row, within] *= 1.0 - opacity
            values[row, within] += np.minimum(CLOUD[band] * bright, 1.4) * opacity

    def _add_noise(self, values: Bands, acquisition: Acquisition) -> None:
        draws = stream(self.world.seed, "pixels", self.product.step, *acquisition.counters)
        for row in range(len(values)):
            level = noise_level(values[row : row + 1], np.ones(1, dtype=np.float32))
            level *= draws.standard_normal(level.shape, dtype=np.float32)
            values[row : row + 1] += level


def classification(
    painter: Painter, acquisition: Acquisition, sky: Sky, picture: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return scene classes as an imperfect classifier gives them, 20 m.

    Its clouds and shadows end one to three pixels short, it misses what
    `Sky.missed` holds, and at times it calls bright tarpaulin a cloud.
    """
    draws = stream(painter.world.seed, "classifier", *acquisition.counters)
    short = draws.uniform(0.05, 0.15)
    nir, swir = picture[0], picture[1]
    classes = np.where(nir > 1.05 * swir, 4, 5).astype(np.uint8)
    classes[painter.shares[Cover.WATER] > 0.5] = 6
    if draws.uniform() < 0.3:
        bright = painter.cover(Cover.TARPAULIN, acquisition.day) > TARPAULIN_LIKE_CLOUD
        classes[bright] = 8
    classes[painter.height(sky.shadow) > short] = 3
    cloud = painter.height(sky.cloud)
    classes[cloud > short] = 10
    classes[cloud > 0.5 * (short + THICK)] = 8
    classes[cloud > THICK + short] = 9
    return classes
