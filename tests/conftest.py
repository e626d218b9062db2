"""Fixtures that every test may use. Builders of values are in builders.py."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aoi.database import METADATA, open_database

ROOT = Path(__file__).resolve().parents[1]

# Where /tmp lies in memory the tests' databases do too, which no service may.
os.environ.setdefault("EMBERWATCH_DATABASE__ALLOW_VOLATILE", "true")

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


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the repository; the test is skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, the folder of real data, which is not here")
    return folder
