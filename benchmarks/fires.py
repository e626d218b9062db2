"""Are the p-values of active fires right where nothing burned? Simulated worlds, real samples.

python benchmarks/fires.py --build     makes monitor/fire_calibration.json (tuning worlds)
python benchmarks/fires.py             rates and KS on test worlds and on real detections
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from shapely.geometry import Point, box
from shapely.geometry.base import BaseGeometry

from aoi.grid import to_degrees, to_metres
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.detectors.fire_archive import counted, places_of
from monitor.detectors.fire_calibration import (
    EDGES,
    UNCALIBRATED,
    FireCalibration,
    fire_calibration_table,
    shipped_fire_calibration,
    stratum_of,
)
from monitor.detectors.fire_events import hotspot_findings
from monitor.detectors.fire_seasons import FireSeasons
from monitor.detectors.fires import FireSky, fire_hits, fire_sky
from monitor.scene import Hotspot
from monitor.simulation.events import Event, EventKind
from monitor.simulation.hotspots import hotspots
from monitor.simulation.presets import PURPOSES, preset
from monitor.simulation.world import World, build
from monitor.sources.firms_csv import parse_firms

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "monitor" / "fire_calibration.json"
SAMPLES = ROOT.parent / "shared" / "data" / "viirs-firms-nrt-samples"
SPAN = timedelta(days=3)
RADIUS_M = 200.0
PLACEBOS = 30
NAMES = ("bench", "darfur_mud_brick", "rakhine_wood")
CLEAR_OF_M = 1_000.0
LEVELS = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)

Window = tuple[str, float, float]
"""Stratum, tail, p."""


def placebos(
    land: BaseGeometry, epsg: int, count: int, seed: int, away: Sequence[BaseGeometry] = ()
) -> list[Settlement]:
    """Return discs laid at random on land (in metres), away from what is inhabited."""
    draws = np.random.default_rng(seed)
    left, bottom, right, top = land.bounds
    found: list[Settlement] = []
    while len(found) < count:
        spot = Point(draws.uniform(left, right), draws.uniform(bottom, top))
        if not land.contains(spot) or any(spot.distance(one) < CLEAR_OF_M for one in away):
            continue
        disc = to_degrees(spot.buffer(RADIUS_M * draws.uniform(0.5, 2.0)), epsg)
        found.append(Settlement(f"placebo-{len(found)}", "placebo", "", disc))  # type: ignore[arg-type]
    return found


def windows(places: Sequence[Settlement], sky: FireSky, interval: Interval) -> Iterator[Window]:
    """Yield what each three days say of each place."""
    count = int((interval.end - interval.start) / SPAN)
    for place in places:
        all_hits = fire_hits(place, sky, interval.start, interval.end)
        hit_days = {int((h.acquired_at - interval.start) / SPAN) for h in all_hits.hits}
        for number in range(count):
            start = interval.start + number * SPAN
            if number not in hit_days:
                # What would be expected decides on the stratum, though nothing was seen.
                yield stratum_at(place, sky, start + SPAN), 1.0, 1.0
                continue
            found = fire_hits(place, sky, start, start + SPAN)
            yield stratum_of(found.expected, found.archive_days), found.tail, found.p


def stratum_at(place: Settlement, sky: FireSky, end: datetime) -> str:
    """Return the stratum of a window in which nothing was seen."""
    usual, days = usual_at(place, sky, end)
    return stratum_of(usual, days)


_RINGS: dict[tuple[int, str], tuple[np.ndarray, float, float]] = {}


def usual_at(place: Settlement, sky: FireSky, end: datetime) -> tuple[float, float]:
    """Return the weight that is expected of three days without a hit, as `fire_hits` would."""
    import shapely

    from monitor.detectors.fire_seasons import norm_of
    from monitor.detectors.fires import ring_of, thinned

    key = (id(sky), place.settlement_id)
    if key not in _RINGS:
        near, ring = ring_of(place, sky)
        around = sky.pixels.among(~sky.static).near(ring, 0.0)
        inside = thinned(around.among(shapely.contains_xy(ring, around.eastings, around.northings)))
        times = np.sort([h.acquired_at.timestamp() for h in inside.hotspots])
        _RINGS[key] = (times, near.area / 1e6, ring.area / 1e6)
    times, near_km2, ring_km2 = _RINGS[key]
    norm = norm_of(sky.seasons, place.settlement_id, end.date(), near_km2, ring_km2)
    first, last = np.searchsorted(times, [(end - SPAN).timestamp(), end.timestamp()])
    ratio = (last - first + sky.settings.kappa) / (3 * norm.ring_per_day + sky.settings.kappa)
    area_km2 = to_metres(place.footprint, sky.pixels.epsg).area / 1e6
    presented = min(max(area_km2, 0.2) / near_km2, 1.0)
    return 3 * norm.near_per_day * presented * ratio, norm.archive_days


def simulated(world: World, calibration: FireCalibration, *, archive: bool) -> Iterator[Window]:
    """Yield the placebo windows of one world: of its last years, or of all without an archive."""
    span = world.settings.span
    spots = hotspots(world, span)
    epsg = world.aoi.epsg
    villages = [to_metres(s.footprint, epsg) for s in world.settlements]
    land = box(*world.blocks.bounds_m).buffer(-2_000.0)
    places = placebos(land, epsg, PLACEBOS, world.seed, villages)
    outline = world.blocks.outline
    seasons = None
    start = span.start
    if archive:
        start = span.start + timedelta(days=365 * 3)
        seasons = FireSeasons(world.aoi.aoi_id, places_of(places))
        past = fire_sky(spots, outline, epsg, None, None, calibration)
        seasons = counted(seasons, places, past, through=start.date())
    sky = fire_sky(spots, outline, epsg, seasons, None, calibration)
    yield from windows(places, sky, Interval(start, span.end))


@dataclass(frozen=True, slots=True)
class Flags:
    """Provisional findings in one world's last two years."""

    village_years: float
    false: int
    """Villages and spans of 30 days with a finding and no fire in the village."""

    burns: int
    found: int
    """Burns with a finding from a day before to three days after."""


