from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.engine import DaskEngine, LocalEngine, SerialEngine, engine_of
from monitor.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def double(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is below zero")
    return 2 * number


def die_once(marker: Path) -> str:
    """Kill the worker the first time; work the second."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def die_always(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def speak(text: str) -> str:
    print(text, file=sys.stderr)
    return text


@pytest.mark.parametrize("engine", [SerialEngine(), LocalEngine(2)], ids=["serial", "pool"])
def test_a_job_that_dies_takes_no_other_along(engine: SerialEngine | LocalEngine) -> None:
    outcomes = dict(engine.run(double, [1, -1, 3]))
    engine.close()

    assert outcomes[1] == 2
    assert outcomes[3] == 6
    assert isinstance(outcomes[-1], ValueError)


def test_a_killed_worker_costs_no_job(tmp_path: Path) -> None:
    engine = LocalEngine(2)

    outcomes = dict(engine.run(die_once, [tmp_path / "marker"]))
    engine.close()

    assert list(outcomes.values()) == ["survived"]


@pytest.mark.slow
def test_a_job_that_always_kills_its_worker_is_given_up_and_the_others_are_done() -> None:
    engine = LocalEngine(2)

    outcomes = dict(engine.run(die_always, [0, 1, 2]))
    engine.close()

    assert outcomes[0] == 0
    assert outcomes[2] == 2
    assert "killed" in str(outcomes[1])


def test_a_pool_that_was_closed_is_made_again() -> None:
    engine = LocalEngine(1)
    list(engine.run(double, [1]))
    engine.close()

    assert dict(engine.run(double, [2])) == {2: 4}
    engine.close()


def test_one_worker_needs_no_pool() -> None:
    assert isinstance(engine_of("local", 1, ""), SerialEngine)
    assert isinstance(engine_of("local", 2, ""), LocalEngine)


def test_a_cluster_that_does_not_answer_is_named_with_a_hint() -> None:
    pytest.importorskip("distributed", reason="needs the extra cluster")

    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9") as caught:
        DaskEngine("tcp://127.0.0.1:9", timeout_s=1)

    assert "dask scheduler" in caught.value.hint


@pytest.mark.slow
def test_a_cluster_runs_the_same_jobs(cluster: str) -> None:
    engine = DaskEngine(cluster)

    outcomes = dict(engine.run(double, [1, -1]))
    engine.close()

    assert outcomes[1] == 2
    assert isinstance(outcomes[-1], ValueError)


@pytest.fixture
def cluster() -> Iterator[str]:
    """A real scheduler and worker on this machine."""
    pytest.importorskip("distributed", reason="needs the extra cluster")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker"]
    scheduler = [*dask, "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
    one = [*worker, address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    with (
        subprocess.Popen(scheduler, **quiet) as first,  # type: ignore[call-overload]
        subprocess.Popen([*one, "--host", "127.0.0.1"], **quiet) as second,  # type: ignore[call-overload]
    ):
        yield address
        # Dask may wait for its other half for ever when both are asked to go at once.
        second.kill()
        first.kill()
