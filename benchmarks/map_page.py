"""How large the map of an alert is, and how soon Chromium lets a person use it.

Runs the demo unless it is given one, serves its site, and opens the map of an alert as a
signed-in analyst in Debian's Chromium: again and again, each time with nothing cached.
*Interactive* is when the map has its layers and the page has gone quiet: 50 ms without work.

    python benchmarks/map_page.py [--config demo-out/config.toml] [--asked 10]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from monitor.app import build_service
from monitor.commands.call import utc_now
from monitor.commands.demo import let_in
from monitor.commands.site import parts_of
from monitor.config import load_config
from tools.site_pictures import FLAGS, SIZES, chromium, served

MOST_BYTES = 1_500_000
MOST_MS = 1_000.0

READY = """() => new Promise(done => {
  const settled = () => {
    if (!document.querySelector(".leaflet-container .leaflet-interactive, .leaflet-image-layer"))
      return setTimeout(settled, 5)
    const asked = performance.now()
    // Answered late while a script still runs: then ask again.
    setTimeout(() => performance.now() - asked > 70 ? settled() : done(asked), 50)
  }
  settled()
})"""


def main() -> int:
    """Print size and times; return 1 if either is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, help="of a demo that was run before")
    parser.add_argument("--asked", type=int, default=10, help="times that the map is opened")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        over = measured(chosen.config or demo_in(Path(folder)), chosen.asked)
    return 1 if over else 0


def demo_in(folder: Path) -> Path:
    """Run the demo; return its settings."""
    program = Path(sys.executable).parent / "emberwatch"
    out = folder / "demo-out"
    subprocess.run([program, "demo", "--out", out], cwd=ROOT, check=True, capture_output=True)
    return out / "config.toml"


def measured(config: Path, asked: int) -> bool:
    """Open the map on each kind of screen; return True if it is too large or slow on one."""
    service = build_service(load_config(config), utc_now)
    let_in(service)
    token = parts_of(service, lambda: "").sessions.open("demo", service.now())
    path = f"/alerts/{service.alerts.alerts()[0].event_id}/map"
    with served(service) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        over = [opened(browser, base, path, token, what, asked) for what in SIZES]
        browser.close()
    service.close()
    return any(over)


def opened(browser: Browser, base: str, path: str, token: str, what: str, asked: int) -> bool:
    """Print how the map opens on one kind of screen; return True if it is too large or slow."""
    width, height = SIZES[what]
    took, worked, weight = [], [], 0
    for number in range(asked + 1):
        context = browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([{"name": "emberwatch", "value": token, "url": base}])
        page = context.new_page()
        meter = context.new_cdp_session(page)
        # Seconds of the processor: other work on the machine does not count.
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        started = time.perf_counter()
        answer = page.goto(base + path, wait_until="commit")
        assert answer is not None
        assert answer.status == 200
        ready = float(page.evaluate(READY))
        metrics = {
            one["name"]: one["value"] for one in meter.send("Performance.getMetrics")["metrics"]
        }
        weight = len(answer.body())
        if number:
            took.append(ready)
            worked.append(metrics["TaskDuration"] * 1_000)
        else:
            print(f"{what}: the first time {time.perf_counter() - started:.1f} s")
        context.close()
    over = weight > MOST_BYTES or float(np.median(took)) > MOST_MS
    print(
        f"{what}: {weight / 1e6:.2f} MB; interactive after {np.median(took):.0f} ms by the clock"
        f" (p95 {np.quantile(took, 0.95):.0f}), {np.median(worked):.0f} ms of the processor"
        f"   {'OVER' if over else 'ok'}",
        flush=True,
    )
    return over


if __name__ == "__main__":
    sys.exit(main())
