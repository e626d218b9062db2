"""Kills the service at random times, and counts in the mailboxes what arrived (ALERTS 4, G1 G2).

Every life is a process of its own, ended by SIGKILL at a random time after it
began to work; the last one may finish. Each finding must have reached each reader once.
It is the service as it is set up by a config.toml: with the journal, the stamp of the
generation beside the database, and DKIM.
"""

from __future__ import annotations

import multiprocessing
import random
import socket
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from shapely.geometry import box
from sqlalchemy import Engine, func, select

from alerts.generation import Generations, generation_path_of
from alerts.journal import Journal, Position
from alerts.keys import Keyring
from alerts.notes import NOTE
from alerts.subscribers import put_person, put_profile
from alerts.subscription import Person, PersonState, Profile
from alerts.tables import ALERTS, ATTEMPTS, DELIVERIES
from aoi.area import Aoi
from aoi.database import open_database, reading, writing
from benchmarks.kill_worker import AREA, STARTED, Life, built, live
from monitor.master_key import master_key
from monitor.tables import FINDINGS
from tests.alerts.postfix import Postfix, running_postfix

READERS = ("r1", "r2", "r3", "r4")

SETTINGS = """
[service]
data_folder = "data"
base_url = "https://watch.example.org"

[alerts]
group_wait = "0s"
group_interval = "0s"

[email]
channel = "smtp"
security = "none"
port = {port}
timeout_s = 20
final_timeout_s = 60
sender = "alerts@alerts.example.org"
dkim_domain = "alerts.example.org"
dkim_key_file = "dkim.pem"
{copies}
"""

COPIES = """
sent_copies = "{archive}"
probe_address = "probe@sent.test"
queue_command = [{queue}]
"""


@dataclass(frozen=True, slots=True)
class Count:
    """What came of one run of the harness."""

    seed: int
    asks_copies: bool
    kills: int
    findings: int
    alerts: int
    deliveries: int
    arrived: int
    lost: int
    duplicated: int
    most_copies: int
    unflagged_duplicates: int
    in_doubt: int
    """Deliveries that were killed between dot and commit, or cut off there."""

    not_in_journal: int
    """Deliveries that left, of which a restored backup would know nothing."""

    taken_for_old: bool
    """True if the database does not bear the stamp beside it: then nothing would be sent."""

    seconds: float


