from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.main import get_command

from alerts.alert import REJECTION_REASONS
from aoi.database import open_database, writing
from monitor.cli import app
from monitor.commands.verbs import VERBS, loaded
from tests.builders import a_square, days_ago
from tests.catalogue import write_overpass
from tests.commandline import (
    Said,
    call,
    write_area,
    write_features,
    write_settings,
    write_village,
)

NOW = "2024-05-20T12:00Z"
ROOT = Path(__file__).resolve().parents[2]

Capture = pytest.CaptureFixture[str]


class Line:
    """A command line on settings of its own."""

    def __init__(self, folder: Path, capsys: Capture) -> None:
        self.folder = folder
        self._capsys = capsys
        self.settings = write_settings(folder)

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--config", self.settings)

    def with_area(self) -> Line:
        assert self("aoi", "add", write_area(self.folder / "area.geojson")).status == 0
        village = write_village(self.folder / "village.geojson")
        assert self("settlement", "import", village, "--aoi", "sd-test").status == 0
        return self


@pytest.fixture
def line(tmp_path: Path, capsys: Capture) -> Line:
    return Line(tmp_path, capsys)


def require_one_error(said: Said, *words: str) -> None:
    """Assert what a failure looks like: one line, one hint, status 1, no traceback."""
    lines = said.err.splitlines()
    assert said.status == 1
    assert [said.err.count("error: "), len(lines)] == [1, 2], said.err
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("  ")
    assert lines[1].strip()
    for word in words:
        assert word in said.err
    assert said.out == ""


def every_verb() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name in VERBS:
        command = loaded(name)
        members = getattr(command, "commands", None)
        if members is None:
            found.append((name, command))
        else:
            found += [(f"{name} {verb}", member) for verb, member in members.items()]
    return found


@pytest.mark.parametrize(("name", "command"), every_verb(), ids=[n for n, _ in every_verb()])
def test_each_verb_takes_settings_and_json_and_shows_an_example(name: str, command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}

    assert {"--config", "--json"} <= options
    assert command.help
    assert command.epilog.startswith(f"Example: emberwatch {name}")


@pytest.mark.parametrize("name", VERBS)
def test_the_list_of_verbs_says_of_each_what_its_own_help_says(name: str) -> None:
    first_words = VERBS[name][1].split()[:3]

    assert loaded(name).help.split()[:3] == first_words


def test_the_help_of_reject_names_every_code(line: Line) -> None:
    said = call(line._capsys, "alert", "reject", "--help")

    for code in REJECTION_REASONS:
        assert code in said.out


def test_help_does_not_load_what_it_does_not_need() -> None:
    script = "import sys, monitor.cli; print('scipy' in sys.modules, 'folium' in sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "words",
    [["bogus"], ["run", "--bogus"], ["aoi"], ["alert", "confirm", "K7QF"], ["aoi", "add"]],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(capsys: Capture, words: list[str]) -> None:
    said = call(capsys, *words)

    assert said.status == 2
    assert "Usage:" in said.err + said.out


def test_a_missing_settings_file_is_named(capsys: Capture, tmp_path: Path) -> None:
    said = call(capsys, "run", "--config", tmp_path / "nowhere.toml")

    require_one_error(said, "nowhere.toml", "emberwatch init")


def test_options_of_all_verbs_may_stand_before_the_verb(line: Line, capsys: Capture) -> None:
    said = call(capsys, "--config", line.settings, "--json", "aoi", "list")

    assert said.document == {"areas": []}


def test_a_typo_in_the_settings_is_one_line_with_a_remedy(line: Line) -> None:
    line.settings.write_text('[service]\ndata_foldr = "data"\n')

    require_one_error(line("run"), "data_foldr")


def test_check_config_tells_every_fault_at_once(line: Line) -> None:
    line.settings.write_text('[service]\ndata_foldr = "x"\n[engine]\nworkers = "many"\n')

    said = line("check-config", "--json")

    assert said.status == 1
    assert said.document["ok"] is False
    assert len(said.document["faults"]) == 2
    assert all(fault["remedy"] for fault in said.document["faults"])


