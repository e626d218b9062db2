"""The tables and the store of the monitor on PostgreSQL, as on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from aoi.database import open_database
from aoi.registry import AoiRegistry
from monitor.schema import check, is_current, upgrade
from monitor.store import MonitorStore
from tests.builders import NOW, a_finding, a_settlement, an_aoi, days_ago
from tests.monitor.values import a_problem, a_report, a_scored_reading, an_archived_look
from tests.postgres import private_postgres

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with private_postgres(tmp_path_factory.mktemp("pg")) as address:
        engine = open_database(address)
        upgrade(engine)
        yield engine
        engine.dispose()


def test_the_revisions_make_exactly_the_tables_of_the_program(postgres: Engine) -> None:
    import monitor.app  # noqa: F401  (puts the tables of every room on METADATA)

    assert is_current(postgres)
    check(postgres)


def test_a_report_is_recorded_and_read_back_as_on_sqlite(postgres: Engine) -> None:
    registry, store = AoiRegistry(postgres), MonitorStore(postgres)
    registry.add(an_aoi(), days_ago(10))
    registry.add_settlements("sd-test", [a_settlement()], days_ago(10))
    nothing = float("nan")
    report = a_report(
        looks=(an_archived_look(),),
        readings=(a_scored_reading(5, 6, score=nothing, values={"q": nothing}),),
        findings=(a_finding(),),
        problems=(a_problem(),),
    )

    for _ in range(2):
        store.record(report, NOW)

    assert store.looks("sd-test") == [an_archived_look()]
    (scored,) = store.scored_readings("sd-test", days_ago(10))
    assert scored.burned_blocks.tolist() == [5, 6]
    assert scored.reading.score != scored.reading.score
    assert [one.finding_id for one in store.unabsorbed_findings()] == ["f" * 20]
    assert [area.aoi_id for area in registry.due(NOW)] == ["sd-test"]
