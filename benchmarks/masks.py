"""How much of real shadow the masks find, and how much burned or clear ground they take.

Prints one Markdown table; with --write, puts it between the two marks of docs/masks.md.

    python -m benchmarks.masks [--real ../shared/data] [--write docs/masks.md]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aoi.grid import Grid
from benchmarks.catalogues import LANDSAT_BANDS, ROMANIA_START, Cube
from monitor.masks import MaskSettings, masked
from monitor.observation import UNCLEAR, Flag, Observation
from monitor.real_pairs import BurnPair, cold_springs, hls_fire, landsat_7_fires
from monitor.sources.classification import qa_pixel_flags, scl_flags
from monitor.sun import SunPosition, sun_position

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Bools = NDArray[np.bool_]

CLEAR_LAND = 322
"""Collection 1 pixel_qa of clear land."""

# Of the Landsat metadata.
SUN_7_JULY = SunPosition(128.57, 64.72)
SUN_23_JULY = SunPosition(131.68, 62.49)
SUN_UNKNOWN = SunPosition(150.0, 50.0)
"""Of files without a date; nothing is projected there, since they have no clouds."""

# DETECTION section 9.
MISSED_NIR_SHARE = 0.4
BURNED_DNBR = 0.27
SUNLIT_NIR = 0.10


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the table: some pixels, and what the masks made of them."""

    image: str
    pixels: str
    count: int
    shadow: float
    """Share that carries our shadow flag and not the provider's, 0 to 1."""

    lost: float
    """Share that is no longer clear, margins included."""


def measure(real: Path) -> list[Measured]:
    """Return every row."""
    return [*cold_springs_rows(real), *other_fires_rows(real), *romania_rows(real)]


def cold_springs_rows(real: Path) -> list[Measured]:
    """Return the rows of the two Landsat 8 images: the shadow, the burn, and the rest."""
    pair = cold_springs(real)
    quality = _quality(real)
    inside = pair.inside if pair.inside is not None else np.zeros_like(pair.valid)
    before = _seen(pair, pair.before, qa_pixel_flags(quality[0]), SUN_7_JULY)
    after = _seen(pair, pair.after, qa_pixel_flags(quality[1]), SUN_23_JULY)
    missed = pair.valid & (pair.before["nir08"] < MISSED_NIR_SHARE * pair.after["nir08"])
    burned = pair.valid & inside & _burned(pair)
    name = "Cold Springs, Landsat 8, {} July 2016"
    first, second = name.format(7), name.format(23)
    return [
        _row(first, "shadow that pixel_qa calls clear", before, missed),
        _row(first, "of it outside the perimeter", before, missed & ~inside),
        _row(first, "other clear land", before, (quality[0] == CLEAR_LAND) & ~missed),
        _row(first, "the same, 300 m and more from cloud and shadow", before,
             (quality[0] == CLEAR_LAND) & ~_near(missed | (quality[0] != CLEAR_LAND), 10)),
        _row(second, "burned (dNBR above 0.27, was sunlit)", after, burned),
        _row(second, "other clear land", after, (quality[1] == CLEAR_LAND) & ~burned),
    ]  # fmt: skip


def other_fires_rows(real: Path) -> list[Measured]:
    """Return the burned pixels of the HLS pair, and of all Landsat 7 chips together."""
    rows = []
    fire = hls_fire(real)
    seen = _seen(fire, fire.after, np.where(fire.valid, 0, Flag.NODATA), SUN_UNKNOWN)
    unburned = fire.valid & (np.abs(_dnbr(fire)) < 0.1)
    rows.append(_row("Devil/Slater, HLS, after", "burned", seen, fire.valid & _burned(fire)))
    rows.append(
        _row("Devil/Slater, HLS, after", "unburned forest, own shade in it", seen, unburned)
    )
    burned_flags, quiet_flags = [], []
    for chip in landsat_7_fires(real):
        flags = np.where(chip.valid, 0, Flag.NODATA)
        valid_burned = chip.valid & _burned(chip)
        burned_flags.append(_seen(chip, chip.after, flags, SUN_UNKNOWN)[:, valid_burned])
        quiet_flags.append(_seen(chip, chip.before, flags, SUN_UNKNOWN)[:, valid_burned])
    for when, parts in (("after", burned_flags), ("before", quiet_flags)):
        joined = np.concatenate(parts, axis=1)
        everything = np.ones(joined.shape[1], np.bool_)
        rows.append(
            _row(f"Landsat 7 fires, {when}", "burned, chips wholly burned", joined, everything)
        )
    return rows