def test_init_writes_settings_that_work_and_overwrites_nothing(
    capsys: Capture, tmp_path: Path
) -> None:
    assert call(capsys, "init", tmp_path / "new").status == 0
    settings = tmp_path / "new" / "config.toml"
    assert call(capsys, "run", "--config", settings).status == 0
    assert call(capsys, "doctor", "--config", settings).status == 0

    settings.write_text(settings.read_text() + "# mine\n")
    again = call(capsys, "init", tmp_path / "new", "--json")

    assert again.document["written"] is False
    assert settings.read_text().endswith("# mine\n")


def test_doctor_says_what_to_do(line: Line) -> None:
    (line.folder / "imagery").rmdir()

    said = line("doctor", "--json")

    assert said.status == 1
    ill = {one["subject"]: one["remedy"] for one in said.document["findings"] if not one["ok"]}
    assert "emberwatch init" in ill["database"]
    assert "[sources.folder] path" in ill["imagery"]


def test_json_is_one_document_and_nothing_else(line: Line) -> None:
    line.with_area()
    write_overpass(line.folder / "imagery", days_ago(2))

    said = line("run", "--now", NOW, "--json")

    assert json.loads(said.out)["runs"][0]["aoi_id"] == "sd-test"
    assert said.err == ""


def test_a_run_with_nothing_to_do_is_done(line: Line) -> None:
    said = line("run")

    assert said.status == 0
    assert said.out.strip() == "nothing is due"


