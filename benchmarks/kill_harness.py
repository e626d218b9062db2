"""Kills the service at random times, and counts in the mailboxes what arrived (ALERTS 4, G1 G2).

Every life is a process of its own, ended by SIGKILL at a random time after it
began to work; the last one may finish. Each finding must have reached each reader once.
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

from shapely.geometry import box
from sqlalchemy import Engine, func, select

import alerts.store
from alerts.subscribers import put_person, put_profile
from alerts.subscription import Person, PersonState, Profile
from alerts.tables import ALERTS, ATTEMPTS, DELIVERIES
from aoi.area import Aoi
from aoi.database import METADATA, open_database, reading, writing
from aoi.registry import AoiRegistry
from benchmarks.kill_worker import AREA, STARTED, Life, live
from monitor.tables import FINDINGS
from tests.alerts.postfix import Postfix, running_postfix

READERS = ("r1", "r2", "r3", "r4")

assert alerts.store  # importing it puts its tables on METADATA


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
        engine = _prepared(folder)
        life = Life(folder, port, str(postfix.archive), postfix.queue_command, asks_copies)
        began = time.monotonic()
        done = _kill_again_and_again(
            life, kills, random.Random(seed), postfix, kills_postfix, longest_s
        )
        _finish(life)
        _wait_for_mail(postfix, engine)
        count = _counted(engine, postfix, seed, done, asks_copies, time.monotonic() - began)
        engine.dispose()
    return count


def _prepared(folder: str) -> Engine:
    engine = open_database(f"sqlite:///{folder}/emberwatch.db")
    METADATA.create_all(engine)
    AoiRegistry(engine).add(Aoi(AREA, "Kill test", box(20, 10, 20.2, 10.2), 32634), STARTED)
    with writing(engine) as connection:
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
    return engine


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
    engine = open_database(f"sqlite:///{life.folder}/emberwatch.db")
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


def _counted(
    engine: Engine, postfix: Postfix, seed: int, kills: int, asks_copies: bool, seconds: float
) -> Count:  # fmt: skip
    copies = Counter(
        str(mail["Message-ID"]) for reader in READERS for mail in postfix.mails(reader)
    )
    with reading(engine) as connection:
        findings = connection.execute(select(func.count()).select_from(FINDINGS)).scalar_one()
        events = connection.execute(select(func.count()).select_from(ALERTS)).scalar_one()
        rows = connection.execute(select(DELIVERIES)).mappings().all()
        doubts = connection.execute(
            select(func.count()).select_from(ATTEMPTS)
            .where(ATTEMPTS.c.phase == "dot", ATTEMPTS.c.outcome != "accepted")
        ).scalar_one()  # fmt: skip
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
        lost=findings * len(READERS) - len(copies),
        duplicated=len(twice),
        most_copies=max(copies.values(), default=0),
        unflagged_duplicates=len(set(twice) - flagged),
        in_doubt=doubts,
        seconds=round(seconds, 1),
    )
