from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pytest
from sqlalchemy import Engine

from alerts.alert import Alert
from alerts.intake import Intake, IntakePolicy
from alerts.store import AlertStore
from aoi.registry import AoiRegistry
from monitor.commands.export import COLUMNS, FORMATS, exported, safe_cell
from monitor.errors import ConfigError
from monitor.store import MonitorStore
from tests.builders import NOW, a_finding, a_settlement, an_aoi, days_ago
from tests.monitor.values import a_report

LATER = datetime(2024, 5, 21, tzinfo=UTC)


@pytest.fixture
def alerts(db: Engine) -> list[Alert]:
    registry, store = AoiRegistry(db), MonitorStore(db)
    registry.add(an_aoi(), days_ago(100))
    registry.add_settlements("sd-test", [a_settlement(name="=HYPERLINK(1)")], days_ago(100))
    store.record(a_report(findings=(a_finding(),)), NOW)
    Intake(db, store, registry, IntakePolicy(ref_key=b"key")).absorb_new(NOW)
    return AlertStore(db).alerts()


def test_the_table_has_one_row_for_each_alert_with_its_position(alerts: list[Alert]) -> None:
    text = exported(alerts, "csv", LATER).decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(text))

    assert tuple(row) == COLUMNS
    assert row["settlement_id"] == "sd-test-0001"
    # 540,000 m east is 0.369 degrees from the central meridian 27 at 13.66 degrees north.
    assert float(row["longitude"]) == pytest.approx(27.37, abs=0.01)
    assert float(row["latitude"]) == pytest.approx(13.66, abs=0.01)


def test_a_name_is_never_a_formula_of_the_spreadsheet(alerts: list[Alert]) -> None:
    text = exported(alerts, "csv", LATER).decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(text))

    assert row["settlement_name"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("a=b", "a=b"),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_only_text_that_a_spreadsheet_would_run_is_changed(cell: object, safe: object) -> None:
    assert safe_cell(cell) == safe


def test_geojson_is_a_collection_of_schema_1(alerts: list[Alert]) -> None:
    body = json.loads(exported(alerts, "geojson", LATER))

    (feature,) = body["features"]
    assert feature["properties"]["schema_version"] == "1.0"


@pytest.mark.parametrize("form", ["kml", "gpkg"])
def test_other_programs_read_what_is_exported(
    alerts: list[Alert], tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"alerts.{form}"
    path.write_bytes(exported(alerts, form, LATER))

    frame = geopandas.read_file(path)

    assert len(frame) == 1
    assert str(frame.crs) == "EPSG:4326"


def test_a_format_that_is_not_there_is_named_with_those_that_are(alerts: list[Alert]) -> None:
    with pytest.raises(ConfigError, match="docx") as caught:
        exported(alerts, "docx", LATER)

    for form in FORMATS:
        assert form in caught.value.hint