def run(
    kills: int, seed: int, *, asks_copies: bool, kills_postfix: bool = False, longest_s: float = 0.5
) -> Count:
    """Run the harness, and return what arrived."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(prefix="emberwatch-kills-") as folder,
        running_postfix(Path(folder) / "postfix", port, READERS) as postfix,
    ):
        home = Path(folder)
        _set_up(home, postfix, asks_copies=asks_copies)
        life = Life(folder)
        began = time.monotonic()
        done = _kill_again_and_again(
            life, kills, random.Random(seed), postfix, kills_postfix, longest_s
        )
        _finish(life)
        engine = open_database(_database(home))
        _wait_for_mail(postfix, engine)
        count = _counted(engine, home, postfix, seed, done, asks_copies, time.monotonic() - began)
        engine.dispose()
    return count


def _database(home: Path) -> str:
    return f"sqlite:///{home}/data/emberwatch.sqlite"


def _set_up(home: Path, postfix: Postfix, *, asks_copies: bool) -> None:
    """Write the settings of a service, and give it an area with four readers."""
    queue = ", ".join(f'"{word}"' for word in postfix.queue_command)
    copies = COPIES.format(archive=postfix.archive, queue=queue) if asks_copies else ""
    (home / "config.toml").write_text(SETTINGS.format(port=postfix.port, copies=copies))
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "dkim.pem").write_bytes(pem)
    (home / "dkim.pem").chmod(0o600)
    service = built(home)
    service.registry.add(Aoi(AREA, "Kill test", box(20, 10, 20.2, 10.2), 32634), STARTED)
    with writing(service.database) as connection:
        for reader in READERS:
            person = Person(
                f"p-{reader}", "email", f"{reader}@ngo.test", PersonState.ACTIVE,
                clearance="partner-full", form="text",
            )  # fmt: skip
            put_person(connection, person, STARTED)
            began = STARTED - timedelta(days=900)
            put_profile(
                connection,
                Profile(f"{reader}-1", person.person_id, "All", began, aois=(AREA,)),
            )
    service.close()


def _context() -> multiprocessing.context.ForkServerContext:
    # A child that starts in milliseconds from a server that holds no lock and no connection.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.kill_harness"])
    return context


def _started(life: Life) -> multiprocessing.process.BaseProcess:
    """Start a life, and return once it is at work: killing its imports proves nothing."""
    context = _context()
    listening, began = context.Pipe(duplex=False)
    process = context.Process(target=live, args=(life, began))
    process.start()
    began.close()
    listening.recv()
    listening.close()
    return process


def _kill_again_and_again(
    life: Life, kills: int, chance: random.Random, postfix: Postfix, kills_postfix: bool,
    longest_s: float,
) -> int:  # fmt: skip
    done = 0
    while done < kills:
        process = _started(life)
        process.join(chance.random() * longest_s)
        if process.is_alive():
            process.kill()
            done += 1
        process.join()
        if process.exitcode not in (-9, 0):
            raise SystemExit(f"the service died by itself: exit {process.exitcode}")
        if kills_postfix and chance.random() < 0.05:
            postfix.kill()
            time.sleep(0.2)
            postfix.start()
    return done


def _finish(life: Life) -> None:
    (Path(life.folder) / "stop").touch()
    process = _started(life)
    process.join(900)
    if process.exitcode != 0:
        process.kill()
        process.join()
        raise SystemExit(f"the last life did not finish: {_states(life)}")


def _states(life: Life) -> list[tuple[str, str, int]]:
    engine = open_database(_database(Path(life.folder)))
    query = select(DELIVERIES.c.state, DELIVERIES.c.last_error, func.count())
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(DELIVERIES.c.state, DELIVERIES.c.last_error))
        states = [(row[0], row[1], row[2]) for row in rows]
    engine.dispose()
    return states


def _wait_for_mail(postfix: Postfix, engine: Engine) -> None:
    with reading(engine) as connection:
        wanted = connection.execute(
            select(func.count()).select_from(DELIVERIES).where(DELIVERIES.c.state == "accepted")
        ).scalar_one()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if sum(len(postfix.files(reader)) for reader in READERS) >= wanted:
            break
        time.sleep(0.2)
    time.sleep(2)


def _second_book(engine: Engine, home: Path) -> tuple[set[str], bool]:
    """Return which deliveries the journal knows to have left, and if the stamp is an old one."""
    path = generation_path_of(engine, home)
    assert path is not None  # the database is a file
    journal = Journal(home / "data/journal", Keyring(master_key(home / "data")))
    lines = journal.since(Position("", 0))
    left = {str(line.facts["delivery_id"]) for line in lines if line.what == "dot"}
    return left, Generations(engine, path).is_put_back()


def _counted(
    engine: Engine, home: Path, postfix: Postfix, seed: int, kills: int, asks_copies: bool,
    seconds: float,
) -> Count:  # fmt: skip
    mails = [mail for reader in READERS for mail in postfix.mails(reader)]
    copies = Counter(str(mail["Message-ID"]) for mail in mails)
    told = {str(mail["Message-ID"]) for mail in mails if mail["X-Alert-Ref"]}
    with reading(engine) as connection:
        findings = connection.execute(select(func.count()).select_from(FINDINGS)).scalar_one()
        events = connection.execute(select(func.count()).select_from(ALERTS)).scalar_one()
        rows = connection.execute(select(DELIVERIES)).mappings().all()
        doubts = connection.execute(
            select(func.count()).select_from(ATTEMPTS)
            .where(ATTEMPTS.c.phase == "dot", ATTEMPTS.c.outcome != "accepted")
        ).scalar_one()  # fmt: skip
    noted, taken_for_old = _second_book(engine, home)
    left = {row["delivery_id"] for row in rows if row["dotted_at"] is not None}
    # Each of these readers is sent every alert, and now and then a digest of their areas.
    notes = {
        row["message_id"] for row in rows if row["kind"] == NOTE and row["state"] != "cancelled"
    }
    flagged = {row["message_id"] for row in rows if row["possible_duplicate"]}
    twice = {message_id: n for message_id, n in copies.items() if n > 1}
    return Count(
        seed=seed,
        asks_copies=asks_copies,
        kills=kills,
        findings=findings,
        alerts=events,
        deliveries=len(rows),
        arrived=len(copies),
        lost=findings * len(READERS) - len(told) + len(notes - set(copies)),
        duplicated=len(twice),
        most_copies=max(copies.values(), default=0),
        unflagged_duplicates=len(set(twice) - flagged),
        in_doubt=doubts,
        not_in_journal=len(left - noted),
        taken_for_old=taken_for_old,
        seconds=round(seconds, 1),
    )
