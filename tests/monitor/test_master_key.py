from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.master_key import master_key


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    first = master_key(tmp_path)

    assert len(first) == 32
    assert master_key(tmp_path) == first


def test_two_data_folders_have_two_keys(tmp_path: Path) -> None:
    assert master_key(tmp_path / "a") != master_key(tmp_path / "b")


def test_nobody_else_can_read_the_key(tmp_path: Path) -> None:
    master_key(tmp_path)

    assert (tmp_path / "keys" / "master").stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "keys").iterdir()) == [tmp_path / "keys" / "master"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    master_key(tmp_path)
    (tmp_path / "keys" / "master").chmod(0o640)

    with pytest.raises(ConfigError, match="others can read") as caught:
        master_key(tmp_path)

    assert caught.value.hint.startswith("take the right away: chmod 600")


def test_a_truncated_key_is_refused(tmp_path: Path) -> None:
    master_key(tmp_path)
    (tmp_path / "keys" / "master").write_bytes(b"short")

    with pytest.raises(ConfigError, match="5 bytes, not 32"):
        master_key(tmp_path)
