"""The simulator and its truth stay away from what is judged by them."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TRUTH = "monitor.simulation"

# The front door runs it; studies make worlds and compare with their truth.
MAY_IMPORT = ("monitor/cli.py", "monitor/app.py", "monitor/service.py", "monitor/commands/",
              "monitor/study", "monitor/camp_study", "monitor/simulation/")  # fmt: skip


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_detector_can_read_the_truth() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for room in ("aoi", "monitor", "alerts", "maps")
        for path in (ROOT / room).rglob("*.py")
        if any(name.startswith(TRUTH) for name in imported(path))
    ]

    assert [name for name in readers if not name.startswith(MAY_IMPORT)] == []


def test_the_simulator_draws_from_named_streams_alone() -> None:
    for path in (ROOT / "monitor" / "simulation").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "default_rng" not in text
        assert path.name == "streams.py" or "SeedSequence" not in text
