"""The camp study: simulated worlds with camps and what looks like them, in one page.

    nice -n 10 python benchmarks/camp_study.py --out DIR [--bench 10] [--quiet 16]
        [--tuning-bench 8] [--tuning-quiet 8] [--only test] [--as-it-is]
        [--calibration monitor/camps/calibration.json] [--doc docs/camp-report.md]

Tuning and test worlds come from seeds kept apart in `monitor.simulation.presets`. Each
world leaves a file of records, so that a study that was stopped goes on where it was.
`--calibration` writes the quiet scores of the tuning worlds; `--doc` the page that is kept
in the repository: no figure in it is typed by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from monitor.camp_report import calibration_of, report_lines
from monitor.camp_stated import stated_lines
from monitor.camp_study import ORBITS, records_path, records_to_file
from monitor.camps.calibration import camp_calibration_table, shipped_camp_calibration
from monitor.detectors.camps import VERSION
from monitor.simulation.presets import VERSION as SIMULATION

SEEDS = {"tuning": 1_002, "calibration": 1_020, "test": 9_190}
"""First seed of each purpose. Camp worlds of 9000 to 9185 have been looked at, and are tuning
worlds now; those of the calibration are not, since what was tuned on looks rarer than it is."""

CALIBRATION = "camp-sim-4"

HEAD = f"""# Camps: what the detector finds in simulated worlds

**Simulated.** Design guidance, never an accuracy: spectra, rates and mimics are customary
values, and texture is kinder here than in images. {VERSION}, {SIMULATION}, {ORBITS} orbit, a
look every five days where the sky is clear. Written by `python benchmarks/camp_study.py --out DIR`
on {{on}}; no figure is typed by hand. Thresholds were chosen on tuning worlds (those below, and 78
spent test worlds of 9100 to 9185); how likely a new camp is was counted on the calibration worlds.
The calibration and the held-out worlds were judged once, with them; then one mend, for camps of the
calibration worlds that a missed cloud of an earlier year had hidden, and the held-out worlds once
more: their figures are those with it.

Worlds of 12 x 12 km, two years of history, then two years watched. `camp_bench` has new,
growing, dismantled, deserted and burning camps; `camp_quiet` camps that stand. Both have fairs
under tarpaulin, building sites with metal roofs, mines, threshing floors, herders with tents,
kilns, floods and bush fires, and both count for false alarms. New camps are those of 1 ha and
more, found if an alarm lies within 500 m. False alarms are per 1,000 km2 and year for new
camps, per camp and year for the others. The area of a new camp is the one first reported, while
it still fills.

In time is 30 days for new camps, by two clocks: from the first shelter, and from the day on which
2.5 % of the ground of one hectare was under shelters (from the end of its filling if that never
was). Camps take 10 to 60 days to fill. Until camp/1 the first clock was the only one. In time is
45 days for growth and emptying.
"""

STATED = """## Stated and observed

Each new camp that was told in the held-out worlds, those of less than a hectare too, with the
probability that was stated; it is true if a camp had come to its ground or grown on it. The
prior is one new camp per 1,000 km2 and year, far fewer than in these worlds, so more should be
true than stated.
"""

LIMITS = """## What this does not show

* No real camp is among the data of this project: nothing here is measured on one.
* Building sites that rise within two months, as fast as a camp, are told from one by their size
  and strength alone.
* Camps that burn are put up again after one to three weeks: where clouds hid these, nothing of it
  was seen.
* Growth inside a known outline, by closer shelters, is not looked for.
* Camps of grass huts have neither the colour nor the texture that is looked for.
* Deserted camps keep their shelters for months; they are found late, as overgrown or
  undetermined, or not at all.
* A fair that comes for the first time, and herders with many tents, are camps to a satellite.
"""


def records(
    folder: Path, purpose: str, bench: int, quiet: int, *, judge: bool
) -> list[dict[str, Any]]:
    """Return the records of the worlds of one purpose, judging those that have none."""
    first, kept_as = SEEDS[purpose], "test" if purpose == "test" else "tuning"
    jobs = [("camp_bench", first + n) for n in range(bench)]
    jobs += [("camp_quiet", first + 10 + n) for n in range(quiet)]
    found = []
    for name, seed in jobs:
        path = records_path(name, seed, kept_as, folder)
        if judge:
            records_to_file(name, seed, kept_as, folder)
            print(path.name, flush=True)
        if not path.exists():
            continue
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def main() -> None:
    """Judge what has no records yet, then report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bench", type=int, default=10, help="other worlds with new camps")
    parser.add_argument("--quiet", type=int, default=16, help="other worlds without")
    parser.add_argument("--tuning-bench", type=int, default=8)
    parser.add_argument("--tuning-quiet", type=int, default=8)
    parser.add_argument("--only", choices=sorted(SEEDS), help="judge worlds of one purpose")
    parser.add_argument("--as-it-is", action="store_true", help="judge no further worlds")
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--doc", type=Path)
    chosen = parser.parse_args()
    counts = {
        "tuning": (chosen.tuning_bench, chosen.tuning_quiet),
        "calibration": (chosen.bench, chosen.quiet),
        "test": (chosen.bench, chosen.quiet),
    }
    tuning, calibrating, test = (
        records(
            chosen.out, purpose, *counts[purpose],
            judge=not chosen.as_it_is and chosen.only in (None, purpose),
        )
        for purpose in SEEDS
    )  # fmt: skip
    if chosen.calibration is not None:
        table = camp_calibration_table(calibration_of(calibrating, CALIBRATION))
        chosen.calibration.write_text(json.dumps(table) + "\n", encoding="utf-8")
        print(chosen.calibration)
    head = HEAD.format(on=f"{datetime.now(UTC):%Y-%m-%d}")
    stated = [STATED, *stated_lines(test, shipped_camp_calibration()), ""]
    worlds = {
        "Held-out worlds": test,
        "Calibration worlds": calibrating,
        "Tuning worlds": tuning,
    }
    text = "\n".join([head, *report_lines(worlds), *stated, LIMITS])
    page = chosen.doc or chosen.out / "camp-report.md"
    page.write_text(text, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