def romania_rows(real: Path) -> list[Measured]:
    """Return what 140 dates of Sentinel-2 show: pixels that SCL calls clear and are not.

    There is no truth but the season: a pixel is held against the median of clear dates
    within 40 days of the year, in all years. Dark is a near infrared below 0.6 of that
    with a darker visible, bright a visible more than 0.06 above.
    """
    stack = _RomanianStack.read(real / "s2-romania-timeseries")
    clear = np.isin(stack.classes, (2, 4, 5, 6, 7)) & (stack.bands["nir08"] > 0)
    visible = np.mean([stack.bands[b] for b in ("blue", "green", "red")], axis=0)
    usual_nir = _seasonal(stack.bands["nir08"], clear, stack.days)
    usual_visible = _seasonal(visible, clear, stack.days)
    known = clear & np.isfinite(usual_nir)
    with np.errstate(invalid="ignore"):
        dark = known & (stack.bands["nir08"] < 0.6 * usual_nir) & (visible < 0.9 * usual_visible)
        bright = known & (visible > usual_visible + 0.06)
    seen = np.stack(list(stack.seen()), axis=1)
    name = "Romania, Sentinel-2, 140 dates"
    return [
        _row(name, "SCL clear, darker than the season: shade, or an odd season", seen, dark),
        _row(name, "SCL clear, brighter than the season: cloud remnants", seen, bright),
        _row(name, "SCL clear, as the season", seen, known & ~dark & ~bright),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _RomanianStack:
    """The 20 m cube with blue averaged from 10 m."""

    bands: dict[str, NDArray[np.float32]]
    classes: NDArray[np.uint16]
    days: list[int]

    @classmethod
    def read(cls, folder: Path) -> _RomanianStack:
        coarse = Cube(folder / "sentinel2_cube_subset_romania_20m.nc")
        fine = Cube(folder / "sentinel2_cube_subset_romania_10m.nc")
        names = {"green": "B3", "red": "B4", "nir08": "B8A", "swir16": "B11"}
        bands = {band: coarse.read(name).astype(np.float32) * 1e-4 for band, name in names.items()}
        blue = fine.read("B2").astype(np.float32) * 1e-4
        count, height, width = blue.shape
        parts = blue.reshape(count, height // 2, 2, width // 2, 2)
        bands["blue"] = parts.mean(axis=(2, 4))
        return cls(bands, coarse.read("SCL").astype(np.uint16), coarse.days("B8A"))

    def seen(self) -> Iterator[NDArray[np.uint16]]:
        """Yield the flags of the provider and ours of each date, shape (2, height, width)."""
        grid = Grid(32634, 0, 0, 20, *self.classes.shape[1:])
        for index, day in enumerate(self.days):
            at = ROMANIA_START + timedelta(days=day)
            flags = scl_flags(self.classes[index])
            bands = {band: values[index] for band, values in self.bands.items()}
            observation = Observation(grid, bands, flags, at, ("romania",))
            own = masked(observation, sun_position(at, 22.15, 45.2), MaskSettings()).flags
            yield np.stack([flags, own])


def _seasonal(
    values: NDArray[np.float32], clear: Bools, days: Sequence[int]
) -> NDArray[np.float32]:
    """Return for each date the median of clear dates of the same weeks, itself left out."""
    of_year = np.array([(ROMANIA_START + timedelta(days=d)).timetuple().tm_yday for d in days])
    mostly_clear = clear.mean(axis=(1, 2)) > 0.9
    usual = np.full(values.shape, np.nan, np.float32)
    for index, day in enumerate(of_year):
        apart = np.abs(of_year - day)
        near = (np.minimum(apart, 365 - apart) <= 40) & mostly_clear
        near[index] = False
        if near.sum() >= 5:
            usual[index] = np.median(values[near], axis=0)
    return usual


def _quality(real: Path) -> list[NDArray[np.uint16]]:
    folder = real / "l8-cold-springs-fire-2016" / "landsat"
    layers = []
    for path in sorted(folder.glob(f"*/*{LANDSAT_BANDS['qa_pixel']}_crop.tif")):
        with rasterio.open(path) as file:
            layers.append(file.read(1).astype(np.uint16))
    return layers


def _seen(pair: BurnPair, bands: Any, flags: NDArray[Any], sun: SunPosition) -> NDArray[np.uint16]:
    """Return the flags of the provider and ours, shape (2, height, width)."""
    grid = Grid(32613, 0, 0, 30, *pair.valid.shape)
    provider = flags.astype(np.uint16)
    observation = Observation(grid, bands, provider, datetime(2016, 7, 7, tzinfo=UTC), (pair.name,))
    return np.stack([provider, masked(observation, sun, MaskSettings()).flags])


def _row(image: str, pixels: str, seen: NDArray[np.uint16], chosen: Bools) -> Measured:
    provider, own = seen[0][chosen], seen[1][chosen]
    new = (own & ~provider & np.uint16(Flag.SHADOW)) > 0
    lost = ((own & np.uint16(UNCLEAR)) > 0) & ((provider & np.uint16(UNCLEAR)) == 0)
    return Measured(image, pixels, int(chosen.sum()), float(new.mean()), float(lost.mean()))


def _dnbr(pair: BurnPair) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = [
            (bands["nir08"] - bands["swir22"]) / (bands["nir08"] + bands["swir22"])
            for bands in (pair.before, pair.after)
        ]
    difference: NDArray[np.float32] = ratios[0] - ratios[1]
    return difference


def _burned(pair: BurnPair) -> Bools:
    with np.errstate(invalid="ignore"):
        burned: Bools = (_dnbr(pair) > BURNED_DNBR) & (pair.before["nir08"] > SUNLIT_NIR)
    return burned


def _near(selected: Bools, pixels: int) -> Bools:
    near: Bools = binary_dilation(selected, np.ones((3, 3)), iterations=pixels)
    return near


def as_markdown(rows: Sequence[Measured]) -> str:
    """Return the table."""
    lines = [
        "| image | pixels | number | our shadow flag | no longer clear |",
        "|---|---|---:|---:|---:|",
    ]
    lines += [
        f"| {row.image} | {row.pixels} | {row.count:,} | {row.shadow:.2%} | {row.lost:.2%} |"
        for row in rows
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or write it into a document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args(arguments)
    table = as_markdown(measure(chosen.real))
    if chosen.write is None:
        print(table)
        return
    before, rest = chosen.write.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    chosen.write.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
