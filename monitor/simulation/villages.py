"""Settlements: where they stand, their outlines, their structures, their ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely.affinity import scale, translate
from shapely.geometry import Polygon

from aoi.settlement import SettlementKind
from monitor.simulation.fields import Field
from monitor.simulation.materials import Cover
from monitor.simulation.presets import WorldSettings
from monitor.simulation.streams import stream
from monitor.simulation.terrain import PIXEL_M, Shares

GROUND_PER_STRUCTURE_M2 = (200.0, 600.0)
GROUND_PER_SHELTER_M2 = (83.0, 175.0)
"""In camps (DETECTION 4d)."""

STRUCTURE_BLUR = 1.0
"""Pixels over which the roof and yard of one structure spread."""

TRAMPLED = 0.25
"""Share of the grass that grows between huts, compared with the land around."""

OUTLINE_POINTS = 48
SYLLABLES = ("ba", "do", "fu", "ga", "he", "ji", "ka", "lo", "mu", "na", "ro", "si", "ta", "wa")
ENDINGS = ("ra", "la", "ya", "bu", "dan", "ri", "mo", "tir")


@dataclass(frozen=True, slots=True, eq=False)
class Village:
    """One settlement as it truly is."""

    name: str
    outline: Polygon
    """True built-up outline in pixels of 10 m: x is the column, y the row."""

    given: Polygon
    """Outline that the detector gets, with its errors; same units."""

    structures: NDArray[np.float64]
    """Position of each structure, shape (structures, 2): row and column, in pixels."""

    kind: SettlementKind
    mix: dict[Cover, float]
    """Mean share of its ground per kind of cover; the rest is soil and sparse grass."""

    rows: slice
    """Rows of pixels that hold it, a whole number of blocks."""

    columns: slice

    @property
    def area_ha(self) -> float:
        """Area of the true outline in hectares."""
        return float(self.outline.area) * PIXEL_M**2 / 10_000.0

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of the centre, in pixels."""
        return float(self.outline.centroid.y), float(self.outline.centroid.x)

    def density(self, chosen: NDArray[np.bool_] | None = None) -> Field:
        """Return structures per pixel in its window, blurred to the size of a yard."""
        shape = (self.rows.stop - self.rows.start, self.columns.stop - self.columns.start)
        places = self.structures if chosen is None else self.structures[chosen]
        counts = np.zeros(shape, dtype=np.float32)
        rows = np.clip(places[:, 0].astype(int) - self.rows.start, 0, shape[0] - 1)
        columns = np.clip(places[:, 1].astype(int) - self.columns.start, 0, shape[1] - 1)
        np.add.at(counts, (rows, columns), 1.0)
        blurred: Field = gaussian_filter(counts, STRUCTURE_BLUR)
        return blurred

    def inside(self) -> Field:
        """Return 1 in the true outline, falling to 0 over two pixels, in its window."""
        rows = np.arange(self.rows.start, self.rows.stop) + 0.5
        columns = np.arange(self.columns.start, self.columns.stop) + 0.5
        return inside_of(self.outline, rows, columns)


def villages_of(settings: WorldSettings, seed: int, shape: tuple[int, int]) -> tuple[Village, ...]:
    """Return the settlements of a window of `shape` pixels of 10 m."""
    places = _places(settings, seed, shape)
    first_camp = len(places) - settings.camps.known
    return tuple(
        _village(settings, seed, index, place, shape, is_camp=index >= first_camp)
        for index, place in enumerate(places)
    )


