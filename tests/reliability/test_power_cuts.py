"""What was acknowledged survives a power cut: the statements of a real run (ALERTS G3)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.schema import CreateIndex, CreateTable

from aoi.database import METADATA, open_database
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, a_square
from tests.reliability.power_cuts import Recording, survived

CUTS = int(os.environ.get("EMBERWATCH_CUTS", "400"))
"""In each run of the suite; the long tier takes 50,000."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/recorded.db")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def recording(engine: Engine, tmp_path: Path) -> Recording:
    """Detection to delivery: found, confirmed, published, sent, taken back, taken back for all."""
    recording = Recording()
    with recording.of(engine):
        house = House(engine, tmp_path / "spool")
        for who in ("one@ngo.example", "two@ngo.example", "three@ngo.example"):
            house.subscribe(who, form="text")
        for place in range(3):
            house.absorb(
                a_finding(finding_id=f"{place}" * 20, settlement_id=None, settlement_fraction=None,
                          geometry=a_square(200, east_m=2_000 * place))
            )  # fmt: skip
            (alert,) = house.alerts.alerts(states=["first"])
            house.desk.confirm(alert.ref, "Amina", NOW)
            house.publish()
            house.deliver()
        house.desk.retract(alert.ref, by="Ben", reason="false", now=NOW)
        house.publish()
        house.deliver()
    assert len(house.mails()) == 12
    return recording


def schema_of(engine: Engine) -> list[str]:
    tables = METADATA.sorted_tables
    made = [str(CreateTable(table).compile(engine)) for table in tables]
    return made + [
        str(CreateIndex(index).compile(engine))
        for table in tables
        for index in sorted(table.indexes, key=lambda one: str(one.name))
    ]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_power_fails(
    engine: Engine, recording: Recording, tmp_path: Path
) -> None:
    outcome = survived(schema_of(engine), recording, tmp_path, CUTS, seed=3)

    assert (outcome.cuts, outcome.lost, outcome.unreadable) == (CUTS, 0, 0)


@pytest.mark.slow
def test_the_disk_does_lose_what_is_not_synced(
    engine: Engine, recording: Recording, tmp_path: Path
) -> None:
    outcome = survived(
        schema_of(engine), recording, tmp_path, cuts=100, seed=3, synchronous="NORMAL"
    )

    assert outcome.lost > 20, "or the cuts are too gentle to show anything"
