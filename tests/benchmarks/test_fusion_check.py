"""Cases of the benchmark of sensors: one for a burn, one for a quiet episode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.fusion_check import (
    Judged,
    Replayed,
    case_of,
    labelled,
    print_effects,
    with_perfect_fires,
)
from monitor.finding import Evidence, Finding, SensorFamily
from monitor.rivals.rule import Scored
from monitor.sensors_left_out import ALL, OPTICAL
from tests.builders import a_finding, some_evidence
from tests.monitor.worlds import a_burn, a_world, day, some_scores

FIRES = replace(some_evidence(p=1e-3), family=SensorFamily.HOTSPOTS, values={"inside_share": 0.25})
RADAR = replace(some_evidence(p=0.02), family=SensorFamily.RADAR, values={"change_db_vv": -0.3})


def found(number: float, place: str = "w1/a", probability: float = 0.8) -> Finding:
    at = day(number)
    return replace(
        a_finding(), settlement_id=place, first_seen=at, last_seen=at, probability=probability
    )


def of(*judged: Judged) -> list[tuple[bool, Judged]]:
    return labelled([Replayed(a_world(burns=[a_burn("w1/a", 98)]), judged)])


def test_a_burn_is_one_case_by_its_strongest_finding() -> None:
    faint, strong = Judged(found(100), 0.01), Judged(found(105, probability=0.9), 0.001)

    assert of(strong, faint) == [(True, strong)]


def test_a_quiet_place_has_one_case_in_45_days() -> None:
    near = [Judged(found(number, "w1/b"), 0.1) for number in (300, 301)]
    later = Judged(found(400, "w1/b"), 0.1)

    cases = of(*near, later)

    assert [burned for burned, _ in cases] == [False, False]


def test_looks_that_are_common_in_quiet_times_and_small_burns_are_no_case() -> None:
    small = Replayed(a_world(burns=[a_burn("w1/a", 98, fraction=0.2)]), (Judged(found(100), 0.01),))

    assert of(Judged(found(300, "w1/b"), 5.0)) == []
    assert labelled([small]) == []


def test_a_case_holds_what_fires_and_radar_say() -> None:
    both = replace(found(100), evidence=(some_evidence(), FIRES, RADAR))

    case = case_of(True, Judged(both, 0.004))

    assert (case.rate, case.hotspots_p, case.hotspots_share) == (0.004, 1e-3, 0.25)
    assert case.radar_p == 0.02


@pytest.mark.parametrize("evidence", [(), (replace(RADAR, p=1.0),)])
def test_radar_that_sees_no_loss_says_nothing(evidence: tuple[Evidence, ...]) -> None:
    case = case_of(False, Judged(replace(found(300), evidence=evidence), 0.1))

    assert (case.hotspots_p, case.hotspots_share, case.radar_p) == (None, None, None)


def a_replay(*judged: Judged) -> Replayed:
    """Village a burns; the looks alone are surer of b and c, all sensors of b."""
    world = a_world(burns=[a_burn("w1/a", 98)])
    alone, everything = [1.0, 1.5, 2.0, -6, -6], [1.0, 1.5, -6, -6, -6]
    scored = tuple(
        Scored(rule, some_scores({95: [-6] * 5, 100: of_all}, world.settlement_ids), 0.2)
        for rule, of_all in ((OPTICAL, alone), (ALL, everything))
    )
    return Replayed(replace(world, scored=scored), judged)


def test_false_alarms_are_printed_as_counts(capsys: pytest.CaptureFixture[str]) -> None:
    print_effects("bench", [a_replay()])

    shown = capsys.readouterr().out
    assert "bench, shipped fusion: 1 worlds, 10 village-years, 1 promised burns" in shown
    assert (
        "recall 0.9: false: all sensors 1, optical alone 2; optical alone / all sensors 2" in shown
    )


@pytest.mark.parametrize(
    ("number", "place", "kept"),
    [
        pytest.param(100, "w1/a", [21.0, 1.5, 2.0], id="a burn that was seen comes first"),
        pytest.param(100, "w1/b", [1.0, 1.5, 2.0], id="a fire where nothing burned raises nothing"),
        pytest.param(95, "w1/a", [1.0, 1.5, 2.0], id="a fire before the burn is not its own"),
    ],
)
def test_perfect_fires_know_what_they_saw(number: float, place: str, kept: list[float]) -> None:
    seen = replace(found(number, place), evidence=(some_evidence(), FIRES))

    best = with_perfect_fires(a_replay(Judged(seen, 0.01))).of_rule(ALL).scores

    assert [float(v) for v in best.score if v > -6.0] == kept