def settle(shares: Shares, village: Village) -> None:
    """Put a settlement onto the land: the ground in its outline becomes its mix, in place."""
    window = shares[:, village.rows, village.columns]
    inside = village.inside()
    covered = _covered(village.density(), inside > 0.5, sum(village.mix.values()))
    old = window.copy()
    built = np.zeros_like(window)
    for cover, share in village.mix.items():
        built[cover] = share / sum(village.mix.values()) * covered
    left = 1.0 - covered
    between = old.copy()
    for cover in (Cover.GRASS_EARLY, Cover.GRASS_LATE, Cover.FIELD, Cover.BUSH, Cover.WATER):
        between[cover] *= TRAMPLED
    bare = 1.0 - between.sum(axis=0)
    between[Cover.SAND] += 0.7 * bare
    between[Cover.CLAY] += 0.3 * bare
    window[...] = (1.0 - inside) * old + inside * (built + left * between)


def _covered(density: Field, inside: NDArray[np.bool_], mean: float) -> Field:
    """Return the covered share of each pixel: 1 - exp(-a density), `mean` over the inside."""
    low, high = 0.0, 1e4
    for _ in range(50):
        middle = 0.5 * (low + high)
        if -np.expm1(-middle * density[inside]).mean() < mean:
            low = middle
        else:
            high = middle
    covered: Field = np.minimum(-np.expm1(-low * density), 0.95).astype(np.float32)
    return covered


def _places(
    settings: WorldSettings, seed: int, shape: tuple[int, int]
) -> list[tuple[float, float]]:
    """Return centres (row, column) that keep their distance from each other and the edge."""
    draws = stream(seed, "village-places")
    margin, spacing = settings.village_margin_m / PIXEL_M, settings.village_spacing_m / PIXEL_M
    places: list[tuple[float, float]] = []
    for _ in range(400 * settings.villages):
        row, column = (float(draws.uniform(margin, side - margin)) for side in shape)
        if all(math.hypot(row - r, column - c) >= spacing for r, c in places):
            places.append((row, column))
        if len(places) == settings.villages:
            break
    return places


def _village(
    settings: WorldSettings, seed: int, index: int, place: tuple[float, float],
    shape: tuple[int, int], *, is_camp: bool,
) -> Village:  # fmt: skip
    draws = stream(seed, "village", index)
    sizes = settings.sizes
    count = round(sizes.median * math.exp(sizes.spread * draws.standard_normal()))
    count = min(max(count, sizes.least), sizes.most)
    ground_m2 = draws.uniform(*GROUND_PER_STRUCTURE_M2)
    if is_camp:
        count, ground_m2 = 4 * count, draws.uniform(*GROUND_PER_SHELTER_M2)
    outline = lobed(draws, place, math.sqrt(count * ground_m2 / math.pi) / PIXEL_M)
    rows, columns = window_of(outline, shape)
    return Village(
        name=_name(draws),
        outline=outline,
        given=_given(draws, outline, settings.footprint_error),
        structures=_structures(draws, outline, count),
        kind=SettlementKind.CAMP if is_camp else SettlementKind.VILLAGE,
        mix=_camp_mix(draws) if is_camp else _mix(draws, settings),
        rows=rows,
        columns=columns,
    )


def lobed(draws: np.random.Generator, place: tuple[float, float], radius: float) -> Polygon:
    """Return a lobed ellipse around a place."""
    angles = np.linspace(0.0, 2.0 * math.pi, OUTLINE_POINTS, endpoint=False)
    lobes = np.ones_like(angles)
    for order in range(2, 6):
        lobes += draws.normal(0.0, 0.25 / order) * np.cos(order * angles + draws.uniform(0, 6.28))
    stretch = draws.uniform(1.0, 1.4)
    reach = radius * np.clip(lobes, 0.5, 1.6)
    rows = place[0] + reach * np.sin(angles) / math.sqrt(stretch)
    columns = place[1] + reach * np.cos(angles) * math.sqrt(stretch)
    shape = Polygon(np.column_stack([columns, rows]))
    exact = math.sqrt(math.pi * radius**2 / shape.area)
    return scale(shape, exact, exact)


