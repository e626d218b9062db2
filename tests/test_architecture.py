"""The rules of the house, read from the source of every module."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("aoi", "monitor", "alerts", "maps")
FRONT_DOOR = frozenset(
    {
        "monitor.cli",
        "monitor.commands",
        "monitor.app",
        "monitor.policies",
        "monitor.post",
        "monitor.service",
        "monitor.__main__",
    }
)

# Values and decisions: what they return depends on their arguments and on nothing else.
PURE = (
    "aoi.area", "aoi.interval", "aoi.settlement",
    "monitor.alarm", "monitor.backtest",
    "monitor.baseline", "monitor.blocks", "monitor.calibration", "monitor.camp_backtest",
    "monitor.camp_skill", "monitor.camps", "monitor.coverage",
    "monitor.detectors", "monitor.features", "monitor.finding", "monitor.fusion", "monitor.looks",
    "monitor.masks", "monitor.observation", "monitor.persistence", "monitor.radiometry",
    "monitor.run", "monitor.scene",
    "monitor.detector_scores", "monitor.goals",
    "monitor.reliability", "monitor.rivals", "monitor.skill",
    "alerts.alert", "alerts.disclosure", "alerts.formats", "alerts.grading",
    "maps.palette",
    "monitor.reduction", "monitor.shadows", "monitor.sun", "monitor.sources.classification",
    "monitor.sources.firms_csv", "monitor.sources.stac_item",
)  # fmt: skip
OUTSIDE_WORLD = frozenset({
    "aiosmtpd", "asyncio", "concurrent", "distributed", "fastapi", "glob", "httpx2", "io",
    "logging", "multiprocessing", "os", "pathlib", "psycopg", "pyogrio", "pystac_client", "random",
    "requests", "secrets", "sentinelhub", "shutil", "smtplib", "socket", "sqlalchemy", "sqlite3",
    "structlog", "subprocess", "tempfile", "threading", "time", "urllib",
})  # fmt: skip
# A table that ships inside the package is code, so `files(...)` of importlib may be read.
IMPURE_CALLS = re.compile(
    r"(datetime|date)\.(now|utcnow|today)|open|print|input|rasterio\.open|np\.random\.(?!Generator)\w+"
    r"|np\.(load|save|savez)|(?!\(?files\().*\.(read_text|write_text|read_bytes|write_bytes)"
)
BROAD = frozenset({"Exception", "BaseException"})


@dataclass(frozen=True, slots=True)
class Source:
    """One module of ours."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split(".")[0]


def sources() -> Iterator[Source]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield Source(name.removesuffix(".__init__"), path, tree)


SOURCES = list(sources())
PURE_SOURCES = [s for s in SOURCES if any(s.name == p or s.name.startswith(f"{p}.") for p in PURE)]

every_module = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
every_pure_module = pytest.mark.parametrize("source", PURE_SOURCES, ids=lambda s: s.name)


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield each imported module, and each imported name as if it were one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_front_door(name: str) -> bool:
    return name in FRONT_DOOR or name.startswith(tuple(f"{door}." for door in FRONT_DOOR))


@every_module
def test_imports_go_left_only(source: Source) -> None:
    to_the_right = ROOMS[ROOMS.index(source.room) + 1 :]

    wrong = {name for name in imports(source.tree) if name.split(".")[0] in to_the_right}

    assert is_front_door(source.name) or not wrong


@every_module
def test_nothing_imports_the_front_door(source: Source) -> None:
    wrong = {name for name in imports(source.tree) if is_front_door(name)}

    assert is_front_door(source.name) or not wrong


def test_the_settings_know_no_other_part() -> None:
    allowed = {"config", "durations", "errors", "mail_settings", "settings", "thresholds"}
    ours = {
        name.split(".")[1]
        for source in SOURCES
        if source.name in {"monitor.config", "monitor.settings", "monitor.thresholds"}
        for name in imports(source.tree)
        if name.startswith(ROOMS) and "." in name
    }

    assert ours <= allowed


