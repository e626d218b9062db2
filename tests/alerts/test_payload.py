from __future__ import annotations

import json
from dataclasses import replace

from alerts.alert import Review
from alerts.payload import alert_of, canonical, payload_of, sha256_of
from monitor.finding import SensorFamily
from tests.alerts.conftest import some_chips
from tests.alerts.test_alert import an_alert
from tests.builders import NOW, a_finding, some_evidence


def test_an_alert_comes_back_from_json_as_it_was() -> None:
    evidence = (some_evidence(family=SensorFamily.HOTSPOTS, confounders=("dry field",)),)
    finding = a_finding(chips=some_chips(), evidence=evidence, indicators={"q_median": 0.5})
    alert = an_alert(finding=finding, review=Review.YES, released_at=NOW, reviewed_by=("Amina",))

    again = alert_of(json.loads(canonical(payload_of(alert))))

    assert again.finding.geometry.equals(alert.finding.geometry)
    assert again.place.footprint is not None
    assert again.place.footprint.equals(alert.place.footprint)
    assert replace(again, finding=finding, place=alert.place) == alert


def test_what_the_outbox_knows_is_no_part_of_what_is_said() -> None:
    assert payload_of(an_alert(outside=True)) == payload_of(an_alert(outside=False))


def test_a_payload_has_one_spelling_and_so_one_digest() -> None:
    assert canonical({"b": 1, "a": "شقرا"}) == '{"a":"شقرا","b":1}'
    assert sha256_of({"b": 1, "a": 2}) == sha256_of({"a": 2, "b": 1})
