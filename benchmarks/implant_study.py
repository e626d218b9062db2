"""Burns planted into a real series: how many are found, how often a placebo alarms.

Real char (Landsat 8, Landsat 7, HLS fires) in real Sentinel-2 images of Romanian forest
hills, 2015-21, with the reduced feature set (the files hold no B12). Every implant has a
placebo: the same village, day and pattern with no char. Half of the cases tune thresholds,
the other half measure. Results are "implanted", never an accuracy.

    python benchmarks/implant_study.py --out DIR [--cases 120] [--workers 2]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from shapely.geometry import MultiPolygon, Polygon, box

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aoi.area import Aoi
from aoi.grid import to_degrees
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.backtest import AFTERMATH, cut
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.calibration import shipped_calibration
from monitor.comparison import compared
from monitor.detector_scores import DetectorScores, lax
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_stream import stream_findings
from monitor.engine import LocalEngine
from monitor.implants import (
    PATTERNS,
    CharLibrary,
    Implant,
    burn_pattern,
    burned_spectra,
    load_library,
    planted,
    save_library,
)
from monitor.real_pairs import cold_springs, hls_fire, landsat_7_fires
from monitor.real_series import BLOCKS, RealSeries, looks_of, romania
from monitor.report import Chapter, Report, write_report
from monitor.rivals.catalogue import RivalRun
from monitor.skill import TrueEvent, area_class, fraction_class, season_of, settlement_years
from monitor.study import shown_to
from monitor.world_scores import WorldScores, load_world, save_world

REAL = ROOT.parent / "shared" / "data"
LIBRARY = "implant-library.npz"

WATCHED = Interval(datetime(2018, 3, 1, tzinfo=UTC), datetime(2021, 1, 2, tzinfo=UTC))
RING_INNER_M = 150.0
PIXEL_HA = 0.04

NOTES = (
    "One real background of 1 km2: forest in hills, no village, 140 acquisitions of which"
    " about half are clear somewhere. All cases share its weather, so intervals are too narrow."
    " A forest that chars is no village that burns. Trees on some pixels were gone in June 2019:"
    " that is no false sign, and counts as a false alarm.",
    "Features without B12 (reduced set); rules that need B12 are not run.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One planted burn, or its placebo."""

    number: int
    placebo: bool
    real: Path
    out: Path

    @property
    def purpose(self) -> str:
        """Even cases tune, odd ones measure; a placebo goes with its implant."""
        return "tuning" if self.number % 2 == 0 else "test"

    @property
    def path(self) -> Path:
        """Where its scores are kept."""
        kind = "placebo" if self.placebo else "implant"
        return self.out / f"{self.purpose}-{kind}-{self.number:04d}.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is planted where."""

    footprint: NDArray[np.bool_]
    """The village, shape (50, 50) of 20 m pixels."""

    implant: Implant
    fraction: float
    pattern: str

    @property
    def area_ha(self) -> float:
        """Area of the village."""
        return float(self.footprint.sum()) * PIXEL_HA


@cache
def background(real: Path) -> RealSeries:
    """Return the real series, read once in each process."""
    return romania(real)


def library_of(case: Case) -> CharLibrary:
    """Return the purest char of the library."""
    return load_library(case.out / LIBRARY).pure()


def build_library(real: Path, path: Path) -> CharLibrary:
    """Collect and keep the burned spectra of all fires whose files hold six bands."""
    library = burned_spectra([cold_springs(real), hls_fire(real), *landsat_7_fires(real)])
    by_fire = tuple(name.partition("/")[0] for name in library.source)
    library = CharLibrary(library.bands, library.spectra, by_fire)
    save_library(library, path)
    return library


def plan_of(case: Case, library: CharLibrary) -> Plan:
    """Draw a village and a fire; the placebo of a case draws the same and has no char."""
    rng = np.random.default_rng([20_24, case.number])
    rows, columns = np.mgrid[0:50, 0:50]
    centre = rng.uniform(14, 36, 2)
    area_px = rng.choice([25, 50, 100]) * rng.uniform(1.0, 1.3)
    stretch = rng.uniform(1.0, 1.8)
    radius = np.sqrt(area_px / np.pi)
    down, right = (
        (rows - centre[0]) / (radius * stretch**0.5),
        (columns - centre[1]) * (stretch**0.5 / radius),
    )
    footprint = down**2 + right**2 <= 1.0
    fraction, pattern = float(rng.uniform(0.25, 1.0)), str(rng.choice(PATTERNS))
    days = (WATCHED.end - WATCHED.start).days - 90
    char = float(rng.uniform(0.25, 0.65))
    implant = Implant(
        burned=burn_pattern(footprint, fraction, pattern, rng),
        at=WATCHED.start + timedelta(days=float(rng.uniform(30, days))),
        char=char,
        ash=char * float(rng.uniform(0.0, 0.15)),
        char_tau=timedelta(days=float(10.0 * 3.0 ** rng.uniform())),
        ash_tau=timedelta(days=float(rng.uniform(3.0, 6.0))),
        char_spectrum=library.drawn(rng),
    )
    if case.placebo:
        implant = replace(implant, char=0.0, ash=0.0)
    return Plan(footprint, implant, fraction, pattern)


