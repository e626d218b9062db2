from __future__ import annotations

from collections.abc import Sequence

import pytest

from monitor.rivals.firms import Firms
from monitor.rivals.rule import Scored
from monitor.scene import Hotspot
from tests.monitor.rivals.builders import a_hotspot, day, native_alarms, the_ground


def scored_by(hotspots: Sequence[Hotspot]) -> dict[str, Scored]:
    rule = Firms(the_ground())
    rule.see_hotspots(hotspots)
    return {scored.rule: scored for scored in rule.scored()}


def test_one_detection_in_the_village_is_an_alarm() -> None:
    (alarm,) = native_alarms(scored_by([a_hotspot(3)])["firms"])

    assert (alarm.at, alarm.observed_before, alarm.score) == (day(3), day(3), 1.0)


@pytest.mark.parametrize(
    "hotspot",
    [
        pytest.param(a_hotspot(3, confidence="low"), id="low confidence"),
        pytest.param(a_hotspot(3, instrument="MODIS"), id="another sensor"),
        pytest.param(a_hotspot(3, row=1.0), id="outside"),
    ],
)
def test_other_detections_are_not(hotspot: Hotspot) -> None:
    assert native_alarms(scored_by([hotspot])["firms"]) == []


def test_a_footprint_reaches_further_than_its_centre() -> None:
    # 0.4 km across: 200 m or five blocks to each side; the village begins at row 4.
    beside = scored_by([a_hotspot(3, row=0.0)])
    too_far = scored_by([a_hotspot(3, row=-1.0)])

    assert (len(native_alarms(beside["firms"])), len(native_alarms(beside["firms-fp"]))) == (0, 1)
    assert native_alarms(too_far["firms-fp"]) == []


def test_detections_of_one_night_count_together() -> None:
    scores = scored_by([a_hotspot(3), a_hotspot(3.5), a_hotspot(10)])["firms"].scores

    assert sorted(scores.score.tolist()) == [-1.0, -1.0, 1.0, 1.0, 2.0]


def test_fires_of_two_years_are_two_alarms() -> None:
    alarms = native_alarms(scored_by([a_hotspot(3), a_hotspot(368)])["firms"])

    assert [alarm.observed_before for alarm in alarms] == [day(3), day(368)]
