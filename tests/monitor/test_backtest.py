from __future__ import annotations

from datetime import timedelta

import pytest

from aoi.interval import Interval
from monitor.backtest import ReplayedArea, scored_area, with_strata
from monitor.detector_scores import FULL
from monitor.detectors.burn import BurnSettings
from monitor.looks import Look
from monitor.reading import Reading, Verdict
from monitor.skill import TrueEvent
from tests.builders import a_finding, a_look, a_settlement, an_aoi, some_evidence
from tests.monitor.worlds import day

AREA = an_aoi()
VILLAGE = a_settlement()
WATCHED = Interval(day(100), day(300))
PLACE = VILLAGE.settlement_id


def a_look_on(number: float) -> Look:
    return a_look(AREA.blocks, look_id=f"look-{number:g}", acquired_at=day(number))


def a_reading_on(number: float, verdict: Verdict = Verdict.QUIET) -> Reading:
    return Reading(
        settlement_id=PLACE,
        look_id=f"look-{number:g}",
        aoi_id=AREA.aoi_id,
        track="sentinel-2-093",
        acquired_at=day(number),
        known_at=day(number + 0.25),
        detector="burn/2",
        mode="series",
        verdict=verdict,
        reason="",
        p=0.5,
        score=1.0,
        burned_fraction=0.0,
        values={"median_q_standard": 1.0},
    )


def a_burn_on(number: float, place: str = PLACE) -> TrueEvent:
    return TrueEvent(place, "burned", day(number), day(number), 0.6)


def the_area() -> ReplayedArea:
    """Looks every five days from day 80; a finding of the looks of days 150 and 155."""
    numbers = [80.0 + 5 * n for n in range(44)]
    finding = a_finding(
        settlement_id=PLACE,
        first_seen=day(150),
        happened=Interval(day(145), day(150) + timedelta(seconds=1)),
        evidence=(some_evidence(look_ids=("look-150", "look-155")),),
        indicators={"rate_per_village_year": 0.0001},
    )
    signs = {150.0, 155.0}
    return ReplayedArea(
        aoi=AREA,
        settlements=(VILLAGE,),
        looks=[a_look_on(n) for n in numbers],
        readings=[
            a_reading_on(n, Verdict.BURN_LIKE if n in signs else Verdict.QUIET)
            for n in numbers
            if n >= 100
        ],
        findings=[finding],
        hotspots=[],
    )


def test_a_finding_counts_at_the_look_that_completed_it() -> None:
    world = scored_area(
        the_area(), WATCHED, [a_burn_on(148)], [], BurnSettings(), "real"
    )  # fmt: skip

    scores = world.of_rule(FULL).scores
    (loud,) = (scores.score > 0).nonzero()
    assert loud.tolist() == [11]
    assert scores.at[11] == day(155).replace(tzinfo=None)
    assert scores.first[11] == day(150).replace(tzinfo=None)


def test_rivals_see_the_history_but_are_scored_in_the_interval() -> None:
    world = scored_area(the_area(), WATCHED, [], [], BurnSettings(), "real")

    # Looks from day 80 on serve as references; scores begin on day 100.
    assert len(world.of_rule("dnbr10").scores) == 40
    assert world.clear_looks == 40
    assert world.years == pytest.approx(200 / 365.25)


def test_truth_of_other_areas_is_left_out() -> None:
    events = [a_burn_on(148), a_burn_on(148, "elsewhere")]

    world = scored_area(the_area(), WATCHED, events, events[1:], BurnSettings(), "simulated")

    assert [event.settlement_id for event in world.events] == [PLACE]
    assert (world.confounders, world.origin) == ((), "simulated")


def test_events_are_classed_by_the_settlement_and_by_what_came_before() -> None:
    events = [a_burn_on(110), a_burn_on(200), a_burn_on(250)]

    first, second, third = with_strata(events, the_area(), WATCHED)

    # 400 x 400 m are 16 ha; day 110 of 2024 is in April, day 200 in July, both dry and wet.
    assert (first.strata["area"], first.strata["fraction"]) == (">=5 ha", "50-75%")
    assert (first.strata["season"], second.strata["season"]) == ("dry", "wet")
    assert [e.strata["repeat"] for e in (first, second, third)] == ["first", "repeat", "repeat"]
    assert [e.strata["late"] for e in (first, second, third)] == ["in time", "in time", "late"]
