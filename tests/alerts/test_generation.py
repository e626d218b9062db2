from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.generation import PUT_BACK, WAITING, Generations, generation_in, generation_path_of
from alerts.incidents import open_incidents
from aoi.database import METADATA, open_database, reading, writing
from tests.builders import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "house.sqlite"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{path}")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


def generations_of(engine: Engine) -> Generations:
    path = generation_path_of(engine, Path())
    assert path is not None
    return Generations(engine, path)


def test_a_new_database_may_send(engine: Engine) -> None:
    generations = generations_of(engine)

    assert generations.wants_nothing_sent(NOW) == ""
    generations.advance(NOW)
    generations.advance(NOW + timedelta(minutes=1))
    assert generations.wants_nothing_sent(NOW) == ""
    assert not generations.is_put_back()


def test_an_older_copy_that_was_put_in_its_place_sends_nothing(engine: Engine, path: Path) -> None:
    generations_of(engine).advance(NOW)
    engine.dispose()
    shutil.copy(path, path.with_name("copy"))
    generations_of(engine).advance(NOW + timedelta(minutes=1))
    engine.dispose()
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    shutil.copy(path.with_name("copy"), path)

    assert generations_of(engine).wants_nothing_sent(NOW) == PUT_BACK
    (incident,) = open_incidents(engine)
    assert incident.cause == "backup:restored"


def test_so_does_a_copy_without_the_file_beside_it(engine: Engine, path: Path) -> None:
    generations_of(engine).advance(NOW)
    path.with_name("house.sqlite.generation").unlink()

    assert generations_of(engine).is_put_back()


def test_an_empty_database_where_another_one_sent_is_no_new_one(path: Path) -> None:
    path.with_name("house.sqlite.generation").write_text('{"stamps": ["ab"]}')
    engine = open_database(f"sqlite:///{path}")
    METADATA.create_all(engine)

    assert generations_of(engine).is_put_back()
    engine.dispose()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stamps": 3}'])
def test_a_file_that_says_nothing_is_no_leave_to_send(
    engine: Engine, path: Path, text: str
) -> None:
    generations = generations_of(engine)
    generations.advance(NOW)
    path.with_name("house.sqlite.generation").write_text(text)

    assert generations.is_put_back()


def test_a_crash_between_file_and_database_does_no_harm(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations = generations_of(engine)
    generations.advance(NOW)

    def dies(*_: object, **__: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Generations, "_put", dies)
        with pytest.raises(InterruptedError):
            generations.advance(NOW)

    assert not generations.is_put_back()


def test_what_is_held_waits_for_an_operator(engine: Engine) -> None:
    generations = generations_of(engine)
    with writing(engine) as connection:
        stamp = generations.begin_next(connection, NOW, "held", None)
    generations.settle(stamp, NOW)

    assert generations.wants_nothing_sent(NOW) == WAITING
    generations.release(NOW)
    assert generations.wants_nothing_sent(NOW) == ""
    assert open_incidents(engine) == []
    with reading(engine) as connection:
        known = generation_in(connection)
    assert known is not None
    assert (known.number, known.restored_at) == (1, NOW)


def test_one_in_memory_has_no_file(db: Engine, tmp_path: Path) -> None:
    assert generation_path_of(db, tmp_path) is None