def _given(draws: np.random.Generator, outline: Polygon, error: float) -> Polygon:
    """Return the outline with errors of position and extent."""
    diameter = 2.0 * math.sqrt(outline.area / math.pi)
    east, south = draws.normal(0.0, error * diameter, 2)
    wider, taller = 1.0 + np.clip(draws.normal(0.0, error, 2), -3 * error, 3 * error)
    return translate(scale(outline, wider, taller), east, south)


def _structures(draws: np.random.Generator, outline: Polygon, count: int) -> NDArray[np.float64]:
    """Return positions of structures, in compounds of a few, inside the outline."""
    left, top, right, bottom = outline.bounds
    rows = draws.uniform(top, bottom, 40 * count)
    columns = draws.uniform(left, right, 40 * count)
    kept = _contains(outline, rows, columns)
    compounds = np.column_stack([rows[kept], columns[kept]])
    chosen = draws.integers(0, max(count // 3, 1), count)
    return compounds[chosen] + draws.normal(0.0, 1.2, (count, 2))


def _mix(draws: np.random.Generator, settings: WorldSettings) -> dict[Cover, float]:
    mix = settings.mix
    trees = draws.uniform(*mix.trees)
    return {
        Cover.THATCH: draws.uniform(*mix.thatch),
        Cover.STRAW: draws.uniform(*mix.straw),
        Cover.MUD_BRICK: draws.uniform(*mix.mud_brick),
        Cover.TIMBER: draws.uniform(*mix.timber),
        Cover.METAL: draws.uniform(*mix.metal),
        Cover.TARPAULIN: draws.uniform(*mix.tarpaulin),
        Cover.WOODLAND: 0.7 * trees,
        Cover.BUSH: 0.3 * trees,
    }


def _camp_mix(draws: np.random.Generator) -> dict[Cover, float]:
    # DETECTION 5.5: tents cover 9 to 14 % of the ground.
    return {
        Cover.TARPAULIN: draws.uniform(0.09, 0.14),
        Cover.STRAW: draws.uniform(0.02, 0.06),
        Cover.BUSH: draws.uniform(0.0, 0.03),
    }


def _name(draws: np.random.Generator) -> str:
    """Return a made-up name; any likeness to a real place is chance."""
    syllables = [SYLLABLES[i] for i in draws.integers(0, len(SYLLABLES), draws.integers(1, 3))]
    return ("".join(syllables) + ENDINGS[draws.integers(0, len(ENDINGS))]).title()


def window_of(outline: Polygon, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the pixels that hold an outline and two blocks around it."""
    left, top, right, bottom = outline.bounds
    spans = []
    for least, most, side in ((top, bottom, shape[0]), (left, right, shape[1])):
        first = max(math.floor(least / 4) * 4 - 8, 0)
        last = min(math.ceil(most / 4) * 4 + 8, side)
        spans.append(slice(first, last))
    return spans[0], spans[1]


def _contains(
    outline: Polygon, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which points lie in a star-shaped outline."""
    return _reach(outline, rows, columns) <= 1.0


def inside_of(outline: Polygon, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> Field:
    grid_rows, grid_columns = np.meshgrid(rows, columns, indexing="ij")
    reach = _reach(outline, grid_rows, grid_columns)
    radius = math.sqrt(outline.area / math.pi)
    inside: Field = np.clip(0.5 + (1.0 - reach) * radius / 2.0, 0.0, 1.0).astype(np.float32)
    return inside


def _reach(
    outline: Polygon, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance from the centre as a share of the distance to the edge."""
    edge = np.asarray(outline.exterior.coords)
    centre = edge[:-1].mean(axis=0)
    angles = np.arctan2(edge[:-1, 1] - centre[1], edge[:-1, 0] - centre[0])
    radii = np.hypot(edge[:-1, 1] - centre[1], edge[:-1, 0] - centre[0])
    order = np.argsort(angles)
    towards = np.arctan2(rows - centre[1], columns - centre[0])
    limit = np.interp(towards, angles[order], radii[order], period=2.0 * math.pi)
    return np.asarray(np.hypot(rows - centre[1], columns - centre[0]) / limit)
