from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from alerts.disclosure import AUDIENCES, Disclosure
from alerts.formats.geojson import collection_of, feature_of, geojson_text
from monitor.finding import FindingKind
from tests.alerts.conftest import some_chips
from tests.alerts.test_alert import an_alert
from tests.alerts.test_disclosure import crowded
from tests.builders import NOW, a_finding
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def schema() -> Iterator[jsonschema_rs.Draft202012Validator]:
    body = json.loads((ROOT / "docs/schema/alert-1.0.json").read_text())
    yield jsonschema_rs.Draft202012Validator(body)


def feature_for(audience: str, **finding: Any) -> dict[str, Any]:
    finding = {
        "chips": some_chips(),
        "indicators": {"q_median": 0.41, "e2": float("nan")},
    } | finding
    alert = an_alert(finding=a_finding(**finding))
    shown = Disclosure.for_(alert, AUDIENCES[audience], crowded, b"key")
    return feature_of(shown, published_at=NOW, reason="first")


@pytest.mark.parametrize("audience", ["partner", "partner-full", "restricted", "named", "desk"])
def test_what_is_written_meets_the_published_schema(
    schema: jsonschema_rs.Draft202012Validator, audience: str
) -> None:
    schema.validate(feature_for(audience))


def test_the_schema_refuses_what_we_do_not_mean_to_send(
    schema: jsonschema_rs.Draft202012Validator,
) -> None:
    feature = feature_for("partner")
    feature["properties"]["settlement_place"] = "Shagra"

    assert not schema.is_valid(feature)


def test_full_clearance_reads_the_numbers_and_the_place() -> None:
    properties = feature_for("partner-full")["properties"]

    assert (properties["area_ha"], properties["settlement_fraction"]) == (4.0, 0.25)
    assert properties["settlement"]["name"] == "Shagra"
    assert properties["observed_before"] == "2024-05-18T12:00:00Z"
    assert properties["indicators"] == {"e2": None, "q_median": 0.41}
    assert [entry["role"] for entry in properties["evidence"]] == ["before", "after"]
    assert properties["coordinate_precision_m"] == 10


def test_a_coarse_audience_reads_a_cell_and_what_was_withheld() -> None:
    feature = feature_for("partner")
    properties = feature["properties"]

    assert feature["bbox"] == [27.36, 13.65, 27.37, 13.66]
    assert properties["aoi_id"] is None and properties["settlement"]["id"] is None
    assert properties["coordinate_precision_m"] == pytest.approx(1_113.2)
    assert {"settlement", "evidence", "first_seen"} <= set(properties["withheld"])
    assert "sd-test" not in geojson_text(feature)


def test_an_alert_without_a_place_has_no_geometry() -> None:
    alert = an_alert(finding=a_finding(kind=FindingKind.BURN))
    shown = Disclosure.for_(alert, AUDIENCES["partner"], lambda cell, kind: 0)

    feature = feature_of(shown, published_at=NOW)

    assert feature["geometry"] is None and "bbox" not in feature
    assert "geometry" in feature["properties"]["withheld"]


def test_the_text_is_the_same_however_often_it_is_made() -> None:
    assert geojson_text(feature_for("desk")) == geojson_text(feature_for("desk"))
    assert json.loads(geojson_text(collection_of([feature_for("desk")])))["features"][0]["bbox"]
