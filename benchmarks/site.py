"""How long the site takes for its pages with many alerts (issue 6: p95 of 150 ms).

Fills a SQLite file with alerts of invented villages, starts the site in this process,
and asks for its pages as a signed-in analyst. Time is the server's: no browser, no network.

    python benchmarks/site.py [--alerts 100000] [--asked 60]
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx2
import numpy as np
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from alerts.alert import Alert, Review, Status
from alerts.grading import SEVERITIES
from alerts.place import place_of
from alerts.store import row_of
from alerts.tables import ALERT_EVENTS, ALERTS
from alerts.web.parts import Parts
from alerts.web.site import site
from aoi.database import METADATA, open_database, writing
from monitor.finding import FindingKind, Tier
from tests.alerts.web.browsers import add_person, some_parts
from tests.builders import a_finding, a_settlement, a_square, an_aoi

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)
AREAS = 5_000
BATCH = 5_000
LIMIT_MS = 150.0

KINDS = (FindingKind.BURN, FindingKind.CAMP_NEW, FindingKind.CAMP_GROWTH, FindingKind.HOTSPOTS)
STATES = (Status.FIRST, Status.PROVISIONAL, Status.CONFIRMED, Status.ENDED, Status.REJECTED)
TIERS = (Tier.A, Tier.B, Tier.C)


def main() -> int:
    """Print the times of each page; return 1 if one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=60, help="times that each page is asked for")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'site.sqlite'}")
        METADATA.create_all(database)
        started = time.perf_counter()
        fill(database, chosen.alerts)
        print(f"{chosen.alerts:,} alerts in {AREAS:,} areas, made in {since(started):.0f} s")
        parts = some_parts(database, Path(folder), now=lambda: NOW)
        slow = ask(parts, chosen.alerts, chosen.asked)
        crowd(parts, chosen.alerts)
        database.dispose()
    return 1 if slow else 0


def fill(database: Engine, count: int) -> None:
    """Keep `count` alerts; a third of them waits for a person."""
    chance = np.random.default_rng(7)
    for first in range(0, count, BATCH):
        rows = [
            row_of(an_alert(number, chance)) | {"told_revision": 1, "outside": False}
            for number in range(first, min(first + BATCH, count))
        ]
        events = [an_event(row, first + n) for n, row in enumerate(rows, start=1)]
        with writing(database) as connection:
            connection.execute(insert(ALERTS), rows)
            connection.execute(insert(ALERT_EVENTS), events)


def an_alert(number: int, chance: np.random.Generator) -> Alert:
    """Return one of many."""
    area = an_aoi(aoi_id=f"area-{number % AREAS:04d}")
    village = a_settlement(settlement_id=f"village-{number}", name=f"Village {number}")
    status = STATES[int(chance.integers(len(STATES)))]
    opened_at = NOW - timedelta(minutes=int(chance.integers(3 * 365 * 1_440)))
    told = a_finding(
        finding_id=f"{number:020d}",
        aoi_id=area.aoi_id,
        settlement_id=village.settlement_id,
        kind=KINDS[int(chance.integers(len(KINDS)))],
        tier=TIERS[int(chance.integers(len(TIERS)))],
        probability=float(chance.random()),
        geometry=a_square(300, east_m=float(chance.integers(-40_000, 40_000))),
    )
    waits = status in STATES[:3] and bool(chance.random() < 0.55)
    return Alert(
        event_id=f"fire-{number:013d}",
        ref=f"R{number:07d}",
        status=status,
        revision=1,
        place=replace(place_of(area, village), name=village.name),
        finding=told,
        finding_ids=(told.finding_id,),
        severity=SEVERITIES[int(chance.integers(len(SEVERITIES)))].value,
        opened_at=opened_at,
        changed_at=opened_at,
        review=Review.UNSET,
        needs_review=waits,
    )


