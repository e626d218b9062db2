from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import file_systems
from monitor.app import build_service
from monitor.commands.check_up import check_up
from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.file_systems import file_system_of, require_lasting
from tests.commandline import write_settings

MOUNTS = r"""27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:40 / /srv rw,relatime shared:7 - nfs4 filer:/srv rw,vers=4.2
41 40 254:1 / /srv/local rw,relatime - xfs /dev/vdb rw
42 27 0:41 / /mnt/two\040words rw - fuse.sshfs there: rw
43 27 254:2 / /mem rw - ext4 /dev/vdc rw
44 43 0:42 / /mem rw - tmpfs tmpfs rw
a line that says nothing
"""


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder on a true tmpfs."""
    memory = Path("/dev/shm")
    if file_system_of(memory, file_systems.MOUNTS.read_text()) != "tmpfs":
        pytest.skip("needs /dev/shm on tmpfs, which is not here")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("/var/lib/emberwatch.sqlite", "ext4", id="the root"),
        pytest.param("/srv/data/emberwatch.sqlite", "nfs4", id="below a mount"),
        pytest.param("/srv/local/emberwatch.sqlite", "xfs", id="the nearest mount counts"),
        pytest.param("/srvother/emberwatch.sqlite", "ext4", id="a name that begins alike"),
        pytest.param("/mnt/two words/x.sqlite", "fuse.sshfs", id="a blank in the name"),
        pytest.param("/mem/x.sqlite", "tmpfs", id="the later mount hides the earlier"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind


def test_what_is_not_known_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_systems, "MOUNTS", tmp_path / "no proc here")

    require_lasting(f"sqlite:///{tmp_path}/emberwatch.sqlite")


@pytest.mark.parametrize(
    ("kind", "words"), [("nfs4", "network file system"), ("cifs", "network"), ("tmpfs", "memory")]
)
def test_a_database_on_a_network_or_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"27 1 0:1 / {tmp_path} rw - {kind} there rw\n")
    monkeypatch.setattr(file_systems, "MOUNTS", mounts)
    url = f"sqlite:///{tmp_path}/emberwatch.sqlite"

    with pytest.raises(ConfigError, match=words) as caught:
        require_lasting(url)

    assert "data_folder" in caught.value.hint
    # No setting makes a network file system safe.
    if kind == "tmpfs":
        require_lasting(url, allow_volatile=True)
    else:
        with pytest.raises(ConfigError):
            require_lasting(url, allow_volatile=True)


@pytest.mark.parametrize("url", ["postgresql+psycopg://us@db.example.org/emberwatch", "sqlite://"])
def test_only_files_are_looked_at(url: str) -> None:
    require_lasting(url)


def test_the_service_does_not_start_on_a_true_tmpfs(
    in_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMBERWATCH_DATABASE__ALLOW_VOLATILE", raising=False)
    config = load_config(write_settings(in_memory))

    with pytest.raises(ConfigError, match="lies in memory"):
        build_service(config, lambda: datetime(2024, 5, 20, tzinfo=UTC))

    assert not list(in_memory.rglob("*.sqlite"))
    config.service.data_folder.mkdir(parents=True, exist_ok=True)
    [said] = [one for one in check_up(config) if one.subject == "database"]
    assert not said.ok
    assert "lies in memory" in said.sentence
    assert "data_folder" in said.remedy


def test_a_test_may_use_a_true_tmpfs(in_memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBERWATCH_DATABASE__ALLOW_VOLATILE", "true")

    build_service(
        load_config(write_settings(in_memory)), lambda: datetime(2024, 5, 20, tzinfo=UTC)
    ).close()

    assert list(in_memory.rglob("*.sqlite"))
