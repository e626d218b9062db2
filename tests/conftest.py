"""Fixtures that every test may use. Builders of values are in builders.py."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine

from aoi.database import METADATA, open_database

ROOT = Path(__file__).resolve().parents[1]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]

# Where /tmp lies in memory the tests' databases do too, which no service may.
os.environ.setdefault("EMBERWATCH_DATABASE__ALLOW_VOLATILE", "true")

# Machines are noisy: how long an example takes says nothing of the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# Importing a store puts its tables on METADATA.
for store in ("aoi.registry", "monitor.store", "alerts.store", "alerts.web.tables"):
    if importlib.util.find_spec(store):
        importlib.import_module(store)


@pytest.fixture
def db() -> Iterator[Engine]:
    """An empty database with every table, in memory."""
    engine = open_database("sqlite://")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository; the test is skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, the folder of real data, which is not here")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a process: Playwright cannot be started in it twice."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()
