from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from monitor.app import prepared_database
from monitor.commands.check_up import check_up
from monitor.config import Config, load_config
from monitor.master_key import master_key
from tests.commandline import write_settings


def settings(folder: Path, more: str = "") -> Config:
    return load_config(write_settings(folder, more))


def prepared(folder: Path, more: str = "") -> Config:
    config = settings(folder, more)
    (folder / "data").mkdir()
    prepared_database(config.database_url).dispose()
    master_key(config.service.data_folder)
    return config


def ill(config: Config) -> dict[str, str]:
    return {one.subject: one.sentence for one in check_up(config) if not one.ok}


def test_a_service_that_was_set_up_is_well(tmp_path: Path) -> None:
    assert ill(prepared(tmp_path)) == {}


def test_every_ill_comes_with_what_to_do(tmp_path: Path) -> None:
    found = [one for one in check_up(settings(tmp_path)) if not one.ok]

    assert {one.subject for one in found} >= {"database", "keys"}
    assert all(one.remedy for one in found)


def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    config = prepared(tmp_path)
    (tmp_path / "data" / "keys" / "master").chmod(0o644)

    assert "others can read" in ill(config)["keys"]


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    config = prepared(tmp_path)
    (tmp_path / "data" / "emberwatch.sqlite").write_bytes(b"not a database" * 1_000)

    assert "not a database" in ill(config)["database"]


def test_a_clock_that_lies_before_the_program_is_told(tmp_path: Path) -> None:
    config = prepared(tmp_path)

    with time_machine.travel("2020-01-01T00:00:00Z"):
        assert ill(config)["clock"] == "the clock says 2020-01-01"


@pytest.fixture
def mail_server() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def smtp(port: int) -> str:
    return (
        '[email]\nchannel = "smtp"\nhost = "127.0.0.1"\nsecurity = "none"\n'
        f'port = {port}\nsender = "alerts@example.org"\n'
    )


def with_mail(folder: Path, port: int) -> Config:
    config = prepared(folder)
    path = folder / "config.toml"
    text = path.read_text().replace('[email]\nspool = "spool"\n', smtp(port))
    path.write_text(text)
    return load_config(path) if config else config


def test_a_mail_server_that_answers_is_well(tmp_path: Path, mail_server: int) -> None:
    assert ill(with_mail(tmp_path, mail_server)) == {}


def test_a_mail_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    assert "127.0.0.1:1 cannot be used" in ill(with_mail(tmp_path, 1))["mail"]
