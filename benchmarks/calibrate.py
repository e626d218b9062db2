"""Make the calibration that ships with the program, from simulated settlements.

Every world comes from the tuning seeds; the test seeds are refused. Worlds that were
scored already are not scored again; delete the folder after a change of the detector.

    python -m benchmarks.calibrate FOLDER [--workers N] [--worlds NAME:COUNT ...]

Fits the weights of the evidence on fresh burns and quiet looks, ranks it among quiet
looks, counts the false alarms of each rule, and those of all rules together where every
confounder is at work, and writes monitor/calibration.json. `benchmarks.tuning_check`
shows what it does on the same worlds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.scored_places import DEFAULT_WORLDS, ScoredPlace, jobs_of, scored_worlds
from monitor.calibration import calibration_table
from monitor.evidence import EvidenceWeights, fitted_weights, measured_of
from monitor.persistence import PersistenceSettings
from monitor.recalibration import QuietPlace, recalibrated

ROOT = Path(__file__).resolve().parent.parent
HARDEST = "adversarial"
"""All rules together are counted here, so that the rate holds where confounders are common."""

STILL_ITS_OWN = timedelta(days=90)
"""Alarms so long after a burn are still about it; later ones are false, and are counted."""

Worlds = Mapping[tuple[str, int], list[ScoredPlace]]


def weights_of(places: Iterable[ScoredPlace]) -> EvidenceWeights:
    """Return the weights that tell fresh burns from quiet looks best."""
    rows = [row for place in places for row in place.labelled()]
    return fitted_weights(
        np.array([measured_of(r.values, r.burned_fraction) for r, _, _ in rows]),
        np.array([label for _, label, _ in rows]),
        np.array([weight for _, _, weight in rows]),
    )


def counted_apart(worlds: Worlds) -> Iterator[QuietPlace]:
    """Yield what is counted, each place with weights fitted on the worlds of other seeds."""
    of_seed: dict[int, list[ScoredPlace]] = defaultdict(list)
    for (_, seed), places in worlds.items():
        of_seed[seed] += places
    for (name, seed), places in worlds.items():
        if name != HARDEST:
            continue
        others = [place for s, found in of_seed.items() if s != seed for place in found]
        weights = weights_of(others) if others else None
        for place in places:
            yield replace(place.quiet(STILL_ITS_OWN), weights=weights)


def main() -> None:
    """Score, fit, rank, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worlds", nargs="+", default=DEFAULT_WORLDS)
    options = parser.parse_args()
    worlds = scored_worlds(options.folder, jobs_of(options.worlds), options.workers)
    everything = [place for places in worlds.values() for place in places]
    weights = weights_of(everything)
    counted = list(counted_apart(worlds))
    words = (
        f"{len(worlds)} simulated worlds ({', '.join(options.worlds)}), tuning seeds; all rules"
        f" together counted on {HARDEST}, each world with weights fitted on the others"
    )
    quiet = [place.quiet() for place in everything]
    calibration = recalibrated(quiet, words, PersistenceSettings(), weights, counted or None)
    table = json.dumps(calibration_table(calibration), indent=0)
    (ROOT / "monitor" / "calibration.json").write_text(table + "\n", encoding="utf-8")
    years = sum(place.years for place in quiet)
    print(
        f"{calibration.version}: {years:.0f} quiet village-years,"
        f" {sum(place.years for place in counted):.0f} of {HARDEST} counted,"
        f" {len(calibration.strata)} strata, {weights}"
    )


if __name__ == "__main__":
    main()