def test_no_detector_knows_the_truth() -> None:
    # Nothing that decides may see what a simulator, a study or a truth file knows.
    knowing = ("monitor.simulation", "monitor.truth", "monitor.skill", "monitor.study")
    deciding = (
        "monitor.detectors", "monitor.baseline", "monitor.camps", "monitor.fusion",
        "monitor.persistence",
    )  # fmt: skip

    wrong = {
        (source.name, name)
        for source in SOURCES
        if source.name.startswith(deciding)
        for name in imports(source.tree)
        if name.startswith(knowing)
    }

    assert wrong == set()


@every_module
def test_imports_are_absolute(source: Source) -> None:
    relative = [n for n in ast.walk(source.tree) if isinstance(n, ast.ImportFrom) and n.level]

    assert relative == []


@every_pure_module
def test_a_pure_module_imports_nothing_of_the_outside_world(source: Source) -> None:
    assert {name.split(".")[0] for name in imports(source.tree)} & OUTSIDE_WORLD == set()


@every_pure_module
def test_a_pure_module_reads_no_clock_no_file_and_no_dice(source: Source) -> None:
    calls = {ast.unparse(n.func) for n in ast.walk(source.tree) if isinstance(n, ast.Call)}

    assert [call for call in calls if IMPURE_CALLS.fullmatch(call)] == []


@every_module
def test_a_module_says_what_it_is_for(source: Source) -> None:
    assert ast.get_docstring(source.tree)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_signpost_at_its_door(room: str) -> None:
    signpost = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or ""

    assert [word for word in ("In:", "Out:", "Read:", "mports") if word not in signpost] == []


def test_every_folder_of_modules_is_a_package() -> None:
    # A folder without one is left out of the wheel without a word.
    folders = {source.path.parent for source in SOURCES}

    assert [folder.name for folder in folders if not (folder / "__init__.py").exists()] == []


@every_module
def test_a_signpost_imports_nothing(source: Source) -> None:
    # The list of detectors is the one thing that a package itself holds.
    is_signpost = source.path.name == "__init__.py" and source.name != "monitor.detectors"

    assert not is_signpost or set(imports(source.tree)) <= {"__future__", "__future__.annotations"}


@every_module
def test_no_handler_catches_everything(source: Source) -> None:
    broad = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or BROAD & {ast.unparse(n) for n in ast.walk(node.type)})
    ]

    assert broad == []


@every_module
def test_no_process_is_forked(source: Source) -> None:
    # A forked child inherits the courier's lock and keeps it after its parent was killed.
    calls = [n for n in ast.walk(source.tree) if isinstance(n, ast.Call)]
    forks = {ast.unparse(n.func) for n in calls} & {"os.fork", "os.forkpty", "pty.fork"}
    methods = {a.value for n in calls for a in n.args if isinstance(a, ast.Constant)}

    assert forks == set()
    assert "fork" not in methods


def test_a_pool_of_processes_is_told_how_to_start_them() -> None:
    pools = [
        f"{source.name}:{node.lineno}"
        for source in SOURCES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("ProcessPoolExecutor")
        and "mp_context" not in {keyword.arg for keyword in node.keywords}
    ]

    assert pools == []


def repository_files() -> list[Path]:
    listed = subprocess.run(  # the one list that leaves out environments and caches
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_names_a_package_index_or_a_place_on_somebodys_machine() -> None:
    # Written apart, so that this file does not find itself.
    hosts = "|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.", "--index" + "-url"])
    places = r"(?<![\w.-])/(?:work|root|Users|farm)/|/home/[a-z]"
    forbidden = re.compile(f"{hosts}|{places}")

    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in repository_files()
        if path.is_file() and path.suffix not in {".png", ".tif", ".webp", ".zip"}
        for match in forbidden.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert found == []
