"""Two services on one database: nothing is done twice (ALERTS G5)."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from alerts.channels.email import Email, SmtpSettings
from aoi.database import METADATA, open_database
from tests.alerts.conftest import House
from tests.alerts.smtp_faults import fault_server
from tests.postgres import private_postgres

PEOPLE = 40


def serve(folder: str, address: str, port: int) -> None:
    """Be one service: publish and deliver until nothing is left, on a process of its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    engine = open_database(address)
    channel = Email(SmtpSettings(port=port, security="none", timeout_s=10))
    house = House.on(engine, Path(folder) / "spool", channel)
    for _ in range(1_000):
        house.publish()
        house.deliver()
        if all(delivery.state == "accepted" for delivery in house.deliveries()):
            break
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/emberwatch.db"
        return
    with private_postgres(tmp_path) as served:
        yield served


@pytest.mark.slow
def test_two_services_send_every_message_once(address: str, tmp_path: Path) -> None:
    engine = open_database(address)
    METADATA.create_all(engine)
    house = House(engine, tmp_path / "spool")
    for n in range(PEOPLE):
        house.subscribe(f"r{n}@ngo.example", form="text")
    house.confirmed()

    context = multiprocessing.get_context("spawn")
    with fault_server() as server:
        services = [
            context.Process(target=serve, args=(str(tmp_path), address, server.port))
            for _ in range(2)
        ]
        for service in services:
            service.start()
        for service in services:
            service.join(120)

    assert [service.exitcode for service in services] == [0, 0]
    assert {delivery.state for delivery in house.deliveries()} == {"accepted"}
    copies = Counter(taken.recipient for taken in server.accepted)
    assert len(copies) == PEOPLE
    assert set(copies.values()) == {1}
    engine.dispose()
