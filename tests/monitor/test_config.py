from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.config import Config, Fault, check_config, describe, load_config
from monitor.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent

Writer = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start in an empty folder, without variables of ours."""
    for name in [name for name in os.environ if name.upper().startswith("EMBERWATCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    """Return what writes a config.toml and gives its path."""

    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def a_secret(folder: Path, text: str = "hunter2\n", mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)
    return file


def without_paths(config: Config) -> str:
    return json.dumps(describe(config)).replace(str(config.service.data_folder.parent), "")


def test_the_file_in_the_repository_works_as_it_stands() -> None:
    assert check_config(ROOT / "config.toml") == []


def test_the_file_in_the_repository_says_what_the_defaults_are() -> None:
    assert without_paths(load_config(ROOT / "config.toml")) == without_paths(load_config())


def test_every_number_of_the_file_in_the_repository_is_explained() -> None:
    lines = (ROOT / "config.toml").read_text().splitlines()
    thresholds = [line for line in lines if line.startswith(("min_", "tier_", "max_scene"))]

    assert len(thresholds) > 10
    assert [line for line in thresholds if "#" not in line and "tier_b" not in line] == []


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = load_config()

    assert config.service.data_folder == tmp_path / "data"
    assert config.email.channel == "spool"


def test_a_file_in_the_current_folder_is_found(written: Writer) -> None:
    written("[web]\nport = 8080")

    assert load_config().web.port == 8080


def test_a_file_that_was_named_and_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist") as caught:
        load_config(tmp_path / "nosuch.toml")

    assert "emberwatch init" in caught.value.hint


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe[web]")

    with pytest.raises(ConfigError, match="not UTF-8: byte 0"):
        load_config()


def test_a_mark_at_the_start_of_the_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes("[web]\nport = 8080".encode("utf-8-sig"))

    assert load_config().web.port == 8080


def test_a_slip_of_the_pen_is_told_with_its_line(written: Writer) -> None:
    (fault,) = check_config(written("[web]\nport = = 8"))

    assert "line 2" in fault.problem


def test_relative_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "watch.toml"
    file.write_text('[sources.folder]\npath = "scenes"\n[email]\nspool = "/var/spool/watch"')

    config = load_config(file)

    assert config.sources.folder.path == tmp_path / "etc" / "scenes"
    assert config.email.spool == Path("/var/spool/watch")


def test_every_fault_is_told_at_once_with_key_line_and_remedy(written: Writer) -> None:
    faults = check_config(
        written(
            '[emial]\nport = 1\n[web]\nprot = 8\n[email]\nport = 99999\n[schedule]\nevery = "x"'
        )
    )

    assert [(f.line, f.key) for f in faults] == [
        (1, "[emial]"),
        (4, "[web] prot"),
        (6, "[email] port"),
        (8, "[schedule] every"),
    ]
    assert faults[0].remedy == "did you mean email?"
    assert faults[1].remedy == "did you mean port?"
    assert "99999" in faults[2].problem
    assert all(f.remedy for f in faults)


def test_a_fault_stops_the_service_with_its_remedy(written: Writer) -> None:
    with pytest.raises(ConfigError, match=r"\[web\] port: 0 should be") as caught:
        load_config(written("[web]\nport = 0"))

    assert caught.value.hint == "port that the site listens on"


def test_several_faults_stop_the_service_in_one_line(written: Writer) -> None:
    with pytest.raises(ConfigError, match="has 2 faults") as caught:
        load_config(written("[web]\nport = 0\nhots = 'x'"))

    assert "\n" not in caught.value.message
    assert "check-config" in caught.value.hint


def test_the_environment_wins_over_the_file(
    written: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBERWATCH_WEB__PORT", "9000")
    monkeypatch.setenv("EMBERWATCH_SOURCES__STAC__TIMEOUT_S", "5")
    monkeypatch.setenv("EMBERWATCH_SOURCES__ORDER", "folder, stac")

    config = load_config(written("[web]\nport = 8080\nhost = '0.0.0.0'"))

    assert (config.web.port, config.web.host) == (9000, "0.0.0.0")
    assert config.sources.stac.timeout_s == 5
    assert config.sources.order == ("folder", "stac")


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        pytest.param("EMBERWATCH_EMIAL__PORT", "EMBERWATCH_EMIAL__PORT", id="no such section"),
        pytest.param("EMBERWATCH_EMAIL__PROT", "[email] prot", id="no such key"),
        pytest.param("EMBERWATCH_EMAIL", "environment", id="a section is no single value"),
    ],
)
def test_a_variable_that_sets_nothing_is_a_fault(
    variable: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "nonsense")

    assert [fault.key for fault in check_config()] == [key]


def test_a_secret_in_the_file_is_refused_and_not_repeated(written: Writer) -> None:
    (fault,) = check_config(written('[email]\nusername = "me"\npassword = "hunter2"'))

    assert (fault.line, fault.key) == (3, "[email] password")
    assert "EMBERWATCH_EMAIL__PASSWORD" in fault.remedy
    assert "hunter2" not in f"{fault} {fault.remedy}"


def test_a_password_inside_an_address_is_a_secret_too(written: Writer) -> None:
    faults = check_config(written('[database]\nurl = "postgresql+psycopg://me:hunter2@db/x"'))

    assert [fault.key for fault in faults] == ["[database] url"]
    assert "hunter2" not in repr(faults)


def test_a_misspelt_secret_is_not_repeated(written: Writer) -> None:
    (fault,) = check_config(written('[email]\npasword = "hunter2"'))

    assert fault.remedy == "did you mean password?"
    assert "hunter2" not in str(fault)


def test_a_secret_that_is_too_short_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBERWATCH_WEB__SECRET_KEY", "hunter2")

    (fault,) = check_config()

    assert fault == Fault("[web] secret_key", "is shorter than 32 characters", fault.remedy)


def test_a_secret_comes_from_the_environment(
    written: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBERWATCH_SOURCES__FIRMS__MAP_KEY", "hunter2")

    key = load_config(written('[sources]\norder = ["firms"]')).sources.firms.map_key

    assert key is not None
    assert key.get_secret_value() == "hunter2"


def test_a_secret_comes_from_a_file_beside_the_settings(written: Writer, tmp_path: Path) -> None:
    a_secret(tmp_path)

    config = load_config(written('[email]\nusername = "me"\npassword_file = "secret"'))

    assert config.email.password is not None
    assert config.email.password.get_secret_value() == "hunter2"
    assert config.email.password_file == tmp_path / "secret"


def test_a_file_for_a_secret_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBERWATCH_SOURCES__FIRMS__MAP_KEY_FILE", str(a_secret(tmp_path)))

    assert load_config().sources.firms.map_key is not None


@pytest.mark.parametrize(
    ("text", "mode", "problem"),
    [
        pytest.param("hunter2", 0o644, "can be read by everybody", id="world-readable"),
        pytest.param(" \n", 0o600, "is empty", id="empty"),
    ],
)
def test_a_secret_file_that_cannot_be_trusted_is_refused(
    text: str, mode: int, problem: str, written: Writer, tmp_path: Path
) -> None:
    a_secret(tmp_path, text, mode)

    (fault,) = check_config(written('[database]\npassword_file = "secret"'))

    assert fault.key == "[database] password_file"
    assert problem in fault.problem


def test_a_secret_file_that_is_missing_is_told_beside_the_other_faults(written: Writer) -> None:
    faults = check_config(written('[database]\npassword_file = "secret"\n[web]\nport = 0'))

    assert [fault.key for fault in faults] == ["[database] password_file", "[web] port"]


def test_secrets_are_masked_wherever_settings_are_printed(
    tmp_path: Path, written: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_secret(tmp_path)
    monkeypatch.setenv("EMBERWATCH_DATABASE__URL", "postgresql+psycopg://me:hunter2@db/x")
    config = load_config(written('[email]\nusername = "me"\npassword_file = "secret"'))

    shown = describe(config)

    assert shown["email"]["password"] == "********"
    assert shown["database"]["url"] == "postgresql+psycopg://me:********@db/x"
    assert "hunter2" not in json.dumps(shown)
    assert "hunter2" not in repr(config.email)


def test_settings_are_printed_as_people_write_them() -> None:
    shown = describe(load_config())

    assert shown["schedule"]["every"] == "1h"
    assert shown["sources"]["order"] == ["folder"]
    assert "detection.burn" in shown


def test_the_database_is_a_file_in_the_data_folder_unless_one_is_named(tmp_path: Path) -> None:
    assert load_config().database_url == f"sqlite:///{tmp_path}/data/emberwatch.sqlite"


def test_the_password_of_the_database_is_put_into_its_address(
    tmp_path: Path, written: Writer
) -> None:
    a_secret(tmp_path, "p@ss")
    file = written(
        '[database]\nurl = "postgresql+psycopg://me@db/x"\npassword_file = "secret"',
    )

    assert load_config(file).database_url == "postgresql+psycopg://me:p%40ss@db/x"


def test_settings_cannot_be_changed_once_read() -> None:
    config = load_config()

    with pytest.raises(ValueError, match="frozen"):
        config.schedule.every = timedelta(days=1)
