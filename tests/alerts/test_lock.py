from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from alerts.lock import courier_lock, lock_path_of, right_to_send
from aoi.database import open_database, reading
from aoi.errors import DatabaseUnavailable
from tests.conftest import ROOT
from tests.postgres import private_postgres

HOLD = (
    "import sys\nfrom pathlib import Path\nfrom alerts.lock import courier_lock\n"
    "with courier_lock(Path(sys.argv[1])) as held:\n"
    "    print(held, flush=True)\n    sys.stdin.read()\n"
)


def test_the_lock_lies_beside_the_database_file(db: Engine, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/emberwatch.db")

    assert lock_path_of(engine) == tmp_path / "emberwatch.db.courier-lock"
    assert lock_path_of(db) is None
    engine.dispose()


def test_one_process_holds_it_and_the_kernel_frees_it_at_death(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with courier_lock(path) as held:
            assert not held
        other.kill()

    with courier_lock(path) as held:
        assert held


def test_a_database_in_memory_needs_no_lock() -> None:
    with courier_lock(None) as held:
        assert held


@pytest.mark.slow
def test_on_postgresql_one_holds_it_and_its_loss_stops_the_dot(tmp_path: Path) -> None:
    with private_postgres(tmp_path) as address:
        engine, other = open_database(address), open_database(address)
        with right_to_send(engine) as right:
            assert right is not None
            with right_to_send(other) as second:
                assert second is None
            with reading(other) as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                    )
                )
            with pytest.raises(DatabaseUnavailable), right.writing() as connection:
                connection.execute(text("SELECT 1"))
            with right_to_send(other) as second:
                assert second is not None

        with right_to_send(engine) as right:
            assert right is not None
        engine.dispose()
        other.dispose()
