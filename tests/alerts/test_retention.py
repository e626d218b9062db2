from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, update

from alerts.errors import FailureClass, MailboxUnavailable
from alerts.incidents import open_incidents
from alerts.journal import Journal, keep_journal
from alerts.maildirs import MaildirArchive
from alerts.outbox import DeliveryState
from alerts.retention import Forgotten, Retention, RetentionPolicy
from alerts.tables import DELIVERIES, GENERATIONS
from aoi.database import METADATA, open_database, writing
from tests.alerts.conftest import KEYS, House
from tests.alerts.test_courier import Unreliable, published
from tests.builders import NOW

DAY = timedelta(days=1)
POLICY = RetentionPolicy(30 * DAY, 7 * DAY, 2)
DOMAINS = ("alerts.example.org",)


def forget(house: House, days: float, archive: Path | None = None) -> Forgotten:
    kept = None if archive is None else MaildirArchive(archive)
    return Retention(house.engine, POLICY, kept, DOMAINS).forget(NOW + days * DAY)


def test_the_text_of_what_arrived_goes_and_who_was_sent_what_stays(house: House) -> None:
    published(house)
    house.deliver()
    (before,) = house.deliveries()

    early, late, again = (forget(house, days) for days in (29, 31, 32))

    (after,) = house.deliveries()
    assert (early.messages, late.messages, again.messages) == (0, 1, 0)
    assert before.raw is not None and after.raw is None
    kept = ("state", "number", "message_id", "raw_sha256", "dotted_at", "ended_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


@pytest.mark.parametrize(
    ("failure", "state"),
    [(FailureClass.POLICY, "failed_perm"), (FailureClass.AMBIGUOUS, "unknown")],
)
def test_what_may_be_tried_again_keeps_its_bytes(
    house: House, failure: FailureClass, state: str
) -> None:
    published(house, failure)
    house.deliver()

    assert forget(house, 400).messages == 0
    assert [(one.state, one.raw is not None) for one in house.deliveries()] == [(state, True)]


def test_a_retraction_still_reaches_whoever_had_the_text_that_went(house: House) -> None:
    channel = published(house)
    house.deliver()
    forget(house, 31)

    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=NOW + 32 * DAY)
    house.publish(NOW + 32 * DAY)
    house.deliver(NOW + 32 * DAY)

    assert len(channel.taken) == 2
    (retraction,) = house.deliveries(reason="retracted")
    assert retraction.state is DeliveryState.ACCEPTED
    assert f"In-Reply-To: {channel.taken[0].message_id}".encode() in channel.taken[1].raw


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Copies of 20 and of 2 days ago, and somebody else's mail of long ago."""
    folder = tmp_path / "archive"
    for name, domain, age in (("old", "alerts.example.org", 20), ("new", "alerts.example.org", 2),
                              ("theirs", "elsewhere.example", 90)):  # fmt: skip
        path = folder / "new" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"From: a\nMessage-ID: <{name}@{domain}>\n\ntext\n")
        at = (NOW - age * DAY).timestamp()
        os.utime(path, (at, at))
    return folder


def test_old_copies_go_and_mails_of_others_stay(house: House, archive: Path) -> None:
    done = forget(house, 0, archive)

    assert done.copies == 1
    assert sorted(path.name for path in (archive / "new").iterdir()) == ["new", "theirs"]


def test_copies_stay_while_a_message_is_in_doubt(house: House, archive: Path) -> None:
    published(house, FailureClass.AMBIGUOUS)
    house.deliver()

    done = forget(house, 0, archive)

    assert done.copies == 0
    assert any("in doubt" in what for what in done.kept)


def test_copies_stay_while_a_restored_backup_asks_for_them(house: House, archive: Path) -> None:
    with writing(house.engine) as connection:
        connection.execute(
            insert(GENERATIONS).values(
                n=1, number=2, stamp="s", state="open", journal="", at=NOW, wary_until=NOW + DAY
            )
        )

    early, late = forget(house, 0.5, archive), forget(house, 1.5, archive)

    assert (early.copies, late.copies) == (0, 1)
    assert any("restored" in what for what in early.kept)


def test_copies_that_cannot_be_deleted_are_an_incident(
    house: House, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)

    with pytest.raises(MailboxUnavailable, match="cannot be deleted"):
        forget(house, 0, archive)
    monkeypatch.undo()
    assert [one.cause for one in open_incidents(house.engine)] == ["retention"]
    forget(house, 1, archive)
    assert open_incidents(house.engine) == []


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[Engine, Path]]:
    """A database with a journal of the months from January to May 2024; it is May."""
    engine = open_database(f"sqlite:///{tmp_path}/emberwatch.db")
    METADATA.create_all(engine)
    folder = tmp_path / "journal"
    folder.mkdir()
    for month in range(1, 6):
        (folder / f"2024-{month:02d}.journal").write_bytes(b"\n")
    keep_journal(engine, Journal(folder, KEYS))
    yield engine, folder
    engine.dispose()


def test_old_months_of_the_journal_go(books: tuple[Engine, Path]) -> None:
    engine, folder = books

    done = Retention(engine, POLICY).forget(NOW)

    assert done.journal == ("2024-01.journal", "2024-02.journal")
    assert sorted(path.name for path in folder.iterdir())[0] == "2024-03.journal"
    assert "the journal from 2024-03 on: for backups since then" in done.kept


def test_what_the_database_itself_would_need_stays(books: tuple[Engine, Path]) -> None:
    engine, _ = books
    with writing(engine) as connection:
        connection.execute(
            insert(GENERATIONS).values(
                n=1, number=1, stamp="s", state="open", journal="2024-02.journal:1", at=NOW
            )
        )

    assert Retention(engine, POLICY).forget(NOW).journal == ("2024-01.journal",)


def test_the_last_month_is_never_deleted(books: tuple[Engine, Path]) -> None:
    engine, folder = books

    done = Retention(engine, POLICY).forget(NOW + 4000 * DAY)

    assert len(done.journal) == 4
    assert [path.name for path in folder.iterdir()] == ["2024-05.journal"]


def test_no_byte_of_a_text_that_went_is_left_in_the_file(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/emberwatch.db")
    METADATA.create_all(engine)
    house = House(engine, tmp_path / "spool", Unreliable())
    house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()
    canary = b"a canary of the text " * 2_000
    with writing(engine) as connection:
        connection.execute(update(DELIVERIES).values(raw=canary))

    forget(house, 31)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()

    found = [
        path.name for path in tmp_path.glob("emberwatch.db*") if b"a canary" in path.read_bytes()
    ]
    assert found == []


def test_nothing_goes_where_nothing_is_to(house: House, archive: Path) -> None:
    published(house)
    house.deliver()

    done = Retention(house.engine, RetentionPolicy(), MaildirArchive(archive), DOMAINS).forget(
        NOW + 4000 * DAY
    )

    assert (done.messages, done.copies, done.journal) == (0, 0, ())
