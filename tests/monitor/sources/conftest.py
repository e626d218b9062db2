"""What these tests share."""

from __future__ import annotations

import pytest

from monitor.sources import stac, stac_pages


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget catalogues: a port of a server that ended may serve another one a test later."""
    stac_pages._LANDING.clear()
    stac._LAST.clear()
