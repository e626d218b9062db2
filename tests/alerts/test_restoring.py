from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.channels.spool import Spool
from alerts.courier import Courier, CourierPolicy
from alerts.generation import Generations
from alerts.journal import Journal
from alerts.keys import Keyring
from alerts.ports import Parcel
from alerts.restoring import COPIES_KEPT, Restorer
from alerts.sent_copies import CopySettings, SentCopies
from aoi.database import METADATA, open_database
from tests.alerts.conftest import KEYS, SETTINGS, House
from tests.builders import NOW

HOUR = timedelta(hours=1)


class Copying:
    """A server that keeps a copy of what it takes, as the archive of Postfix does."""

    folds = False

    def __init__(self, archive: Path, spool: Path) -> None:
        self._archive, self._spool = archive, Spool(spool)
        (archive / "new").mkdir(parents=True)
        self.taken: list[str] = []

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        before_dot()
        self.keep(parcel.message_id)
        self.taken.append(parcel.message_id)
        return "250 ok"

    def keep(self, message_id: str) -> None:
        name = f"{len(list((self._archive / 'new').iterdir()))}"
        (self._archive / "new" / name).write_text(f"Message-ID: {message_id}\n\nx")

    def close(self) -> None:
        return None


class Case:
    """A house on a file that was put back, and the copies that its server kept."""

    def __init__(self, folder: Path, *, journal: bool = True) -> None:
        self.engine: Engine = open_database(f"sqlite:///{folder / 'house.sqlite'}")
        METADATA.create_all(self.engine)
        self.server = Copying(folder / "archive", folder / "spool")
        self.house = House(self.engine, folder / "spool", self.server)
        self.journal = Journal(folder / "journal", KEYS)
        if journal:
            self.journal.add("person", {"person_id": "nobody", "state": "paused"})
        self.generations = Generations(self.engine, folder / "house.sqlite.generation")
        self.restorer = Restorer(self.engine, self.generations, self.journal, copies_kept=True)
        settings = CopySettings(folder / "archive", "probe@house.example", ("true",))
        self.copies = SentCopies(settings, self.server, KEYS, SETTINGS.bounces)

    def deliver(self, now: datetime) -> None:
        Courier(
            self.engine, {"email": self.server}, self.house.writer, KEYS,
            CourierPolicy(settle=timedelta(0)), self.copies, self.generations,
        ).deliver_due(now)  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    yield made
    made.engine.dispose()


def test_what_the_servers_copies_have_is_not_sent_again(case: Case) -> None:
    case.house.subscribe("ann@ngo.example")
    case.house.subscribe("ben@ngo.example")
    case.house.confirmed()
    case.house.publish()
    ann, ben = case.house.deliveries()
    case.server.keep(case.house.writer.message_id_of(ann))

    case.restorer.restore(NOW + HOUR)
    for minutes in range(3):
        case.deliver(NOW + HOUR + timedelta(minutes=minutes))

    after = {one.delivery_id: one for one in case.house.deliveries()}
    assert after[ann.delivery_id].state == after[ben.delivery_id].state == "accepted"
    sent = [one for one in case.server.taken if not one.startswith("<probe-")]
    assert sent == [case.house.writer.message_id_of(ben)]
    assert case.house.alerts.alerts()[0].outside
    assert (after[ben.delivery_id].resends, after[ann.delivery_id].number) == (0, None)


def test_an_archive_that_proves_nothing_lets_nothing_leave(case: Case) -> None:
    case.house.subscribe("ann@ngo.example")
    case.house.confirmed()
    case.house.publish()
    case.server.send = lambda parcel, before_dot: "250 ok"  # type: ignore[method-assign]

    case.restorer.restore(NOW + HOUR)
    for minutes in range(3):
        case.deliver(NOW + HOUR + timedelta(minutes=minutes))

    assert [one.state for one in case.house.deliveries()] == ["unknown"]


def test_after_the_copies_are_gone_what_is_new_is_sent_at_once(case: Case) -> None:
    case.restorer.restore(NOW)
    later = NOW + COPIES_KEPT + HOUR
    case.house.subscribe("ann@ngo.example")
    case.house.confirmed()
    case.house.publish(later)

    case.deliver(later)

    assert [one.state for one in case.house.deliveries()] == ["accepted"]


def test_a_backup_that_is_older_than_the_copies_is_held(case: Case) -> None:
    case.house.subscribe("ann@ngo.example")
    case.house.confirmed()
    case.house.publish()

    done = case.restorer.restore(NOW + HOUR, made_at=NOW - COPIES_KEPT)
    case.deliver(NOW + HOUR)

    assert (done.held, done.asked) == (1, 0)
    assert [(one.state, one.hold_reason) for one in case.house.deliveries()] == [
        ("held", "restored")
    ]
    assert case.restorer.release(NOW + HOUR) == 1
    case.deliver(NOW + HOUR)
    assert [one.state for one in case.house.deliveries()] == ["accepted"]


def test_a_journal_of_another_house_is_none(tmp_path: Path) -> None:
    case = Case(tmp_path, journal=False)
    Journal(tmp_path / "journal", Keyring(b"another key, long enough")).add("person", {})

    done = case.restorer.restore(NOW)

    assert done.retold is None
    assert case.generations.wants_nothing_sent(NOW)
    case.engine.dispose()
