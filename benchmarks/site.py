"""How long the site takes for its pages with many alerts (aim: p95 of 150 ms).

Fills a SQLite file with alerts of invented villages, starts the site in this process,
and asks for its pages as a signed-in analyst. Time is the server's: no browser, no network;
of the processor, so that other work of the machine does not count, and by the clock beside it.

    python benchmarks/site.py [--alerts 100000] [--asked 60]

Every page that people and programs read is asked for: by an analyst of all areas, by one of
40 areas, those of admins by an admin, and at last all of them by 50 readers at once, over a real
server. Files of everything for a spreadsheet (`aois.csv`, `coverage.csv`) are not among them.
"""

from __future__ import annotations

import argparse
import gc
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
from shapely.geometry import box
from sqlalchemy import Engine, insert

from alerts.alert import Alert, Review, Status
from alerts.grading import SEVERITIES
from alerts.place import place_of
from alerts.store import row_of
from alerts.tables import ALERT_EVENTS, ALERTS
from alerts.web.parts import Parts
from alerts.web.site import site
from aoi.area import Aoi
from aoi.database import METADATA, open_database, writing
from aoi.grid import utm_epsg
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from aoi.tables import SETTLEMENTS, row_of_settlement
from monitor.archive import save_chip
from monitor.area_job import ScoredReading
from monitor.commands.serve import KEEP_ALIVE_S
from monitor.finding import FindingKind, Tier
from monitor.reading import Reading, Verdict
from monitor.rows import reading_row
from monitor.tables import COVERAGE_DAYS, READINGS
from tests.alerts.conftest import some_chips
from tests.alerts.web.browsers import add_person, some_parts
from tests.alerts.web.pages.test_alert import archive_looks
from tests.builders import a_finding, a_settlement, an_aoi, an_observation

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)
AREAS = 5_000
BATCH = 5_000
LOOKS_OF_SEEN = 150
LIMIT_MS = 150.0
ITEMS = "/ogc/collections/alerts/items"

KINDS = (FindingKind.BURN, FindingKind.CAMP_NEW, FindingKind.CAMP_GROWTH, FindingKind.HOTSPOTS)
STATES = (Status.FIRST, Status.PROVISIONAL, Status.CONFIRMED, Status.ENDED, Status.REJECTED)
TIERS = (Tier.A, Tier.B, Tier.C)


