"""The looks around an alert: a strip of small pictures, and large ones to compare."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pyproj import Transformer
from shapely import transform
from shapely.geometry.base import BaseGeometry

from alerts.alert import Alert
from aoi.grid import Grid
from monitor.archive import LookPart, load_look_part
from monitor.area_job import ArchivedLook
from monitor.reading import Reading
from monitor.store import MonitorStore

BEFORE, AFTER = timedelta(days=120), timedelta(days=45)
MAX_CARDS = 60

MARGIN_M = 1_000.0
SIDE_PX = {"small": 132, "large": 528}

# Reflectance drawn as white: dry soil is bright in the shortwave, as in the maps.
WHITE = {"swir22": 0.42, "swir16": 0.48, "nir08": 0.42, "red": 0.32, "green": 0.26}
COMPOSITES = (("swir22", "nir08", "red"), ("swir16", "nir08", "red"), ("nir08", "red", "green"))
GAMMA = 0.8

RADAR_RANGE_DB = (-24.0, -4.0)
NOT_CLEAR = (148, 148, 148)
PLACE_COLOUR, CHANGE_COLOUR = (255, 255, 255), (255, 214, 0)


@dataclass(frozen=True, slots=True)
class Card:
    """One look in the strip."""

    look_id: str
    acquired_at: datetime
    platform: str
    clear_percent: int
    """Of the settlement where it was measured, else of the area."""

    verdict: str
    """What the detector read, a value of `Verdict`; empty where nothing was read."""

    shows: bool
    """True if the alert's evidence names it as showing the sign."""

    held: str
    """Why the whole look is suspect; empty if it is not."""


def cards_of(alert: Alert, store: MonitorStore) -> list[Card]:
    """Return the looks around an alert, oldest first, at most `MAX_CARDS` up to the latest."""
    finding = alert.finding
    until = finding.last_seen + AFTER
    looks = [
        look
        for look in store.looks(alert.aoi_id, since=finding.first_seen - BEFORE)
        if look.acquired_at <= until
    ]
    readings = {
        reading.look_id: reading
        for reading in store.readings(alert.settlement_id or "", finding.first_seen - BEFORE)
    }
    showing = {look_id for evidence in finding.evidence for look_id in evidence.look_ids}
    return [_card(look, readings.get(look.look_id), showing) for look in looks[-MAX_CARDS:]]


def _card(look: ArchivedLook, reading: Reading | None, showing: set[str]) -> Card:
    clear = look.clear_fraction
    if reading is not None:
        clear = reading.values.get("settlement_clear", clear)
    return Card(
        look_id=look.look_id,
        acquired_at=look.acquired_at,
        platform=look.platform,
        clear_percent=int(100 * clear) if clear == clear else 0,
        verdict="" if reading is None else reading.verdict.value,
        shows=look.look_id in showing,
        held=look.held_reason,
    )


def outline_of(alert: Alert) -> BaseGeometry:
    """Return the outline of the place; of the change where the place is new."""
    return alert.place.footprint or alert.finding.geometry


def chosen(cards: Sequence[Card], before: str, after: str) -> tuple[Card, Card] | None:
    """Return the two looks to compare: those asked for, else the last quiet and first showing."""
    known = {card.look_id: card for card in cards}
    if before in known and after in known:
        return known[before], known[after]
    showing = [card for card in cards if card.shows]
    last = showing[-1] if showing else cards[-1] if cards else None
    if last is None:
        return None
    first = showing[0] if showing else last
    earlier = [card for card in cards if card.acquired_at < first.acquired_at]
    clear = [card for card in earlier if card.clear_percent >= 75 and not card.held]
    candidates = clear or earlier
    return (known.get(before, candidates[-1]), known.get(after, last)) if candidates else None


def picture_of(path: Path, place: BaseGeometry, change: BaseGeometry | None, size: str) -> bytes:
    """Return the blocks around a place as PNG, its outline and the change drawn on them.

    Raises
    ------
    ArchiveError
        If the look cannot be read.
    """
    part = load_look_part(path, place, MARGIN_M)
    colours = _colours(part)
    scale = max(SIDE_PX[size] // max(part.blocks.shape), 1)
    image = Image.fromarray(colours).resize(
        (part.blocks.width * scale, part.blocks.height * scale), Image.Resampling.NEAREST
    )
    pen = ImageDraw.Draw(image)
    _trace(pen, place, part.blocks, scale, PLACE_COLOUR)
    if change is not None and size == "large":
        _trace(pen, change, part.blocks, scale, CHANGE_COLOUR)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=False, compress_level=6)
    return written.getvalue()


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the edges of a large picture lie, degrees, and how large it is."""

    west: float
    south: float
    east: float
    north: float
    width_px: int
    height_px: int


def frame_of(path: Path, place: BaseGeometry) -> Frame:
    """Return the edges of the large picture of a place.

    Grid north is not quite north: over the few kilometres of a picture its edges are
    off by less than a block, which a hand does not notice.

    Raises
    ------
    ArchiveError
        If the look cannot be read.
    """
    grid = load_look_part(path, place, MARGIN_M).blocks
    scale = max(SIDE_PX["large"] // max(grid.shape), 1)
    west, south, east, north = grid.outline.bounds
    return Frame(west, south, east, north, grid.width * scale, grid.height * scale)


def _colours(part: LookPart) -> NDArray[np.uint8]:
    """Return red, green and blue, shape (height, width, 3); what was not clear is grey."""
    layers = _radar(part.bands) if "vv" in part.bands else _optical(part.bands)
    clear = np.isfinite(layers).all(axis=0)
    shades = (np.clip(np.nan_to_num(layers), 0.0, 1.0) ** GAMMA * 255).astype(np.uint8)
    colours = np.moveaxis(shades, 0, 2)
    colours[~clear] = NOT_CLEAR
    return np.ascontiguousarray(colours)


def _optical(bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    names = next(
        (three for three in COMPOSITES if set(three) <= bands.keys()),
        (next(iter(bands)),) * 3,
    )
    return np.stack([bands[name] / WHITE.get(name, 0.4) for name in names])


def _radar(bands: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    low, high = RADAR_RANGE_DB
    co, cross = bands["vv"], bands.get("vh", bands["vv"])
    return np.stack([(band - low) / (high - low) for band in (co, cross + 6.0, co)])


def _trace(
    pen: ImageDraw.ImageDraw, outline: BaseGeometry, grid: Grid, scale: int,
    colour: tuple[int, int, int],
) -> None:  # fmt: skip
    into = _into(grid.epsg)
    metres = transform(outline, lambda xy: np.column_stack(into.transform(xy[:, 0], xy[:, 1])))
    pixel = scale / grid.resolution_m
    for part in getattr(metres, "geoms", [metres]):
        if part.geom_type == "Polygon":
            corners = [
                ((x - grid.left_m) * pixel, (grid.top_m - y) * pixel)
                for x, y in part.exterior.coords
            ]
            pen.line(corners, fill=colour, width=1 if scale < 4 else 2)


@lru_cache(maxsize=64)
def _into(epsg: int) -> Transformer:
    return Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