def sets_of(footprint: NDArray[np.bool_], place: str) -> BlockSets:
    """Return the village's blocks, and as ring all of the little land from 150 m on."""
    share = footprint.reshape(25, 2, 25, 2).mean(axis=(1, 3))
    own = np.flatnonzero(share >= 0.5)
    distance_m = distance_transform_edt(share < 0.5, sampling=40.0)
    ring = np.flatnonzero((distance_m > RING_INNER_M).ravel())
    watched = np.unique(np.concatenate([own, ring])).astype(np.int32)
    rows, columns = own // 25, own % 25
    village = SettlementBlocks(
        settlement_id=place,
        own=np.searchsorted(watched, own).astype(np.int32),
        rows=(rows - rows.min()).astype(np.int32),
        columns=(columns - columns.min()).astype(np.int32),
        ring=np.searchsorted(watched, ring).astype(np.int32),
    )
    return BlockSets(BLOCKS, watched, (village,), (), f"implant-{place}")


def scored_case(case: Case) -> Path:
    """Score one case and keep it."""
    series, plan = background(case.real), plan_of(case, library_of(case))
    place = case.path.stem
    bands = planted(series.bands, series.clear, series.acquired_at, plan.implant)
    sets = sets_of(plan.footprint, place)
    settings = BurnSettings()
    detector, rivals = DetectorScores([place], settings), RivalRun(sets, [], WATCHED.start)
    area, village = _area(series.name, place)
    for look, readings, findings in stream_findings(
        shown_to(rivals, looks_of(series, bands)), area, [village], [], lax(settings),
        shipped_calibration(), WATCHED.start, sets,
    ):  # fmt: skip
        detector.take(look.acquired_at, readings, findings)
    events = () if case.placebo else (_event(plan, place),)
    world = WorldScores(
        world=f"romania/{case.number:04d}/{'placebo' if case.placebo else 'implant'}",
        origin="implanted",
        interval=WATCHED,
        years=settlement_years(1, WATCHED),
        settlement_ids=(place,),
        scored=tuple(cut(s, WATCHED) for s in (*detector.scored(), *rivals.scored())),
        events=events,
        confounders=(),
        quiet_p=detector.quiet_p(events, AFTERMATH),
        clear_looks=detector.clear_looks,
        held_looks=detector.held_looks,
    )
    save_world(world, case.path)
    return case.path


def _area(name: str, place: str) -> tuple[Aoi, Settlement]:
    outline = to_degrees(box(*BLOCKS.bounds_m), BLOCKS.epsg)
    assert isinstance(outline, Polygon | MultiPolygon)
    return Aoi(name, name, outline, BLOCKS.epsg), Settlement(place, name, place, outline)


def _event(plan: Plan, place: str) -> TrueEvent:
    at = plan.implant.at
    return TrueEvent(
        settlement_id=place,
        kind="burned",
        started_at=at,
        ended_at=at + timedelta(hours=6),
        fraction=plan.fraction,
        strata={
            # Leaves are out from May to October; snow and fog hide much of the rest.
            "season": "wet" if season_of(at, (5, 6, 7, 8, 9, 10)) == "wet" else "dry",
            "fraction": fraction_class(plan.fraction),
            "area": area_class(plan.area_ha),
            "setting": "forest, Romania",
            "pattern": plan.pattern,
            "char": "char >= 0.45" if plan.implant.char >= 0.45 else "char < 0.45",
        },
    )


def cases(count: int, real: Path, out: Path) -> Iterator[Case]:
    """Yield so many implants, each followed by its placebo."""
    for number in range(count):
        yield Case(number, False, real, out)
        yield Case(number, True, real, out)


def chapter_of(planned: list[Case]) -> Chapter:
    """Return the chapter of all cases, tuned on the even ones and measured on the odd."""
    worlds = {
        purpose: [load_world(case.path) for case in planned if case.purpose == purpose]
        for purpose in ("tuning", "test")
    }
    title = "Real char in a real series (Romania, Sentinel-2)"
    return Chapter(title, compared(worlds["tuning"], worlds["test"]), NOTES)


def main() -> None:
    """Run the cases that have no scores yet, then report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if not (chosen.out / LIBRARY).exists():
        library = build_library(chosen.real, chosen.out / LIBRARY)
        print(f"{len(library.spectra):,} burned spectra of {len(set(library.source))} fires")
    planned = list(cases(chosen.cases, chosen.real, chosen.out))
    engine = LocalEngine(chosen.workers)
    waiting = [case for case in planned if not case.path.exists()]
    for number, (_, outcome) in enumerate(engine.run(scored_case, waiting), start=1):
        if isinstance(outcome, BaseException):
            raise outcome
        print(f"\r{number} of {len(waiting)}", end="", flush=True)
    engine.close()
    title = f"emberwatch {version('emberwatch')}, calibration {shipped_calibration().version}"
    report = Report("Implants", datetime.now(UTC), title, (chapter_of(planned),))
    print("\n" + "\n".join(str(path) for path in write_report(report, chosen.out)))


if __name__ == "__main__":
    main()
