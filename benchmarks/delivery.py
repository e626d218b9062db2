"""Measures matching and sending: how many people, how many mails a second, how much memory.

    python -m benchmarks.delivery [--people 100000] [--mails 2000] [--form full]

As the service does it: with the journal, the stamp of the generation, and DKIM on every mail.
The sink is Debian's smtp-sink, which takes everything; nothing leaves the machine. Where the
database lies decides what a commit costs: ``TMPDIR=/dev/shm`` for one that costs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from shapely.geometry import box
from sqlalchemy import Engine, func, insert, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import alerts.store
from alerts.channels.email import Email, SmtpSettings
from alerts.courier import Courier, CourierPolicy
from alerts.formats.dkim import DkimKey
from alerts.formats.mail import MailSettings
from alerts.generation import Generations, generation_path_of
from alerts.intake import Intake, IntakePolicy
from alerts.journal import Journal, keep_journal
from alerts.letters import LetterWriter
from alerts.publisher import Judge, Publisher, PublisherPolicy
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from alerts.subscribers import person_row_of, profile_row_of, watchers
from alerts.subscription import (
    NOTHING_SENT,
    Person,
    PersonState,
    Profile,
    Send,
    SubscriptionPolicy,
    merged,
)
from alerts.tables import DELIVERIES, PERSONS, PROFILE_AREAS, PROFILES
from aoi.area import Aoi
from aoi.database import METADATA, open_database, reading, writing
from aoi.registry import AoiRegistry
from benchmarks.kill_worker import AREA, KEYS, STARTED, NoMaps, a_report
from monitor.store import MonitorStore
from tests.alerts.conftest import read_chip, some_chips

assert alerts.store  # importing it puts its tables on METADATA

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@contextmanager
def _database(people: int, form: str, *, chips: bool = False) -> Iterator[Engine]:
    """Give a database with so many people who watch the area, and one confirmed alert."""
    with tempfile.TemporaryDirectory(prefix="emberwatch-delivery-") as folder:
        engine = open_database(f"sqlite:///{folder}/emberwatch.db")
        METADATA.create_all(engine)
        keep_journal(engine, Journal(Path(folder) / "journal", KEYS))
        AoiRegistry(engine).add(Aoi(AREA, "Speed test", box(20, 10, 20.2, 10.2), 32634), STARTED)
        _subscribe(engine, people, form)
        report = a_report(0)
        if chips:
            (finding,) = report.findings
            report = replace(report, findings=(replace(finding, chips=some_chips()),))
        MonitorStore(engine).record(report, NOW)
        Intake(engine, MonitorStore(engine), AoiRegistry(engine), IntakePolicy()).absorb_new(NOW)
        (alert,) = AlertStore(engine).alerts()
        ReviewDesk(engine).confirm(alert.event_id, "analyst", NOW)
        yield engine
        engine.dispose()


def _subscribe(engine: Engine, people: int, form: str) -> None:
    person = Person("p", "email", "", PersonState.ACTIVE, clearance="partner-full", form=form)
    profile = Profile("p", "p", "All", STARTED - timedelta(days=900), aois=(AREA,))
    with writing(engine) as connection:
        persons, profiles, areas = [], [], []
        for n in range(people):
            one = replace(person, person_id=f"p{n}", address=f"r{n}@ngo.example")
            persons.append(person_row_of(one, NOW))
            profiles.append(
                profile_row_of(replace(profile, profile_id=f"p{n}-1", person_id=f"p{n}"))
            )
            areas.append({"profile_id": f"p{n}-1", "area_key": f"aoi:{AREA}"})
        connection.execute(insert(PERSONS), persons)
        connection.execute(insert(PROFILES), profiles)
        connection.execute(insert(PROFILE_AREAS), areas)


@contextmanager
def _sink() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with subprocess.Popen(
        ["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"]
    ) as sink:
        try:
            _wait_for(port)
            yield port
        finally:
            sink.terminate()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("smtp-sink did not start")


def _courier(engine: Engine, port: int, *, chips: bool = False) -> Courier:
    path = generation_path_of(engine, Path())
    assert path is not None  # the database is a file
    signer = DkimKey("alerts.example.org", "speed", rsa.generate_private_key(65537, 2048))
    settings = MailSettings(
        sender="alerts@alerts.example.org", base_url="https://watch.example.org", dkim=signer
    )
    channels = {"email": Email(SmtpSettings(port=port, security="none"))}
    writer = LetterWriter(HeavyMaps() if chips else NoMaps(), read_chip, KEYS, settings)
    generations = Generations(engine, path)
    return Courier(engine, channels, writer, KEYS, CourierPolicy(), generations=generations)


class HeavyMaps(NoMaps):
    """Draws as much as a mail may hold: noise that does not get smaller."""

    def alert_map(self, picture: object) -> str:
        return os.urandom(30_000).hex()

    def plate(self, picture: object) -> bytes:
        return os.urandom(170_000)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def matched(people: int) -> dict[str, float]:
    """Return how long it took to decide for so many people, and to publish to all of them."""
    with _database(people, "text") as engine:
        (alert,) = AlertStore(engine).alerts()
        began, busy = time.perf_counter(), time.process_time()
        judge = Judge(alert, NOW, SubscriptionPolicy())
        with reading(engine) as connection:
            wanted = sum(
                isinstance(merged([(one.name, judge.verdict(one, NOTHING_SENT))])[0], Send)
                for one in watchers(connection, alert)
            )
        decided_s, decided_cpu_s = time.perf_counter() - began, time.process_time() - busy
        began, busy = time.perf_counter(), time.process_time()
        count = Publisher(engine, KEYS, PublisherPolicy()).publish_released(NOW)
        published_s, published_cpu_s = time.perf_counter() - began, time.process_time() - busy
    assert count == wanted == people
    return {
        "people": people,
        "decided_s": round(decided_s, 2),
        "decided_cpu_s": round(decided_cpu_s, 2),
        "published_s": round(published_s, 2),
        "published_cpu_s": round(published_cpu_s, 2),
        "peak_mb": round(_megabytes()),
    }


def sent(mails: int, form: str, *, chips: bool = False) -> dict[str, float | str]:
    """Return how fast so many mails of one alert were rendered and accepted."""
    with _database(mails, form, chips=chips) as engine, _sink() as port:
        courier = _courier(engine, port, chips=chips)
        published = time.perf_counter()
        Publisher(engine, KEYS, PublisherPolicy()).publish_released(NOW)
        before, began, busy = _megabytes(), time.perf_counter(), time.process_time()
        tally = courier.deliver_due(NOW)
        ended, cpu_s = time.perf_counter(), time.process_time() - busy
        with reading(engine) as connection:
            (size,) = connection.execute(select(func.max(func.length(DELIVERIES.c.raw)))).one()
    assert tally.accepted == mails
    return {
        "mails": mails,
        "form": form,
        "kb_per_mail": round(size / 1_000),
        "seconds": round(ended - began, 2),
        "with_publishing_s": round(ended - published, 2),
        "mails_per_s": round(mails / (ended - began)),
        "cpu_ms_per_mail": round(1_000 * cpu_s / mails, 2),
        "memory_growth_mb": round(_megabytes() - before, 1),
    }


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--form", default="full")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    measured = {
        "load": os.getloadavg()[0],
        "at": datetime.now(UTC).isoformat(),
        "sent": sent(given.mails, given.form),
        "200_people": sent(200, given.form),
        "1000_large": sent(1_000, "full", chips=True),
        "matched": matched(given.people),
    }
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
