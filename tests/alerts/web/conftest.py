"""A whole site on a database in memory, and browsers that are signed in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from alerts.web.parts import Parts
from alerts.web.site import site
from tests.alerts.web.browsers import Browser, some_parts

Browse = Callable[..., Browser]


@pytest.fixture
def parts(db: Engine, tmp_path: Path) -> Parts:
    """What a site is made from."""
    return some_parts(db, tmp_path)


@pytest.fixture
def browse(parts: Parts) -> Iterator[Browse]:
    """Returns a browser of a person with a role; of nobody without one."""
    with ExitStack() as closed:

        def browser(role: str = "", **person: Any) -> Browser:
            client = TestClient(site(parts), base_url="http://127.0.0.1", follow_redirects=False)
            made = Browser(closed.enter_context(client), parts)
            if role:
                made.sign_in(role, **person)
            return made

        yield browser
