"""Every single failing call is survived: nothing lost, nothing sent twice (ALERTS G4, G7)."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text
from sqlalchemy.exc import OperationalError

from alerts.errors import StaleAlert
from alerts.outbox import DeliveryState
from alerts.ports import Parcel
from aoi.database import METADATA, open_database, reading, writing
from aoi.errors import DatabaseUnavailable
from monitor.rows import finding_row
from monitor.tables import FINDINGS
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, a_square


class Folding:
    """A channel whose receiver folds copies by their identifier, as a spool does."""

    folds = True

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}
        self.copies: Counter[str] = Counter()

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        before_dot()
        assert self.taken.setdefault(parcel.message_id, parcel.raw) == parcel.raw
        self.copies[parcel.message_id] += 1
        return "250 taken"

    def close(self) -> None:
        """Nothing is kept open."""


class Trap:
    """Makes the n-th statement of the database fail, once."""

    def __init__(self, engine: Engine) -> None:
        self.left = 0
        event.listen(engine, "before_cursor_execute", self._strike)

    def _strike(self, *given: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("SELECT", {}, Exception("disk I/O error"))


def everything(house: House) -> None:
    """Do what a tick and an analyst do."""
    house.intake.absorb_new(NOW)
    for alert in house.alerts.alerts(states=["first", "provisional"]):
        house.desk.confirm(alert.ref, by="Amina", now=NOW)
    house.publish()
    house.deliver()


def a_house(engine: Engine, folder: Path) -> tuple[House, Folding]:
    channel = Folding()
    house = House(engine, folder, channel)
    house.subscribe("one@ngo.example")
    house.subscribe("two@ngo.example")
    return house, channel


def findings(count: int) -> list[Any]:
    return [
        a_finding(finding_id=f"{n:020}", settlement_id=None, settlement_fraction=None,
                  geometry=a_square(200, east_m=2_000 * n))
        for n in range(count)
    ]  # fmt: skip


def test_whichever_statement_fails_everybody_gets_the_alert_once(tmp_path: Path) -> None:
    survived = 0
    while True:
        survived += 1
        engine = open_database("sqlite://")
        METADATA.create_all(engine)
        house, channel = a_house(engine, tmp_path)
        house.absorb()
        store_findings(house, 1)
        trap = Trap(engine)
        trap.left = survived
        with contextlib.suppress(DatabaseUnavailable):
            everything(house)
        failed = trap.left <= 0
        trap.left = 0
        everything(house)
        assert_everybody_has_it(house, channel, events=1)
        engine.dispose()
        if not failed:
            break
    assert survived > 40  # statements from the finding to the second acceptance


def store_findings(house: House, count: int) -> None:
    """Leave findings where the pipeline leaves them, not yet absorbed."""
    with writing(house.engine) as connection:
        for finding in findings(count):
            connection.execute(insert(FINDINGS).values(**finding_row(finding, NOW)))


def assert_everybody_has_it(house: House, channel: Folding, *, events: int) -> None:
    assert len(house.alerts.alerts()) == events
    assert len(channel.taken) == 2 * events
    assert {delivery.state for delivery in house.deliveries()} == {DeliveryState.ACCEPTED}
    assert house.alerts.broken_link() is None


@pytest.mark.parametrize("seed", range(4))
def test_a_disk_that_is_full_again_and_again_loses_nothing(tmp_path: Path, seed: int) -> None:
    chance, refusals = random.Random(seed), 0
    engine = open_database(f"sqlite:///{tmp_path}/emberwatch.db")
    METADATA.create_all(engine)
    house, channel = a_house(engine, tmp_path)
    store_findings(house, 5)  # a sixth in the hour would wait for its digest

    for _ in range(50):
        limit_pages(engine, chance.randrange(0, 12))
        try:
            everything(house)
        except (DatabaseUnavailable, StaleAlert):
            refusals += 1
        with reading(engine) as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    limit_pages(engine, 1_000_000)
    everything(house)

    assert refusals > 3
    assert_everybody_has_it(house, channel, events=5)
    engine.dispose()


def limit_pages(engine: Engine, spare: int) -> None:
    """Let the database file grow by so many pages more, as a disk would that is nearly full."""
    engine.dispose()

    @event.listens_for(engine, "connect")
    def shrink(connection: Any, _: Any) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + spare}")
