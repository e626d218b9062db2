"""Settlements beside real fires: they must stay quiet; those inside must not.

Discs of 2 ha, the size of a village of some thirty houses, are laid on a lattice over two
real pairs (Landsat 8 and HLS). Those wholly inside the fire should be found by the
detector in pair mode (one look before, one after, no history); those outside, down to
120 m from its edge, must not alarm. These are wild fires and no houses.

    python benchmarks/real_neighbours.py [--real ../shared/data]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.settlement import Settlement
from benchmarks.real_burns import REAL, with_stand_in
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_stream import stream_findings
from monitor.looks import OPTICAL_BANDS, Look
from monitor.real_pairs import BurnPair, cold_springs, hls_fire, on_blocks
from monitor.scene import Sensor

RADIUS_M = 80.0
"""Of a disc of 2 ha."""

SPACING_BLOCKS = 5
BESIDE_M = (120.0, 1_500.0)
RING_M = (150.0, 1_500.0)
AFTER = datetime(2016, 7, 23, 17, 40, tzinfo=UTC)
"""Landsat 8 over Cold Springs; the HLS files hold no dates and are given the same gap."""

GAP = timedelta(days=16)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the discs of one fire."""

    fire: str
    where: str
    discs: int
    not_clear: int
    alarmed: int
    median_score: float
    """Median of the standardised settlement median, over those that were seen."""


def rows_of(pair: BurnPair) -> list[Row]:
    """Return the row of discs inside, of those beside, and of those further away."""
    blocks, grid = on_blocks(pair)
    assert blocks.inside is not None
    outside_m = distance_transform_edt(~blocks.inside, sampling=40.0)
    inside_m = distance_transform_edt(blocks.inside, sampling=40.0)
    sets = lattice(grid, blocks.valid)
    alarmed, score = _judged(blocks, grid, sets)
    groups: dict[str, list[str]] = {"inside": [], "beside": [], "further": []}
    for place in sets.settlements:
        at = sets.watched[place.own]
        if (inside_m.ravel()[at] > 0).all():
            groups["inside"].append(place.settlement_id)
        elif outside_m.ravel()[at].min() >= BESIDE_M[0]:
            near = outside_m.ravel()[at].min() <= BESIDE_M[1]
            groups["beside" if near else "further"].append(place.settlement_id)
    return [
        Row(
            fire=pair.name,
            where=where,
            discs=len(places),
            not_clear=sum(place not in score for place in places),
            alarmed=sum(place in alarmed for place in places),
            median_score=float(np.median([score[p] for p in places if p in score] or [np.nan])),
        )
        for where, places in groups.items()
    ]


def lattice(grid: Grid, valid: NDArray[np.bool_]) -> BlockSets:
    """Return discs on a lattice over a grid, each with the land around it as its ring."""
    rows, columns = np.mgrid[0 : grid.height, 0 : grid.width]
    places = []
    for row in range(4, grid.height - 4, SPACING_BLOCKS):
        for column in range(4, grid.width - 4, SPACING_BLOCKS):
            distance_m = 40.0 * np.hypot(rows - row, columns - column)
            own = distance_m <= RADIUS_M
            ring = (distance_m >= RING_M[0]) & (distance_m <= RING_M[1])
            if valid[own].all():
                places.append((f"{row}/{column}", np.flatnonzero(own), np.flatnonzero(ring)))
    watched = np.arange(grid.height * grid.width, dtype=np.int32)
    settlements = tuple(
        SettlementBlocks(
            settlement_id=name,
            own=own.astype(np.int32),
            rows=(own // grid.width - (own // grid.width).min()).astype(np.int32),
            columns=(own % grid.width - (own % grid.width).min()).astype(np.int32),
            ring=ring[:: max(len(ring) // 400, 1)].astype(np.int32),
        )
        for name, own, ring in places
    )
    return BlockSets(grid, watched, settlements, (), "lattice")


def _judged(pair: BurnPair, grid: Grid, sets: BlockSets) -> tuple[set[str], dict[str, float]]:
    """Return the discs that alarm, and the score of those that were seen."""
    looks = [
        _look(pair, grid, before=True, at=AFTER - GAP),
        _look(pair, grid, before=False, at=AFTER),
    ]
    outline = grid.outline
    area = Aoi(pair.name, pair.name, outline, grid.epsg)  # type: ignore[arg-type]
    villages = [Settlement(s.settlement_id, pair.name, "", outline) for s in sets.settlements]  # type: ignore[arg-type]
    alarmed: set[str] = set()
    score: dict[str, float] = {}
    for _, readings, findings in stream_findings(
        looks, area, villages, [], BurnSettings(), shipped_calibration(), AFTER, sets
    ):
        alarmed |= {str(finding.settlement_id) for finding in findings}
        for reading in readings:
            if np.isfinite(reading.score):
                score[reading.settlement_id] = reading.values["median_q_standard"]
    return alarmed, score


def _look(pair: BurnPair, grid: Grid, *, before: bool, at: datetime) -> Look:
    bands = pair.before if before else pair.after
    return Look(
        look_id=f"{pair.name}-{'before' if before else 'after'}",
        aoi_id=pair.name,
        sensor=Sensor.LANDSAT,
        platform="landsat-8",
        track="landsat-034",
        acquired_at=at,
        available_at=at,
        blocks=grid,
        bands={name: bands[name] for name in OPTICAL_BANDS},
        texture=np.full(grid.shape, np.nan, dtype=np.float32),
        clear_fraction=pair.valid.astype(np.float32),
        flags=np.zeros(grid.shape, dtype=np.uint16),
        scene_ids=(f"{pair.name}-{before}",),
    )


def measured(real: Path) -> list[Row]:
    """Return the rows of both pairs."""
    pairs = [cold_springs(real), with_stand_in(hls_fire(real))]
    return [row for pair in pairs for row in rows_of(pair)]


def markdown(rows: list[Row]) -> str:
    """Return the table."""
    lines = [
        "| fire | discs | number | not clear | alarmed | median score |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.fire} | {r.where} | {r.discs} | {r.not_clear} | {r.alarmed} | {r.median_score:.1f} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, default=REAL)
    print(markdown(measured(parser.parse_args().real)))


if __name__ == "__main__":
    main()
