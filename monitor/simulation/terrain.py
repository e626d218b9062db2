"""Natural cover of a world: soil, grass, bush, trees, fields, a wadi, a pond, roads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from monitor.simulation.fields import Field, FieldShape, Upsampler
from monitor.simulation.materials import Cover
from monitor.simulation.presets import WorldSettings
from monitor.simulation.streams import stream

PIXEL_M = 10.0
COARSE = 4
"""Slow fields are drawn on cells of 40 m and interpolated to pixels of 10 m."""

FIELD_PATCH_M = 90.0
ROAD_HALF_WIDTH_M = 6.0
WADI_HALF_WIDTH_M = 35.0

Shares = NDArray[np.float32]
"""Share of each kind of cover per pixel of 10 m, shape (covers, height, width); sums to 1."""


def natural_cover(settings: WorldSettings, seed: int, shape: tuple[int, int]) -> Shares:
    """Return the cover of a world before people: shape (covers, *shape), pixels of 10 m."""
    ground = settings.ground
    grow = _Grower(seed, shape)
    bush = grow.patches("bush", ground.bush, length=12.0, clumps=0.6)
    trees = grow.patches("woodland", ground.woodland, length=10.0, clumps=0.5)
    fields = _fields(seed, shape, ground.fields, grow)
    # DETECTION 5.3: greenness differs in amplitude by 0.6 to 1.6 from place to place.
    amplitude = np.clip(1.0 + 0.25 * grow.smooth("amplitude", 30.0), 0.6, 1.6)
    grass = grow.patches("grass", ground.grass, length=8.0, clumps=0.3) * amplitude
    shares = np.zeros((len(Cover), *shape), dtype=np.float32)
    shares[Cover.WOODLAND] = np.minimum(trees, 0.8)
    shares[Cover.BUSH] = np.minimum(bush, 1.0 - shares[Cover.WOODLAND])
    left = 1.0 - shares[Cover.WOODLAND] - shares[Cover.BUSH]
    shares[Cover.FIELD] = left * fields * np.clip(0.8 * amplitude, 0.4, 1.0)
    left = left * (1.0 - fields)
    grass = np.minimum(grass, 1.0) * left
    early = np.clip(0.5 + 0.4 * grow.smooth("early", 20.0), 0.0, 1.0)
    shares[Cover.GRASS_EARLY] = grass * early
    shares[Cover.GRASS_LATE] = grass * (1.0 - early)
    _add_soil(shares, grow, ground.sand)
    _add_lines(shares, seed)
    return shares


class _Grower:
    """Draws the fields of one world."""

    def __init__(self, seed: int, shape: tuple[int, int]) -> None:
        self.seed = seed
        self.shape = shape
        self.coarse = (shape[0] // COARSE, shape[1] // COARSE)
        self.upsample = Upsampler.between(self.coarse, shape)

    def smooth(self, name: str, length: float) -> Field:
        """Return a field with a correlation length in blocks."""
        kind = FieldShape.of_scale(self.coarse, (length, 0.6), (length / 4, 0.4))
        return self.upsample(kind.draw(stream(self.seed, "terrain-" + name)))

    def patches(self, name: str, mean: float, *, length: float, clumps: float) -> Field:
        """Return a density with a mean, uneven over `length` blocks and from pixel to pixel."""
        uneven = np.exp(0.7 * self.smooth(name, length) - 0.25)
        draws = stream(self.seed, "terrain-clumps-" + name)
        single = draws.standard_gamma(1.0 / clumps**2, self.shape, dtype=np.float32)
        density: Field = mean * uneven * single * np.float32(clumps**2)
        return density


def _fields(seed: int, shape: tuple[int, int], share: float, grow: _Grower) -> Field:
    """Return True-like 1 in cultivated patches: cells of a Voronoi diagram, in belts."""
    draws = stream(seed, "terrain-fields")
    count = max(int(shape[0] * shape[1] * PIXEL_M**2 / FIELD_PATCH_M**2), 4)
    seeds = draws.uniform(0.0, 1.0, (count, 2)) * np.array(shape)
    belt = grow.smooth("belts", 25.0)
    at = seeds.astype(int)
    wanted = belt[at[:, 0], at[:, 1]] + 0.5 * draws.standard_normal(count)
    cultivated = wanted > np.quantile(wanted, 1.0 - share)
    rows, columns = np.mgrid[0 : shape[0] : 2, 0 : shape[1] : 2]
    _, nearest = cKDTree(seeds).query(np.column_stack([rows.ravel(), columns.ravel()]))
    patches = cultivated[nearest].reshape(rows.shape).astype(np.float32)
    return np.repeat(np.repeat(patches, 2, axis=0), 2, axis=1)


def _add_soil(shares: Shares, grow: _Grower, sand: float) -> None:
    """Fill what is left with sand and clay."""
    sandy = np.clip(sand + 0.3 * grow.smooth("soil", 25.0), 0.0, 1.0)
    bare = 1.0 - shares.sum(axis=0)
    shares[Cover.SAND] = bare * sandy
    shares[Cover.CLAY] = bare * (1.0 - sandy)


def _add_lines(shares: Shares, seed: int) -> None:
    """Lay a wadi with trees, a pond and two roads over the land."""
    height, width = shares.shape[1:]
    draws = stream(seed, "terrain-lines")
    wadi = _distance_m(_course(draws, height, width), height, width)
    trees = np.where(wadi < WADI_HALF_WIDTH_M, 0.6, 0.0).astype(np.float32)
    bed = (wadi < 0.4 * WADI_HALF_WIDTH_M).astype(np.float32)
    replace_cover(shares, trees, {Cover.WOODLAND: 1.0})
    replace_cover(shares, bed, {Cover.SAND: 1.0})
    for _ in range(2):
        road = _distance_m(_course(draws, height, width), height, width).T
        track = np.clip((ROAD_HALF_WIDTH_M + 5.0 - road) / 10.0, 0.0, 1.0).astype(np.float32)
        replace_cover(shares, track, {Cover.SAND: 0.7, Cover.CLAY: 0.3})
    row, column = draws.uniform(0.05, 0.95, 2) * (height, width)
    radius = draws.uniform(6.0, 14.0)
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis] - row
    columns = np.arange(width, dtype=np.float32)[np.newaxis, :] - column
    pond = gaussian_filter((np.hypot(rows, columns) < radius).astype(np.float32), 1.0)
    replace_cover(shares, pond, {Cover.WATER: 1.0})


def _course(draws: np.random.Generator, length: int, width: int) -> NDArray[np.float64]:
    """Return the column of a winding line in each row."""
    steps = np.cumsum(gaussian_filter(draws.standard_normal(length), 20.0))
    line: NDArray[np.float64] = draws.uniform(0.1, 0.9) * width + 0.8 * (steps - steps.mean())
    return line


def _distance_m(line: NDArray[np.float64], height: int, width: int) -> Field:
    """Return the distance along the row of each pixel from a line, in metres."""
    columns = np.arange(width, dtype=np.float32)[np.newaxis, :]
    apart = np.abs(columns - line[:height, np.newaxis])
    return np.asarray(PIXEL_M * apart, dtype=np.float32)


def replace_cover(shares: Shares, weight: Field, mix: dict[Cover, float]) -> None:
    """Give `weight` (0 to 1) of each pixel to a mix whose shares add up to 1, in place."""
    shares *= 1.0 - weight
    for cover, share in mix.items():
        shares[cover] += share * weight