def test_a_dry_run_says_what_would_run_and_runs_nothing(line: Line) -> None:
    line.with_area()

    said = line("run", "--dry-run", "--json")

    assert said.document == {"dry_run": True, "due": ["sd-test"]}
    assert line("aoi", "show", "sd-test", "--json").document["runs"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--now", "yesterday"], "'yesterday' is not an instant"),
        (["run", "--aoi", "nowhere"], "'nowhere'"),
        (["aoi", "show", "nowhere"], "'nowhere'"),
        (["alert", "show", "K7QF"], "'K7QF'"),
        (["alert", "confirm", "K7QF", "--by", "amina"], "'K7QF'"),
        (["alert", "explain", "nowhere"], "'nowhere'"),
        (["alert", "export", "--format", "docx"], "'docx'"),
        (["settlement", "list", "--aoi", "nowhere"], "'nowhere'"),
        (["subscriber", "add", "no address"], "no address"),
        (["subscriber", "pause", "x@example.org"], "x@example.org"),
        (["replay", "--from", "2024-05-02", "--to", "2024-05-01", "--out", "x"], "is not before"),
        (["simulate", "x", "--seed", "1", "--preset", "moon"], "'moon'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_refused_is_named(line: Line, words: list[str], told: str) -> None:
    require_one_error(line(*words), told)


def write_text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


BOW_TIE = '{"type":"Polygon","coordinates":[[[25,13],[25.1,13.1],[25.1,13],[25,13.1],[25,13]]]}'
SWAPPED = '{"type":"Polygon","coordinates":[[[13,125],[13,125.1],[13.1,125.1],[13,125]]]}'
ACROSS = '{"type":"Polygon","coordinates":[[[179,1],[-179,1],[-179,2],[179,2],[179,1]]]}'
LINE = '{"type":"Polygon","coordinates":[[[25,13],[25.1,13],[25,13],[25,13]]]}'


def feature(geometry: str, name: str = "bad") -> str:
    return (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":'
        f'{{"id":"{name}","name":"{name}"}},"geometry":{geometry}}}]}}'
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("", "", id="empty file"),
        pytest.param("{", "", id="cut file"),
        pytest.param(feature(BOW_TIE), "feature 0", id="self-crossing"),
        pytest.param(feature(SWAPPED), "feature 0", id="swapped axes"),
        pytest.param(feature(ACROSS), "antimeridian", id="antimeridian"),
        pytest.param(feature(LINE), "area", id="no area"),
        pytest.param('{"type":"FeatureCollection","features":[]}', "no feature", id="no feature"),
    ],
)
def test_an_area_that_cannot_be_watched_is_refused_with_its_feature(
    line: Line, content: str, told: str
) -> None:
    file = write_text(line.folder / "bad.geojson", content)

    require_one_error(line("aoi", "add", file), told)
    assert line("aoi", "list", "--json").document == {"areas": []}


def test_two_areas_with_one_id_are_refused_and_neither_is_stored(line: Line) -> None:
    file = write_features(
        line.folder / "two.geojson",
        (a_square(2_000), {"id": "same", "name": "A"}),
        (a_square(2_000, east_m=9_000), {"id": "same", "name": "B"}),
    )

    require_one_error(line("aoi", "add", file), "same")
    assert line("aoi", "list", "--json").document == {"areas": []}


def test_a_settlement_outside_its_area_is_refused(line: Line) -> None:
    line.with_area()
    far = write_features(
        line.folder / "far.geojson", (a_square(200, east_m=50_000), {"id": "far", "name": "Far"})
    )

    require_one_error(line("settlement", "import", far, "--aoi", "sd-test"), "far")


@pytest.mark.parametrize(
    ("bbox", "told"),
    [
        ("24.9,12.0,25.3", "3 numbers"),
        ("24.9,12.0,25.3,12.4,1", "5 numbers"),
        ("24.9,12.0,east,12.4", "'east' is not a number"),
        ("nan,12.0,25.3,12.4", "'nan' is not a number"),
        ("25.3,12.0,24.9,12.4", "is not west of"),
        ("12.0,124.9,12.4,125.3", "124.9"),
    ],
)
def test_a_box_that_is_none_is_refused_with_the_rule(line: Line, bbox: str, told: str) -> None:
    require_one_error(line("aoi", "add", "--bbox", bbox), told)


@pytest.mark.parametrize(
    ("wkt", "told"),
    [
        ("POLYGON EMPTY", "it is empty"),
        ("POINT(25 12)", "POINT"),
        ("SRID=32635;POLYGON((0 0,1 0,1 1,0 0))", "EPSG:4326"),
        ("CURVEPOLYGON((0 0,1 0,1 1,0 0))", "curves"),
        ("POLYGON" + "(" * 1_000 + ")" * 1_000, "nested"),
        ("POLYGON((500000 1400000,500100 1400000,500000 1400100,500000 1400000))", "500000"),
        ("POLYGON((25 12,26", ""),
    ],
    ids=["empty", "point", "srid", "curve", "1,000 parentheses", "metres", "cut"],
)
def test_a_polygon_that_is_none_is_refused_with_the_rule(line: Line, wkt: str, told: str) -> None:
    require_one_error(line("aoi", "add", "--wkt", wkt), told)


def test_a_box_becomes_an_area_with_the_name_it_is_given(line: Line) -> None:
    words = ("--bbox", "24.9,12.0,25.0,12.1", "--id", "boxed", "--revisit", "5d")

    assert line("aoi", "add", *words, "--sensitivity", "restricted").status == 0

    (area,) = line("aoi", "list", "--json").document["areas"]
    assert (area["id"], area["revisit"], area["sensitivity"]) == ("boxed", "5d", "restricted")


def test_an_exported_area_can_be_added_again(line: Line, tmp_path: Path, capsys: Capture) -> None:
    line.with_area()
    file = write_text(line.folder / "again.geojson", line("aoi", "export").out)
    (tmp_path / "other").mkdir()

    assert Line(tmp_path / "other", capsys)("aoi", "add", file).status == 0


def test_an_area_is_paused_resumed_and_archived(line: Line) -> None:
    line.with_area()

    for word, state in (("pause", "paused"), ("resume", "active"), ("rm", "archived")):
        assert line("aoi", word, "sd-test", "--json").document["state"] == state

    assert line("aoi", "list", "--json").document == {"areas": []}
    assert line("run", "--json").document["runs"] == []


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        pytest.param("missing", "failed", id="missing raster"),
        pytest.param("truncated", "failed", id="truncated GeoTIFF"),
        pytest.param("text", "failed", id="a raster that is text"),
        pytest.param("no asset", "failed", id="asset absent"),
        pytest.param("no date", "failed", id="item without datetime"),
        pytest.param("not json", "failed", id="item that is no JSON"),
        pytest.param("no folder", "failed", id="no imagery folder"),
        pytest.param("empty", "no_imagery", id="empty catalogue"),
    ],
)
def test_bad_imagery_is_an_outcome_with_a_reason_and_status_3(
    line: Line, fault: str, outcome: str
) -> None:
    line.with_area()
    imagery = line.folder / "imagery"
    spoil(imagery, fault)

    said = line("run", "--now", NOW, "--json")

    assert said.status == 3, said.out
    (run,) = said.document["runs"]
    assert run["outcome"] == outcome
    assert run["reason"]
    assert "Traceback" not in said.err