def flags(world: World) -> Flags:
    """Return how often villages are told of, and how many of their burns."""
    span = world.settings.span
    start = span.start + timedelta(days=365 * 3)
    spots = hotspots(world, span)
    places = world.settlements
    outline, epsg = world.blocks.outline, world.aoi.epsg
    seasons = FireSeasons(world.aoi.aoi_id, places_of(places))
    seasons = counted(seasons, places, fire_sky(spots, outline, epsg), through=start.date())
    sky = fire_sky([h for h in spots if h.acquired_at >= start], outline, epsg, seasons)
    told: dict[str, list[datetime]] = defaultdict(list)
    for finding in hotspot_findings(places, sky, start):
        told[str(finding.settlement_id)].append(finding.last_seen)
    inside = (EventKind.BURNED, EventKind.COMPOUND_FIRE)
    fires = [e for e in world.truth if e.kind in inside and e.interval.start >= start]
    burns = [e for e in fires if e.kind is EventKind.BURNED]
    found = sum(any(_belongs(at, e) for at in told[str(e.settlement_id)]) for e in burns)
    false = 0
    for place, instants in told.items():
        own = [e for e in fires if e.settlement_id == place]
        other = sorted(at for at in instants if not any(_belongs(at, e) for e in own))
        last = None
        for at in other:
            if last is None or at - last >= timedelta(days=30):
                false, last = false + 1, at
    return Flags(len(places) * 2.0, false, len(burns), found)


def _belongs(at: datetime, event: Event) -> bool:
    return event.interval.start - timedelta(days=1) <= at <= event.interval.end + SPAN


def report_flags(worlds: int) -> None:
    """Print recall and false flags of villages in test worlds."""
    found = []
    for number, seed in enumerate(PURPOSES["test"][:worlds]):
        found.append(flags(build(preset(NAMES[number % len(NAMES)]), seed)))
        print(NAMES[number % len(NAMES)], seed, found[-1], flush=True)
    years = sum(f.village_years for f in found)
    burns, hits = sum(f.burns for f in found), sum(f.found for f in found)
    false = sum(f.false for f in found)
    print(f"hotspots: {hits} of {burns} burns told within three days; {false} other tellings in")
    print(f"   {years:.0f} village-years: {false / years:.3f} a village-year")


def real(calibration: FireCalibration) -> Iterator[tuple[str, list[Window]]]:
    """Yield the placebo windows of the real samples: discs in squares that saw fires."""
    text = (SAMPLES / "mozambique_2026_viirs_nrt.csv").read_text()
    yield "Mozambique, S-NPP, 49 d", list(_in_squares(parse_firms(text, "x").hotspots, calibration))
    import pyogrio

    frame = pyogrio.read_dataframe(SAMPLES / "ukraine_2026_viirs_nrt.gpkg", read_geometry=False)
    rows = parse_firms(frame.to_csv(index=False), "x").hotspots
    yield "Ukraine, three platforms, 4 d", list(_in_squares(rows, calibration))