def an_event(row: dict[str, object], number: int) -> dict[str, object]:
    """Return the event that opened an alert; its digests are not what is measured here."""
    return {
        "n": number, "event_id": row["event_id"], "revision": 1, "action": "open",
        "actor": "service", "at": row["opened_at"], "reason": "first", "note": "",
        "before": None, "after": "first", "prev_sha256": "0" * 64, "sha256": f"{number:064d}",
    }  # fmt: skip


def ask(parts: Parts, count: int, asked: int) -> list[str]:
    """Print how long each page takes; return those over the limit."""
    add_person(parts, "amina", "analyst")
    add_person(parts, "ben", "analyst", [f"area-{n:04d}" for n in range(40)])
    slow = []
    for name in ("amina", "ben"):
        with TestClient(site(parts), base_url="http://127.0.0.1") as client:
            client.cookies.set("emberwatch", parts.sessions.open(name, parts.now()))
            for page, address in pages(count).items():
                if name == "ben" and page.startswith("alert"):
                    continue
                if timed(f"{page}, {name}", client, address, asked):
                    slow.append(page)
    return slow


def crowd(parts: Parts, count: int, readers: int = 50, each: int = 6) -> None:
    """Let many people read at once, over a real server on this machine; print what failed."""
    token = parts.sessions.open("amina", parts.now())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(readers)
    server = uvicorn.Server(uvicorn.Config(site(parts), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def read(reader: int) -> list[int]:
        with httpx2.Client(base_url=base, cookies={"emberwatch": token}, timeout=60) as client:
            asked = [
                f"/alerts/fire-{(reader * each + n) * 7_919 % count:013d}" for n in range(each)
            ]
            return [client.get(path).status_code for path in (*asked, "/")]

    started = time.perf_counter()
    with ThreadPoolExecutor(readers) as pool:
        statuses = [status for found in pool.map(read, range(readers)) for status in found]
    took = since(started)
    failed = sum(status != 200 for status in statuses)
    print(f"{readers} readers at once: {len(statuses)} pages in {took:.1f} s, {failed} failed")
    server.should_exit = True
    thread.join()
    listener.close()


def pages(count: int) -> dict[str, Callable[[int], str]]:
    """Return addresses of pages by what they are; each is asked for in many variants."""
    last = count // 6 // 50
    return {
        "queue": lambda n: "/",
        "queue, deep": lambda n: f"/?at={1 + n * 37 % max(last, 1)}",
        "queue, one kind": lambda n: f"/?kind={KINDS[n % len(KINDS)]}",
        "queue, one area": lambda n: f"/?aoi=area-{n * 13 % 5_000:04d}",
        "queue, all": lambda n: "/?view=all",
        "queue, all, rejected": lambda n: "/?view=all&status=rejected",
        "alert": lambda n: f"/alerts/fire-{n * 7_919 % count:013d}",
        "alert by reference": lambda n: f"/alerts/R{n * 7_919 % count:07d}",
        "alert, explain": lambda n: f"/alerts/fire-{n * 7_919 % count:013d}/explain",
    }


def timed(what: str, client: TestClient, address: Callable[[int], str], asked: int) -> bool:
    """Print median and p95 of many calls; return True if the p95 is over the limit."""
    client.get(address(0))
    took = []
    for number in range(asked):
        started = time.perf_counter()
        answer = client.get(address(number))
        took.append(since(started) * 1_000)
        assert answer.status_code == 200, f"{what}: {answer.status_code}"
    median, p95 = np.quantile(took, (0.5, 0.95))
    verdict = "ok" if p95 <= LIMIT_MS else f"OVER {LIMIT_MS:.0f} ms"
    print(f"{what:32} median {median:6.1f} ms   p95 {p95:6.1f} ms   {verdict}", flush=True)
    return bool(p95 > LIMIT_MS)


def since(started: float) -> float:
    """Return the seconds since an instant of `time.perf_counter`."""
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
