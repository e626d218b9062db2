"""A simulated world: an area, its settlements, and what truly happens there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.affinity import affine_transform
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from aoi.area import WINDOW_MARGIN_M, Aoi
from aoi.grid import BLOCK_M, WGS84, Grid, to_degrees, utm_epsg
from aoi.settlement import Settlement
from monitor.simulation.camps import camp_events
from monitor.simulation.customs import customs
from monitor.simulation.events import TARGETS, Event, EventKind
from monitor.simulation.fields import block_means
from monitor.simulation.fires import bush_fires, compound_fires, village_burns
from monitor.simulation.land import Land
from monitor.simulation.materials import Cover
from monitor.simulation.mimics import mimics
from monitor.simulation.presets import Camps, WorldSettings
from monitor.simulation.terrain import PIXEL_M
from monitor.simulation.villages import Village

PAIRS = np.triu_indices(len(Cover))
"""Pairs of kinds of cover, rows of `World.scatter`."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A region over some years. Everything follows from its settings and its seed."""

    settings: WorldSettings
    seed: int
    aoi: Aoi
    blocks: Grid
    """Grid of 40 m blocks of the whole window; equal to `aoi.blocks`."""

    settlements: tuple[Settlement, ...]
    """With the footprints that the detector gets, errors included."""

    truth: tuple[Event, ...]
    """Everything that happens, targets and confounders, by start."""

    land: Land
    block_shares: NDArray[np.float32]
    """Mean share of each kind of cover per block, shape (covers, blocks)."""

    scatter: NDArray[np.float32]
    """Covariance inside each block of each of `PAIRS`, shape (pairs, blocks)."""

    @property
    def pixels(self) -> Grid:
        """Grid of the 10 m pixels of the window."""
        return self.blocks.at(PIXEL_M)

    @property
    def targets(self) -> tuple[Event, ...]:
        """Events that a detector should find."""
        return tuple(event for event in self.truth if event.kind in TARGETS)

    def true_footprint(self, index: int) -> BaseGeometry:
        """Return the true outline of a settlement, EPSG:4326."""
        return outline_in_degrees(self.blocks, self.land.villages[index].outline)

    def outline(self, event: Event, least: float = 0.05) -> MultiPolygon:
        """Return the blocks that an event changed by this share or more, EPSG:4326."""
        selected = np.zeros(self.blocks.shape, dtype=np.bool_)
        selected.flat[event.blocks(least)] = True
        return self.blocks.polygons(selected)

    def standing(self, day: float) -> Iterator[Event]:
        """Yield the events that show on a day number."""
        for event in self.truth:
            if any(change.course.amount(day) > 0 for change in event.changes):
                yield event


def build(settings: WorldSettings, seed: int) -> World:
    """Return the world that a seed gives.

    Parameters
    ----------
    settings : WorldSettings
        From `presets.preset`.
    seed : int
        Root seed; the same seed gives the same world to the last bit.
    """
    land = Land.of(settings, seed)
    blocks = _window(settings)
    aoi = _aoi(land, blocks)
    shares = block_means(land.shares, 4)
    return World(
        settings=settings,
        seed=seed,
        aoi=aoi,
        blocks=blocks,
        settlements=tuple(
            _settlement(land, blocks, index, village) for index, village in enumerate(land.villages)
        ),
        truth=_events(land),
        land=land,
        block_shares=np.ascontiguousarray(shares.reshape(len(Cover), -1)),
        scatter=_scatter(land.shares, shares),
    )


def outline_in_degrees(blocks: Grid, outline: Polygon) -> Polygon:
    """Return an outline in pixels of 10 m (x column, y row) in EPSG:4326."""
    in_metres = affine_transform(
        outline, [PIXEL_M, 0.0, 0.0, -PIXEL_M, blocks.left_m, blocks.top_m]
    )
    degrees = to_degrees(in_metres, blocks.epsg)
    if not isinstance(degrees, Polygon):
        raise TypeError(f"an outline of one part became {degrees.geom_type}")
    return degrees


def _window(settings: WorldSettings) -> Grid:
    """Return the grid of blocks around the middle of a world."""
    epsg = utm_epsg(settings.longitude, settings.latitude)
    to_utm = Transformer.from_crs(WGS84, f"EPSG:{epsg}", always_xy=True)
    east, north = to_utm.transform(settings.longitude, settings.latitude)
    side = round(settings.window_km * 1_000.0 / BLOCK_M)
    return Grid(
        epsg=epsg,
        left_m=round(east / BLOCK_M - side / 2) * BLOCK_M,
        top_m=round(north / BLOCK_M + side / 2) * BLOCK_M,
        resolution_m=BLOCK_M,
        height=side,
        width=side,
    )


def _aoi(land: Land, blocks: Grid) -> Aoi:
    """Return the area whose window, margin included, is exactly the grid."""
    left, bottom, right, top = blocks.bounds_m
    inset = WINDOW_MARGIN_M + BLOCK_M / 2
    if right - left <= 2 * inset:
        raise ValueError(f"a window of {right - left:.0f} m holds no area and its margin")
    outline = to_degrees(box(left + inset, bottom + inset, right - inset, top - inset), blocks.epsg)
    if not isinstance(outline, Polygon):
        raise TypeError(f"an outline of one part became {outline.geom_type}")
    has_camps = land.settings.camps != Camps()
    detectors = ("burn", "fires", "camp") if has_camps else ("burn", "fires")
    return Aoi(
        aoi_id=land.aoi_id,
        name=f"Simulated {land.settings.name.replace('_', ' ')} {land.seed}",
        geometry=outline,
        epsg=blocks.epsg,
        revisit=timedelta(days=1),
        detectors=detectors,
    )


def _settlement(land: Land, blocks: Grid, index: int, village: Village) -> Settlement:
    return Settlement(
        settlement_id=land.settlement_id(index),
        aoi_id=land.aoi_id,
        name=village.name,
        footprint=outline_in_degrees(blocks, village.given),
        kind=village.kind,
        structures=len(village.structures),
    )


def _events(land: Land) -> tuple[Event, ...]:
    burns = list(village_burns(land))
    burned_on: dict[int, tuple[float, ...]] = {}
    for event in burns:
        index = int((event.settlement_id or "").rsplit("-", 1)[-1])
        burned_on[index] = (*burned_on.get(index, ()), event.start)
    land = replace(land, burned_on=burned_on)
    events = [
        *burns, *compound_fires(land), *bush_fires(land), *customs(land), *camp_events(land),
        *mimics(land),
    ]  # fmt: skip
    lasting = [event for event in events if event.changes and len(event.changes[0].blocks)]
    return tuple(sorted(lasting, key=lambda event: (event.start, event.event_id)))


def _scatter(fine: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return covariances of the shares of 10 m pixels inside each block."""
    scatter = np.empty((len(PAIRS[0]), means[0].size), dtype=np.float32)
    for row, (one, other) in enumerate(zip(*PAIRS, strict=True)):
        product = block_means(fine[one] * fine[other], 4) - means[one] * means[other]
        # Each pair stands for both orders in the quadratic form.
        scatter[row] = product.ravel() * (1.0 if one == other else 2.0)
    return scatter


__all__ = ["EventKind", "World", "build", "outline_in_degrees"]
