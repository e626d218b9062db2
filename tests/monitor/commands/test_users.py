from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.keys import Keyring
from alerts.web.second_factors import SecondFactors
from alerts.web.totp import code_at, step_of
from alerts.web.trail import trail
from aoi.database import open_database
from monitor.master_key import master_key
from tests.alerts.web.browsers import NOW, PASSWORD
from tests.commandline import Said, call, write_area, write_settings

User = Callable[..., Said]


@pytest.fixture
def said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> User:
    """Calls `emberwatch user ...` with a line on stdin."""
    settings = write_settings(tmp_path)

    def user(*words: object, typed: str = f"{PASSWORD}\n") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return call(capsys, "user", *words, "--config", settings)

    return user


def test_a_person_is_added_with_a_password_from_stdin(said: User) -> None:
    made = said("add", "amina", "--role", "analyst")

    assert (made.status, made.err) == (0, "")
    assert "amina may sign in as analyst" in made.out
    assert PASSWORD not in made.out
    (listed,) = said("list", "--json").document["users"]
    assert (listed["name"], listed["role"], listed["areas"]) == ("amina", "analyst", None)


def test_without_anybody_the_list_says_how_to_begin(said: User) -> None:
    assert "emberwatch user add NAME --role admin" in said("list").out


@pytest.mark.parametrize(
    ("words", "typed", "message"),
    [
        (("add", "amina", "--role", "boss"), f"{PASSWORD}\n", "'boss' is no role"),
        (("add", "amina", "--role", "analyst"), "short\n", "5 characters"),
        (("add", "amina", "--role", "analyst"), "", "no password on stdin"),
        (("add", "service", "--role", "analyst"), f"{PASSWORD}\n", "cannot be a name"),
        (("add", "amina", "--role", "analyst", "--aoi", "x"), f"{PASSWORD}\n", "'x'"),
        (("rm", "nobody"), "", "nobody is called 'nobody'"),
        (("reset", "nobody"), f"{PASSWORD}\n", "nobody is called 'nobody'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(
    said: User, words: tuple[str, ...], typed: str, message: str
) -> None:
    refused = said(*words, typed=typed)

    assert refused.status == 1
    assert message in refused.err
    assert "Traceback" not in refused.err


def test_a_removed_person_is_gone_and_their_name_is_not_given_again(said: User) -> None:
    said("add", "amina", "--role", "analyst")

    assert said("rm", "amina").status == 0
    assert "was, the name of somebody" in said("add", "Amina", "--role", "analyst").err


def test_a_person_may_be_given_areas_and_another_role(
    said: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(
        capsys,
        "aoi",
        "add",
        write_area(tmp_path / "area.geojson"),
        "--config",
        tmp_path / "config.toml",
    )
    said("add", "amina", "--role", "analyst", "--aoi", "sd-test")

    changed = said("change", "amina", "--role", "operator", "--json").document

    assert (changed["role"], changed["areas"]) == ("operator", None)
    assert said("reset", "amina", typed="nine loud geese march\n").status == 0


def test_a_second_factor_is_taken_off_at_the_machine(said: User, tmp_path: Path) -> None:
    said("add", "amina", "--role", "analyst")
    folder = tmp_path / "data"
    database = open_database(f"sqlite:///{next(folder.glob('*.sqlite'))}")
    factors = SecondFactors(database, Keyring(master_key(folder)))
    secret = factors.begin("amina", NOW)
    factors.confirm("amina", code_at(secret, step_of(NOW)), NOW)

    before = said("list", "--json").document["users"][0]["second_factor"]
    taken = said("reset-factor", "amina")
    again = said("reset-factor", "amina")

    after = said("list", "--json").document["users"][0]["second_factor"]
    newest = trail(database)[0]
    database.dispose()
    assert (before, after) == (True, False)
    assert "has no second factor any more" in taken.out
    assert "had no second factor" in again.out
    assert (newest.actor, str(newest.deed)) == ("command line", "factor_reset")
