"""What these tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.sources import stac, stac_pages
from monitor.sources.sentinel_hub import SentinelHub
from tests.monitor.sources.hub import Hub, as_new, source_of


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget catalogues: a port of a server that ended may serve another one a test later."""
    stac_pages._LANDING.clear()
    stac._LAST.clear()


@pytest.fixture
def hub(running_hub: tuple[Hub, str], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Give the Sentinel Hub of a module, which runs it over its own scenes, as new."""
    hub, trusted = running_hub
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    as_new(hub)
    return hub


@pytest.fixture
def source(hub: Hub, tmp_path: Path) -> SentinelHub:
    """Give the source that asks it."""
    return source_of(hub, tmp_path)
