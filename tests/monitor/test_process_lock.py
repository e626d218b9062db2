from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.process_lock import AlreadyRunning, process_lock

HOLD = """
import sys
from pathlib import Path
from monitor.process_lock import process_lock
with process_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).resolve().parents[2]


def test_a_second_service_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "service.lock"

    with process_lock(lock), pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        process_lock(lock).__enter__()


def test_a_lock_that_was_given_back_can_be_had(tmp_path: Path) -> None:
    for _ in range(2):
        with process_lock(tmp_path / "service.lock"):
            pass


def test_a_dead_holder_frees_the_lock_at_once(tmp_path: Path) -> None:
    lock = tmp_path / "service.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning):
            process_lock(lock).__enter__()

        holder.kill()
        holder.wait()

        with process_lock(lock):
            pass