def main() -> int:
    """Print the times of each page; return 1 if one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=60, help="times that each page is asked for")
    parser.add_argument("--keep", type=Path, help="folder of the database, for another run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.keep or Path(made)
        file = folder / "site.sqlite"
        fresh = not file.exists()
        database = open_database(f"sqlite:///{file}")
        if fresh:
            METADATA.create_all(database)
            started = time.perf_counter()
            fill_areas(database)
            fill(database, chosen.alerts)
            fill_seen(database, folder)
            print(f"{chosen.alerts:,} alerts in {AREAS:,} areas, made in {since(started):.0f} s")
        parts = some_parts(database, folder, now=lambda: NOW)
        if fresh:
            add_person(parts, "amina", "analyst")
            add_person(parts, "olga", "admin")
            add_person(parts, "ben", "analyst", [f"area-{n:04d}" for n in range(40)])
        # As `emberwatch serve` does before it answers.
        gc.collect()
        gc.freeze()
        slow = ask(parts, chosen.alerts, chosen.asked)
        failed = crowd(parts, chosen.alerts)
        database.dispose()
    return 1 if slow or failed else 0


def fill_areas(database: Engine) -> None:
    """Keep `AREAS` areas side by side, a village in each, and a month of their ledger."""
    registry = AoiRegistry(database)
    corners = [corner_of(n) for n in range(AREAS)]
    areas = [
        Aoi(
            f"area-{n:04d}", f"Area {n}", box(x, y, x + 0.2, y + 0.2),
            epsg=utm_epsg(x + 0.1, y + 0.1),
        )
        for n, (x, y) in enumerate(corners)
    ]  # fmt: skip
    registry.add_all(areas, NOW, "benchmark")
    states = ("seen", "cloudy", "no_acquisition")
    rows = [
        {"aoi_id": area.aoi_id, "day": (NOW - timedelta(days=day)).date(),
         "state": states[(n + day) % 3], "clear_fraction": 0.5, "reason": "half of it was clear"}
        for n, area in enumerate(areas) for day in range(30)
    ]  # fmt: skip
    villages = [
        row_of_settlement(
            a_settlement(settlement_id=f"village-{n}", aoi_id=f"area-{n:04d}",
                         footprint=box(x + 0.1, y + 0.1, x + 0.104, y + 0.104))
        ) | {"added_at": NOW}
        for n, (x, y) in enumerate(corners)
    ]  # fmt: skip
    with writing(database) as connection:
        connection.execute(insert(COVERAGE_DAYS), rows)
        connection.execute(insert(SETTLEMENTS), villages)


def fill_seen(database: Engine, folder: Path) -> None:
    """Keep one alert as after two years of watching: `LOOKS_OF_SEEN` looks, a reading of each."""
    parts = some_parts(database, folder, now=lambda: NOW)
    parts.registry.add(an_aoi(), NOW)
    parts.registry.add_settlements("sd-test", [a_settlement()], NOW)
    for role in ("before", "after"):
        save_chip(an_observation(), folder / f"chips/{role}.tif")
    ages = [2 + 5 * n for n in range(LOOKS_OF_SEEN)]
    archive_looks(parts, *ages)
    looks = parts.store.looks("sd-test")
    village = a_settlement().settlement_id
    readings = [
        reading_row(ScoredReading(
            Reading(village, look.look_id, "sd-test", look.track, look.acquired_at, look.known_at,
                    "burn/2", "series", Verdict.QUIET, "as usual", 0.5, 0.0, 0.0,
                    {"settlement_clear": 0.9}), np.empty(0, np.int32)))
        for look in looks
    ]  # fmt: skip
    told = an_alert(0, np.random.default_rng(1))
    finding = a_finding(chips=some_chips())
    seen = replace(
        told, event_id="fire-seen", ref="SEEN", place=place_of(an_aoi(), a_settlement()),
        finding=finding, finding_ids=(finding.finding_id,), needs_review=True,
    )  # fmt: skip
    row = row_of(seen) | {"told_revision": 1, "outside": False}
    with writing(database) as connection:
        connection.execute(insert(READINGS), readings)
        connection.execute(insert(ALERTS), [row])


def corner_of(area: int) -> tuple[float, float]:
    """Return where an area begins in the south-west: half a degree apart, over half of Africa."""
    return 10 + area % 70 / 2, -18 + area // 70 / 2


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
    west, south = corner_of(number % AREAS)
    x, y = west + 0.18 * float(chance.random()), south + 0.18 * float(chance.random())
    status = STATES[int(chance.integers(len(STATES)))]
    opened_at = NOW - timedelta(minutes=int(chance.integers(3 * 365 * 1_440)))
    told = a_finding(
        finding_id=f"{number:020d}",
        aoi_id=area.aoi_id,
        settlement_id=village.settlement_id,
        kind=KINDS[int(chance.integers(len(KINDS)))],
        tier=TIERS[int(chance.integers(len(TIERS)))],
        probability=float(chance.random()),
        geometry=box(x, y, x + 0.003, y + 0.003),
        happened=Interval(opened_at - timedelta(days=5), opened_at - timedelta(hours=6)),
        first_seen=opened_at - timedelta(hours=6),
        last_seen=opened_at - timedelta(hours=6),
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
    slow = []
    of_ben = {name: page for name, page in pages(count).items() if not name.startswith("alert")}
    for name, read in (("amina", pages(count)), ("ben", of_ben), ("olga", admin_pages())):
        with TestClient(site(parts), base_url="http://127.0.0.1") as client:
            client.cookies.set("emberwatch", parts.sessions.open(name, parts.now()))
            for page, address in read.items():
                if timed(f"{page}, {name}", client, address, asked):
                    slow.append(page)
    return slow


def crowd(parts: Parts, count: int, readers: int = 50) -> int:
    """Let many people read every page at once, over a real server; return how many failed."""
    token = parts.sessions.open("olga", parts.now())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(readers)
    server = uvicorn.Server(
        uvicorn.Config(
            site(parts), log_config=None, access_log=False, lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_S,
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"

    waits: list[float] = []

    def read(reader: int) -> list[int]:
        with httpx2.Client(base_url=base, cookies={"emberwatch": token}, timeout=60) as client:
            everything = {**pages(count), **admin_pages()}
            asked = [address(reader) for address in everything.values()]
            # Nobody asks for the same page at the same moment.
            turned = asked[reader % len(asked) :] + asked[: reader % len(asked)]
            statuses = []
            for path in turned:
                begun = time.perf_counter()
                try:
                    statuses.append(client.get(path).status_code)
                except httpx2.TransportError as error:
                    print(f"{path}: {error}")
                    statuses.append(0)
                waits.append(since(begun))
            return statuses

    started, busy = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(readers) as pool:
        statuses = [status for found in pool.map(read, range(readers)) for status in found]
    took, worked = since(started), time.process_time() - busy
    failed = sum(status != 200 for status in statuses)
    print(
        f"{readers} readers at once: {len(statuses)} pages in {took:.1f} s "
        f"({worked:.1f} s of the processor, readers included), {failed} failed; "
        f"a reader waited {np.median(waits):.1f} s in the median, {max(waits):.1f} s at most"
    )
    server.should_exit = True
    thread.join()
    listener.close()
    return failed


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
        "alert of 150 looks": lambda n: "/alerts/SEEN",
        "alert, one look": lambda n: f"/alerts/SEEN/looks/look-{2 + 5 * (n % LOOKS_OF_SEEN)}.png",
        "alert, curve of two years": lambda n: "/alerts/SEEN/series.svg",
        "alert, map drawn before": lambda n: "/alerts/SEEN/map",
        "alert by reference": lambda n: f"/alerts/R{n * 7_919 % count:07d}",
        "alert, explain": lambda n: f"/alerts/fire-{n * 7_919 % count:013d}/explain",
        "alert, mend": lambda n: f"/alerts/fire-{n * 7_919 % count:013d}/mend",
        "areas": lambda n: "/aois",
        "areas, deep": lambda n: f"/aois?at={1 + n % 90}",
        "areas, found by name": lambda n: f"/aois?find=area+{n * 13 % AREAS}",
        "area": lambda n: f"/aois/area-{n * 13 % 40:04d}",
        "coverage": lambda n: f"/coverage?at={1 + n % 90}",
        "report of an area": lambda n: f"/aois/area-{n * 13 % 40:04d}/report",
        "report of all areas": lambda n: f"/report?last=2024-0{1 + n % 5}-15",
        "overview map": lambda n: "/map/view",
        "account": lambda n: "/account",
        "second factor": lambda n: "/account/second-factor",
        "API, alerts": lambda n: f"/api/alerts?offset={n * 100}",
        "API, areas": lambda n: f"/api/areas?offset={n * 100 % AREAS}",
        "API, one area": lambda n: f"/api/areas/area-{n * 13 % 40:04d}",
        "OGC, alerts in a box": lambda n: (
            f"/ogc/collections/alerts/items?bbox={10 + n % 30},11,{n % 30 + 12},13"
        ),
        "OGC, alerts of a month": lambda n: (
            f"{ITEMS}?datetime=2023-0{1 + n % 8}-01/2023-0{2 + n % 8}-01"
        ),
        "OGC, areas in a box": lambda n: (
            f"/ogc/collections/aois/items?bbox={10 + n % 30},11,{n % 30 + 12},13"
        ),
        "OGC, settlements": lambda n: f"/ogc/collections/settlements/items?offset={n * 10}",
        "OGC, settlements in a box": lambda n: (
            f"/ogc/collections/settlements/items?bbox={10 + n % 30},11,{n % 30 + 12},13"
        ),
    }


def admin_pages() -> dict[str, Callable[[int], str]]:
    """Return addresses of the pages that operators and admins alone read."""
    return {
        "new area": lambda n: "/aois/new",
        "subscribers": lambda n: "/subscribers",
        "people": lambda n: "/people",
        "keys": lambda n: "/keys",
    }


def timed(what: str, client: TestClient, address: Callable[[int], str], asked: int) -> bool:
    """Print median and p95 of many calls; return True if the processor was busy for too long."""
    client.get(address(0))
    took, worked = [], []
    for number in range(asked):
        started, busy = time.perf_counter(), time.process_time()
        answer = client.get(address(number))
        worked.append((time.process_time() - busy) * 1_000)
        took.append(since(started) * 1_000)
        assert answer.status_code == 200, f"{what}: {answer.status_code}"
    median, p95 = np.quantile(worked, (0.5, 0.95))
    waited = np.quantile(took, 0.95)
    verdict = "ok" if p95 <= LIMIT_MS else f"OVER {LIMIT_MS:.0f} ms"
    print(
        f"{what:28} processor: median {median:5.1f} ms, p95 {p95:5.1f} ms;"
        f" by the clock: p95 {waited:6.1f} ms   {verdict}",
        flush=True,
    )
    return bool(p95 > LIMIT_MS)


def since(started: float) -> float:
    """Return the seconds since an instant of `time.perf_counter`."""
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
