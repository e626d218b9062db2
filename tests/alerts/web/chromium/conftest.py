"""A site on a server of its own, and people who open it in a real browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from alerts.web.parts import Parts
from alerts.web.site import site
from aoi.database import METADATA, open_database
from tests.alerts.web.browsers import PASSWORD

PATIENCE_MS = 60_000
DESK, PHONE = (1280, 900), (390, 844)


@dataclass
class Visit:
    """A person at a browser, and everything that it asked for or complained about."""

    page: Page
    base: str
    strangers: list[str] = field(default_factory=list)
    """Requests to other hosts."""

    complaints: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def sign_in(self, name: str) -> None:
        """Sign in with the keyboard; the field of the name has the focus."""
        self.give_password(name)
        self.page.wait_for_url(f"{self.base}/", timeout=PATIENCE_MS)

    def give_password(self, name: str) -> None:
        """Send the form of the sign-in."""
        self.page.goto(f"{self.base}/login")
        self.page.wait_for_function("document.activeElement.id === 'name'")
        self.type(name)
        self.press("Tab")
        assert self.page.input_value("#name") == name
        self.type(PASSWORD)
        self.press("Enter")

    def too_wide(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


Visitor = Callable[..., Visit]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Engine]:
    """A file, since the server answers from many threads."""
    engine = open_database(f"sqlite:///{tmp_path / 'site.sqlite'}")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def served(parts: Parts) -> Iterator[str]:
    """The address of a server that ends with the test."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # From here on a browser waits instead of being refused.
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(site(parts), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def visit(chromium: Browser, served: str) -> Iterator[Visitor]:
    contexts = []

    def opened(size: tuple[int, int] = DESK, *, scripts: bool = True) -> Visit:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="en",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        seen = Visit(context.new_page(), served)
        seen.page.on("request", lambda request: _note(seen, request.url))
        seen.page.on(
            "console",
            lambda message: (
                seen.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        return seen

    yield opened
    for context in contexts:
        context.close()


def _note(seen: Visit, url: str) -> None:
    if not url.startswith((seen.base, "data:", "blob:", "about:")):
        seen.strangers.append(url)
