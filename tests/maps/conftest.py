"""A real browser that notes everything a page asks for or complains about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from maps.alert_map import alert_map
from tests.maps.pictures import a_picture

DESK = (1280, 900)
PHONE = (390, 844)


@dataclass
class Visit:
    """One page, open in the browser."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """Addresses other than the file itself and ``data:``."""

    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and scripts that threw."""

    def evaluate(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def box(self, selector: str) -> dict[str, float]:
        found = self.page.locator(selector).first.bounding_box()
        assert found is not None, f"{selector} is not shown"
        return {side: found[side] for side in ("x", "y", "width", "height")}


Opener = Callable[..., Visit]


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Open HTML text in the browser, at the size of a desk or a phone."""
    pages = []

    def opened(
        html: str, size: tuple[int, int] = DESK, *, touch: bool = False, scripts: bool = True
    ) -> Visit:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=touch,
            java_script_enabled=scripts,
        )
        pages.append(context)
        seen = Visit(context.new_page())
        seen.page.on("request", lambda request: _note_request(seen, request.url, path))
        seen.page.on("console", lambda message: _note_message(seen, message.type, message.text))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.goto(path.as_uri(), wait_until="load")
        return seen

    yield opened
    for context in pages:
        context.close()


@pytest.fixture(scope="session")
def alert_page() -> str:
    """The map of a burned village with one of everything, drawn once."""
    return alert_map(a_picture())


def _note_request(seen: Visit, url: str, path: Path) -> None:
    if url != path.as_uri() and not url.startswith("data:"):
        seen.requests.append(url)


def _note_message(seen: Visit, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        seen.complaints.append(f"{kind}: {text}")