def spoil(imagery: Path, fault: str) -> None:
    """Leave one scene in the folder, with a fault."""
    if fault == "no folder":
        imagery.rmdir()
    elif fault != "empty":
        item = write_overpass(imagery, days_ago(2))
        band = item.parent / "nir08.tif"
        described = json.loads(item.read_text())
        match fault:
            case "missing":
                band.unlink()
            case "truncated":
                band.write_bytes(band.read_bytes()[:2_000])
            case "text":
                band.write_text("<html>503</html>")
            case "no asset":
                described["assets"] = {}
            case "no date":
                del described["properties"]["datetime"]
            case "not json":
                item.write_text(item.read_text()[:100])
        if fault in {"no asset", "no date"}:
            item.write_text(json.dumps(described))


def test_another_area_goes_on_beside_one_that_fails(line: Line) -> None:
    line.with_area()
    far = write_features(
        line.folder / "far.geojson", (a_square(2_000, east_m=40_000), {"id": "far", "name": "Far"})
    )
    line("aoi", "add", far)
    write_overpass(line.folder / "imagery", days_ago(2))

    said = line("run", "--now", NOW, "--json")

    outcomes = {run["aoi_id"]: run["outcome"] for run in said.document["runs"]}
    assert outcomes == {"sd-test": "completed", "far": "no_imagery"}
    assert said.status == 3


def test_a_second_run_is_done_with_status_0(line: Line) -> None:
    line.with_area()
    write_overpass(line.folder / "imagery", days_ago(2))
    assert line("run", "--now", NOW).status == 0

    assert line("run", "--now", NOW).status == 0
    assert line("run", "--now", "2024-05-21T12:00Z").status == 0


def test_a_locked_database_is_one_line_with_a_hint(line: Line) -> None:
    line.with_area()
    engine = open_database(f"sqlite:///{line.folder / 'data' / 'emberwatch.sqlite'}")
    with writing(engine):
        said = line("aoi", "pause", "sd-test")
    engine.dispose()

    require_one_error(said, "locked", "try again")


def test_a_file_that_is_no_database_is_one_line_with_a_hint(line: Line) -> None:
    (line.folder / "data").mkdir()
    (line.folder / "data" / "emberwatch.sqlite").write_text("no database at all, but text" * 50)

    require_one_error(line("aoi", "list"), "not a database")


def test_a_database_of_a_newer_version_is_refused(line: Line) -> None:
    line.with_area()
    engine = open_database(f"sqlite:///{line.folder / 'data' / 'emberwatch.sqlite'}")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    require_one_error(line("run"), "newer version", "9999")


def test_a_full_disk_is_an_outcome_and_the_next_run_makes_up_for_it(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.with_area()
    write_overpass(line.folder / "imagery", days_ago(2))
    (line.folder / "data" / "looks").write_text("a file where the folder should be")

    said = line("run", "--now", NOW, "--json")

    (run,) = said.document["runs"]
    assert (said.status, run["outcome"]) == (3, "failed")
    assert "cannot write" in run["reason"]

    (line.folder / "data" / "looks").unlink()
    again = line("run", "--now", "2024-05-21T12:00Z", "--json")
    assert again.document["runs"][0]["outcome"] == "completed"


def test_names_from_files_do_not_act_on_the_terminal(line: Line) -> None:
    hostile = "[red]\x1b[31mred"
    line("aoi", "add", write_area(line.folder / "area.geojson", name=hostile))

    said = line("aoi", "list")

    assert "\x1b" not in said.out
    assert "[red]" in said.out


def test_the_whole_program_answers_as_a_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "run", "--config", tmp_path / "nowhere.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_group_of_all_verbs_can_be_built() -> None:
    assert get_command(app) is not None
