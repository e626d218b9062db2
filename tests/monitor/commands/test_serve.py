from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from monitor.app import build_service
from monitor.commands.call import utc_now
from monitor.commands.serve import Worker, run_until_stopped
from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.process_lock import process_lock
from tests.commandline import write_settings

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(folder: Path) -> subprocess.Popen[str]:
    settings = write_settings(folder, f"\n[web]\nport = {free_port()}\n")
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "serve", "--config", str(settings)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_it_serves_until_sigterm_and_ends_cleanly(tmp_path: Path) -> None:
    with started(tmp_path) as process, ExitStack() as ended:
        ended.callback(process.kill)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with urlopen(f"{address}healthz", timeout=60) as answer:
            assert answer.read() == b"ok"

        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "Traceback" not in logged
    for line in logged.splitlines():
        json.loads(line)


def test_a_site_that_nobody_can_sign_in_to_is_never_shown_to_other_machines(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, '\n[web]\nhost = "0.0.0.0"\n')
    service = build_service(load_config(settings), utc_now)

    with pytest.raises(ConfigError, match="nobody can sign in yet"):
        run_until_stopped(service, print)
    service.close()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = write_settings(tmp_path, f"\n[web]\nport = {taken.getsockname()[1]}\n")
        service = build_service(load_config(settings), utc_now)

        with pytest.raises(ConfigError, match="cannot listen on"):
            run_until_stopped(service, print)
    service.close()


def test_a_second_service_stands_by_until_the_first_is_gone(tmp_path: Path) -> None:
    service = build_service(load_config(write_settings(tmp_path)), utc_now)
    worker = Worker(service, ask_again_s=0.01)
    lock = tmp_path / "data" / "service.lock"

    with process_lock(lock):
        worker.start()
        worker.wait_for("standing by")
        assert worker.unwell() == "standing by"
    worker.wait_for("working")
    assert worker.unwell() == ""
    worker.stop()
    service.close()
