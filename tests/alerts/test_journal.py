from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.errors import JournalUnusable
from alerts.journal import Journal, Line, Position, journal_of, keep_journal, noted
from alerts.keys import Keyring
from aoi.database import writing
from tests.alerts.conftest import KEYS
from tests.builders import NOW

START = Position("", 0)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", KEYS)


def the_file(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "journal").iterdir()
    return path


def test_what_is_written_is_read_in_its_order(journal: Journal) -> None:
    journal.add("person", {"person_id": "p1", "state": "paused"})
    journal.add("taken", {"delivery_id": "d1", "at": NOW})

    assert list(journal.since(START)) == [
        Line("person", {"person_id": "p1", "state": "paused"}),
        Line("taken", {"delivery_id": "d1", "at": NOW.isoformat()}),
    ]


def test_only_what_came_after_a_position_is_told(journal: Journal) -> None:
    journal.add("person", {"person_id": "p1"})
    position = Position.from_text(str(journal.position()))
    journal.add("person", {"person_id": "p2"})
    journal.sync()

    assert [line.facts["person_id"] for line in journal.since(position)] == ["p2"]


def test_nobody_reads_it_without_the_key(journal: Journal, tmp_path: Path) -> None:
    journal.add("alert", {"place": "Shagra"})

    assert b"Shagra" not in the_file(tmp_path).read_bytes()
    assert the_file(tmp_path).stat().st_mode & 0o077 == 0
    with pytest.raises(JournalUnusable, match="another key"):
        list(Journal(tmp_path / "journal", Keyring(b"the key of another house")).since(START))


def test_an_altered_line_is_noticed(journal: Journal, tmp_path: Path) -> None:
    journal.add("person", {"person_id": "p1"})
    text = bytearray(the_file(tmp_path).read_bytes())
    text[20] ^= 1
    the_file(tmp_path).write_bytes(bytes(text))

    with pytest.raises(JournalUnusable, match="altered"):
        list(journal.since(START))


def test_half_a_line_harms_only_itself(journal: Journal, tmp_path: Path) -> None:
    journal.add("person", {"person_id": "p1"})
    journal.add("person", {"person_id": "p2"})
    path = the_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    journal.add("person", {"person_id": "p3"})

    assert [line.facts["person_id"] for line in journal.since(START)] == ["p1", "p3"]


def test_a_shorter_or_another_journal_does_not_continue_this_one(
    journal: Journal, tmp_path: Path
) -> None:
    assert not journal.continues(START)
    journal.add("person", {"person_id": "p1"})
    position = journal.position()

    assert journal.continues(position)
    assert not journal.continues(Position(position.name, position.size + 1))
    assert not Journal(tmp_path / "elsewhere", KEYS).continues(position)


def test_a_clock_that_was_set_back_writes_after_what_is_there(
    journal: Journal, tmp_path: Path
) -> None:
    journal.add("person", {"person_id": "p1"})
    the_file(tmp_path).rename(tmp_path / "journal" / "2999-12.journal")
    position = journal.position()
    journal.add("person", {"person_id": "p2"})

    assert [line.facts["person_id"] for line in journal.since(position)] == ["p2"]


def test_what_cannot_be_written_down_must_not_happen(db: Engine, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    keep_journal(db, Journal(tmp_path / "journal", KEYS))

    with pytest.raises(JournalUnusable, match="cannot be written"), writing(db) as connection:
        noted(connection, "person", person_id="p1")


def test_a_database_without_a_journal_writes_none(db: Engine) -> None:
    with writing(db) as connection:
        noted(connection, "person", person_id="p1")

    assert journal_of(db) is None
