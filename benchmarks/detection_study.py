"""The detection study: simulated worlds, implants, real fires, in one report.

    python benchmarks/detection_study.py --out DIR [--worlds 42] [--presets bench adversarial]
        [--workers 2] [--alone 21] [--skip 10] [--implants DIR] [--doc docs/detection-report.md]

Tuning and test worlds come from seeds kept apart in `monitor.simulation.presets`. Each
world leaves a file, so that a study that was stopped goes on where it was. `--alone` adds
test worlds on which the detector runs without its rivals, for narrower intervals. `--skip`
leaves out the first test seeds, if somebody looked at their results before the detector or its
calibration was changed last. `--doc` writes the summary that is kept in the repository: no
figure in it is typed by hand.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import real_neighbours
from benchmarks.implant_study import REAL, cases, chapter_of
from benchmarks.real_burns import markdown, rows_of
from monitor.calibration import shipped_calibration
from monitor.comparison import compared
from monitor.detector_scores import FULL, STEPS
from monitor.engine import LocalEngine
from monitor.real_pairs import on_blocks
from monitor.report import Chapter, Report, report_markdown, write_report
from monitor.sensors_left_out import VARIANTS
from monitor.study import StudyPlan, run_study, worlds_of

TITLES = {
    "bench": "Sahel thatch villages",
    "adversarial": "Every confounder at once",
    "darfur_mud_brick": "Mud-brick villages",
    "rakhine_wood": "Wood and bamboo under trees",
    "camp": "Camps",
}

OURS = frozenset({FULL, *STEPS, *VARIANTS})
TEST = ("test",)

NOTES = (
    "Looks come straight from the simulator, as block means with its own imperfect cloud"
    " classification; a backtest of written scenes goes the whole way through the pipeline.",
    "Lag counts to the acquisition of the deciding look; an image is available some hours later.",
)


def chapters(plan: StudyPlan, folder: Path) -> list[Chapter]:
    """Return one chapter for each preset that has both tuning and test worlds."""
    found = []
    for name in plan.presets:
        one = replace(plan, presets=(name,))
        tuning, test = (worlds_of(one, folder, purpose) for purpose in ("tuning", "test"))
        if tuning and test:
            title = f"{TITLES.get(name, name)} (preset {name})"
            found.append(Chapter(title, compared(tuning, test), NOTES))
    return found


def alone(plan: StudyPlan, more: StudyPlan, folder: Path) -> list[Chapter]:
    """Return a chapter for each preset from all test worlds, the detector alone on them."""
    found = []
    for name in more.presets:
        both = [replace(one, presets=(name,)) for one in (plan, more)]
        tuning = worlds_of(both[0], folder, "tuning")
        test = [
            replace(world, scored=tuple(s for s in world.scored if s.rule in OURS))
            for one in both
            for world in worlds_of(one, folder, "test")
        ]
        if tuning and test:
            title = f"{TITLES.get(name, name)}, the detector alone (preset {name})"
            found.append(Chapter(title, compared(tuning, test), NOTES))
    return found


def real_section(real: Path) -> str:
    """Return the tables of the real fires, empty where the images are not there."""
    if not real.is_dir():
        return ""
    pixels = rows_of(real, lambda pair: pair)
    blocks = rows_of(real, lambda pair: on_blocks(pair)[0])
    return (
        "\n## Real fires\n\n**real.** Wild fires in image pairs, no villages: the area under the"
        " ROC curve of each index. Landsat 7 chips lie wholly inside their fires and are set"
        " against unburned ground of another pair.\n\n"
        + markdown("Pixels", pixels)
        + "\n"
        + markdown("Blocks of 40 m", blocks)
        + "\n### Villages laid beside real fires\n\nDiscs of 2 ha in image pairs, one look before"
        " and one after. The HLS files hold no perimeter: large patches of high dNBR stand for it,"
        " and smaller burns lie outside them.\n\n"
        + real_neighbours.markdown(real_neighbours.measured(real))
    )


def main() -> None:
    """Score what has no scores yet, then report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=42)
    parser.add_argument("--presets", nargs="+", default=["bench", "adversarial"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--alone", type=int, default=0, help="further test worlds, no rivals")
    parser.add_argument("--skip", type=int, default=0, help="test seeds looked at before")
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--implants", type=Path, help="folder of a finished implant study")
    parser.add_argument("--implant-cases", type=int, default=120)
    parser.add_argument("--doc", type=Path)
    chosen = parser.parse_args()
    plan = StudyPlan(tuple(chosen.presets), chosen.worlds, skipped=chosen.skip)
    engine = LocalEngine(chosen.workers)
    for number, path in enumerate(run_study(plan, chosen.out / "worlds", engine), start=1):
        print(f"{number:4d} {path.name}", flush=True)
    more = replace(plan, worlds=chosen.alone, rivals=False, skipped=chosen.skip + chosen.worlds)
    for number, path in enumerate(run_study(more, chosen.out / "worlds", engine, TEST), start=1):
        print(f"{number:4d} {path.name}", flush=True)
    engine.close()
    scored = chosen.out / "worlds"
    found = [*chapters(plan, scored), *alone(plan, more, scored)]
    if chosen.implants is not None:
        found.append(chapter_of(list(cases(chosen.implant_cases, chosen.real, chosen.implants))))
    name = f"emberwatch {version('emberwatch')}, calibration {shipped_calibration().version}"
    report = Report("Detection report", datetime.now(UTC), name, tuple(found))
    for path in write_report(report, chosen.out):
        print(path)
    if chosen.doc is not None:
        chosen.doc.write_text(report_markdown(report) + real_section(chosen.real))
        print(chosen.doc)


if __name__ == "__main__":
    main()
