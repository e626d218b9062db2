"""Takes a picture of every page of the site, at a desk, zoomed and on a phone, to look at.

    emberwatch demo
    python -m tools.site_pictures --config demo-out/config.toml --out demo-out/pages

Opens Debian's Chromium on a site of its own. Signs in as `demo`, whom it makes if need be.
Prints what a page complained about, asked of other hosts, or let stick out of the window.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from alerts.web.site import routes
from monitor.app import build_service
from monitor.commands.call import utc_now
from monitor.commands.demo import let_in
from monitor.commands.site import parts_of, site_of
from monitor.config import load_config
from monitor.service import Service

SIZES = {"desk": (1280, 900), "phone": (390, 844), "zoomed": (640, 450)}
"""Of the window; a desk zoomed to 200 % has half of its pixels to show."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SKIPPED = ("/healthz", "/readyz", "/feed.atom", "/static/{name}", "/login", "/login/code")
FOR_PROGRAMS = ("/api", "/ogc", "/metrics")
COOKIE = "emberwatch"
PATIENCE_MS, SETTLE_MS = 120_000, 3_000

SEEN_TO_THE_END = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    window.scrollTo(0, y)
    await new Promise(done => setTimeout(done, 60))
  }
  window.scrollTo(0, 0)
}"""


def main() -> int:
    """Take the pictures; return 1 if a page complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--language", default="en")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    service = build_service(load_config(chosen.config), utc_now)
    let_in(service)
    token = parts_of(service, lambda: "").sessions.open("demo", service.now())
    with served(service) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        complaints = sum(
            pictured(browser, base, token, path, size, chosen.out, chosen.language)
            for path in paths(service)
            for size in SIZES
        )
        browser.close()
    service.close()
    return 1 if complaints else 0


def chromium() -> str | None:
    """Return Debian's Chromium; None leaves the choice to Playwright."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def paths(service: Service) -> list[str]:
    """Return the pages that need no more than an alert and an area to be opened."""
    alerts, areas = service.alerts.alerts(), service.registry.all()
    known = {
        "{event_id}": alerts[0].event_id if alerts else "",
        "{aoi_id}": areas[0].aoi_id if areas else "",
    }
    found = ["/?view=all"]
    for route in routes():
        path = route.path
        for name, value in known.items():
            path = path.replace(name, value) if value else path
        is_page = "GET" in (route.methods or ()) and "." not in path.rpartition("/")[2]
        for_people = route.path not in SKIPPED and not route.path.startswith(FOR_PROGRAMS)
        if is_page and "{" not in path and for_people:
            found.append(path)
    return found


def pictured(
    browser: Browser, base: str, token: str, path: str, size: str, out: Path, language: str
) -> int:
    """Take one picture; return how many faults the page had."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale=language)
    context.add_cookies([{"name": COOKIE, "value": token, "url": base}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: faults.append(r.url) if is_foreign(r.url, base) else None)
    page.goto(base + path, wait_until="load", timeout=PATIENCE_MS)
    # Maps are drawn when they are asked for, and pictures of looks as they come into view.
    page.evaluate(SEEN_TO_THE_END)
    page.wait_for_timeout(SETTLE_MS)
    wide = int(page.evaluate("document.documentElement.scrollWidth")) - width
    if wide > 0:
        faults.append(f"sticks out by {wide} px")
    name = "".join(c if c.isalnum() else "-" for c in path.strip("/")) or "queue"
    page.screenshot(path=out / f"{name}-{size}.png", full_page=True)
    context.close()
    print(f"{path} {size}: {'; '.join(faults) or 'ok'}", flush=True)
    return len(faults)


def is_foreign(url: str, base: str) -> bool:
    """Return True for a request to another host."""
    return not url.startswith((base, "data:", "blob:", "about:"))


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Serve the site while the pictures are taken; yield its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(site_of(service, lambda: ""), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


if __name__ == "__main__":
    sys.exit(main())