def _in_squares(spots: Sequence[Hotspot], calibration: FireCalibration) -> Iterator[Window]:
    squares: dict[tuple[int, int], list[Hotspot]] = defaultdict(list)
    for spot in spots:
        squares[int(spot.longitude // 0.25), int(spot.latitude // 0.25)].append(spot)
    first = min(h.acquired_at for h in spots).replace(hour=0, minute=0)
    last = max(h.acquired_at for h in spots)
    for number, ((east, north), _) in enumerate(sorted(squares.items())):
        outline = box(east / 4, north / 4, east / 4 + 0.25, north / 4 + 0.25)
        epsg = _zone(outline)
        around = [
            h
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for h in squares.get((east + i, north + j), ())
        ]
        window = outline.buffer(0.1)
        near = [h for h in around if window.contains(Point(h.longitude, h.latitude))]
        sky = fire_sky(near, window, epsg, None, None, calibration)
        places = placebos(to_metres(outline, epsg), epsg, 12, number)
        yield from windows(places, sky, Interval(first, last + timedelta(hours=12)))


def _zone(outline: BaseGeometry) -> int:
    from aoi.grid import utm_epsg

    return utm_epsg(outline.centroid.x, outline.centroid.y)


def report(name: str, found: Sequence[Window]) -> None:
    """Print how often p is as small as it says, and the KS distance of the two."""
    p = np.array([one[2] for one in found])
    seen = p < 1.0
    share = float(seen.mean())
    draws = np.random.default_rng(0)
    # A window without a fire says only that p is not small: it may lie anywhere above.
    spread = np.where(seen, np.minimum(p, 1.0), draws.uniform(share, 1.0, p.size))
    ordered = np.sort(spread)
    grid = np.arange(1, p.size + 1) / p.size
    ks = float(np.max(np.maximum(np.abs(ordered - grid), np.abs(ordered - grid + 1 / p.size))))
    print(f"{name}: {p.size} windows of three days, {int(seen.sum())} with a fire, KS {ks:.4f}")
    rates = [f"{level:g}: {(p <= level).mean():.2g}" for level in LEVELS]
    print("   share with p at most ", ", ".join(rates))
    strata = sorted({one[0] for one in found})
    for stratum in strata:
        of = np.array([one[2] for one in found if one[0] == stratum])
        print(
            f"   {stratum:12s} n {of.size:7d} fires {int((of < 1).sum()):5d} "
            f"p<=1e-2 {(of <= 1e-2).mean():.2g}  p<=1e-3 {(of <= 1e-3).mean():.2g}"
        )


def main() -> None:
    """Build the table, or say how right it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--flags", action="store_true", help="only what villages are told")
    parser.add_argument("--worlds", type=int, default=9)
    arguments = parser.parse_args()
    if arguments.flags:
        report_flags(arguments.worlds)
        return
    purpose = "tuning" if arguments.build else "test"
    calibration = UNCALIBRATED if arguments.build else shipped_fire_calibration()
    found: dict[bool, list[Window]] = {True: [], False: []}
    for number, seed in enumerate(PURPOSES[purpose][: arguments.worlds]):
        world = build(preset(NAMES[number % len(NAMES)]), seed)
        for archive in found:
            found[archive] += simulated(world, calibration, archive=archive)
        _RINGS.clear()
        print(world.settings.name, seed, sum(map(len, found.values())), "windows", flush=True)
    if arguments.build:
        samples: dict[str, list[float]] = defaultdict(list)
        for stratum, tail, _ in (*found[True], *found[False]):
            samples[stratum].append(tail)
        table = fire_calibration_table(f"placebo-{sum(map(len, samples.values()))}", samples)
        TABLE.write_text(json.dumps(table) + "\n")
        for name, tails in sorted(samples.items()):
            print(name, len(tails), sum(t < 1 for t in tails), "edges", EDGES)
        return
    report("simulated, with an archive of three years", found[True])
    report("simulated, without an archive", found[False])
    if SAMPLES.is_dir():
        for name, of in real(calibration):
            report(f"real: {name}", of)


if __name__ == "__main__":
    main()
