from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Action, Alert, Status
from alerts.intake import (
    Decision,
    Extend,
    Ignore,
    IntakePolicy,
    Open,
    absorbed,
    decide,
    grown,
)
from monitor.finding import Finding, FindingKind, SensorFamily, Tier
from monitor.store import MonitorStore
from tests.alerts.conftest import House
from tests.alerts.test_alert import an_alert
from tests.builders import (
    NOW,
    a_finding,
    a_settlement,
    a_square,
    days_ago,
    some_evidence,
)

POLICY = IntakePolicy()


def newer(**changes: object) -> Finding:
    """Return a finding of the next look, a day after the first one."""
    later = {
        "finding_id": "e" * 20, "last_seen": days_ago(1), "known_at": days_ago(0.75),
        "looks_agreeing": 2,
    }  # fmt: skip
    return a_finding(**{**later, **changes})


def says(decision: Decision) -> str:
    return decision.reason if isinstance(decision, Extend | Ignore) else "open"


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        pytest.param(a_finding(), "alert K7QF has it already", id="the same digest"),
        pytest.param(newer(), "noted", id="a second look that says the same"),
        pytest.param(newer(tier=Tier.A), "escalated", id="surer"),
        pytest.param(newer(settlement_fraction=0.7), "escalated", id="worse"),
        pytest.param(newer(area_m2=44_000), "noted", id="a tenth more is no news"),
        pytest.param(newer(area_m2=44_001), "updated", id="more than a tenth is news"),
        pytest.param(newer(area_m2=1_000), "noted", id="less is no news"),
        pytest.param(
            a_finding(finding_id="c" * 20, area_m2=1_000), "replaced", id="processed again"
        ),
        pytest.param(newer(kind=FindingKind.HOTSPOTS), "noted", id="hotspots of the same fire"),
        pytest.param(newer(kind=FindingKind.CAMP_NEW), "open", id="another kind"),
        pytest.param(newer(settlement_id="sd-test-0002"), "open", id="another village"),
        pytest.param(newer(settlement_id=None), "noted", id="a new place inside the village"),
        pytest.param(
            newer(settlement_id=None, geometry=a_square(40, east_m=700)), "open", id="580 m away"
        ),
        pytest.param(
            newer(settlement_id=None, geometry=a_square(40, east_m=600)), "noted", id="480 m away"
        ),
        pytest.param(
            newer(first_seen=NOW + timedelta(days=28), last_seen=NOW + timedelta(days=28)),
            "noted",
            id="30 days after it was last seen",
        ),
        pytest.param(
            newer(first_seen=NOW + timedelta(days=29), last_seen=NOW + timedelta(days=29)),
            "open",
            id="31 days after it was last seen: a repeat",
        ),
    ],
)
def test_a_finding_joins_the_event_of_its_place_and_time(finding: Finding, said: str) -> None:
    assert says(decide(finding, [an_alert()], POLICY)) == said


@pytest.mark.parametrize(
    ("status", "finding", "decision"),
    [
        pytest.param(
            Status.REJECTED, a_finding(finding_id="c" * 20),
            Ignore("Amina rejected alert K7QF on the same imagery"), id="rejected, same imagery",
        ),
        pytest.param(
            Status.RETRACTED, a_finding(finding_id="c" * 20),
            Ignore("Amina retracted alert K7QF on the same imagery"), id="retracted, same imagery",
        ),
        pytest.param(Status.RETRACTED, newer(), Open("fire-x"), id="retracted, newer imagery"),
    ],
)  # fmt: skip
def test_a_withdrawal_holds_until_newer_imagery_comes(
    status: Status, finding: Finding, decision: Decision
) -> None:
    alert = an_alert(event_id="fire-x", status=status, reviewed_by=("Amina",))

    assert decide(finding, [alert], POLICY) == decision


def test_newer_imagery_reopens_what_was_rejected() -> None:
    alert = an_alert(status=Status.REJECTED)

    decision = decide(newer(), [alert], POLICY)
    assert isinstance(decision, Extend)
    again, events = grown(alert, newer(), decision.reason, NOW)

    assert again.status is Status.PROVISIONAL  # two looks of tier B agree
    assert [event.action for event in events] == [Action.REOPEN, Action.ABSORB, Action.RAISE]
    assert "2024-05-19" in events[0].note
    assert again.needs_review


def test_reprocessing_that_changes_the_decision_reopens_too() -> None:
    alert = an_alert(status=Status.REJECTED)
    surer = a_finding(finding_id="c" * 20, tier=Tier.A)

    assert isinstance(decide(surer, [alert], POLICY), Extend)


def test_evidence_within_ninety_days_resumes_what_had_ended() -> None:
    alert = an_alert(status=Status.ENDED)
    finding = newer(
        first_seen=NOW + timedelta(days=60), last_seen=NOW + timedelta(days=60), area_m2=90_000
    )

    decision = decide(finding, [alert], POLICY)
    assert isinstance(decision, Extend)
    resumed, events = grown(alert, finding, decision.reason, NOW)

    assert resumed.status is Status.PROVISIONAL
    assert events[0].action is Action.RESUME


def test_a_later_look_that_saw_less_does_not_make_the_damage_smaller() -> None:
    alert = an_alert(finding=a_finding(settlement_fraction=0.7, area_m2=112_000))

    after = absorbed(alert, newer(settlement_fraction=0.2, area_m2=32_000))

    assert (after.finding.settlement_fraction, after.severity) == (0.7, "extreme")
    assert (after.finding.last_seen, after.finding.looks_agreeing) == (days_ago(1), 2)


def test_evidence_processed_again_replaces_what_was_too_large() -> None:
    alert = an_alert(finding=a_finding(settlement_fraction=0.7, area_m2=112_000, tier=Tier.A))

    after = absorbed(alert, a_finding(settlement_fraction=0.05, tier=Tier.C), replaces=True)

    assert (after.finding.settlement_fraction, after.severity) == (0.05, "minor")
    assert after.finding.tier is Tier.C


def test_hotspots_become_a_burn_within_the_same_event() -> None:
    alert = an_alert(finding=a_finding(kind=FindingKind.HOTSPOTS, settlement_fraction=None))

    after = absorbed(alert, newer(kind=FindingKind.BURN))

    assert after.kind is FindingKind.BURN
    assert after.event_id == alert.event_id


def test_one_look_of_tier_c_stays_on_the_desk(house: House) -> None:
    alert = house.opened(tier=Tier.C)

    assert alert.status is Status.FIRST
    assert [event.action for event in house.alerts.events(alert.event_id)] == [Action.OPEN]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"looks_agreeing": 2}, Status.PROVISIONAL, id="persisted"),
        pytest.param(
            {"evidence": (some_evidence(), some_evidence(family=SensorFamily.HOTSPOTS))},
            Status.PROVISIONAL,
            id="a second sensor family",
        ),
        pytest.param({"looks_agreeing": 1}, Status.FIRST, id="one look, one sensor"),
        pytest.param({"looks_agreeing": 3, "tier": Tier.C}, Status.FIRST, id="tier C persists"),
    ],
)
def test_persistence_or_a_second_sensor_makes_it_provisional(
    house: House, changes: dict[str, object], status: Status
) -> None:
    assert house.opened(**changes).status is status


def test_running_again_adds_nothing(house: House) -> None:
    first = house.opened()

    house.intake.absorb_new(NOW)
    house.absorb(a_finding(finding_id="d" * 20, known_at=days_ago(1)))

    (alert,) = house.alerts.alerts()
    assert alert.event_id == first.event_id
    assert alert.finding_ids == ("f" * 20, "d" * 20)


def test_what_became_of_a_finding_is_written_beside_it(house: House) -> None:
    alert = house.opened()

    assert MonitorStore(house.engine).unabsorbed_findings() == []
    decisions = MonitorStore(house.engine).decisions(["f" * 20])
    assert decisions == {"f" * 20: f"opened alert {alert.ref}, first"}


def test_a_finding_of_a_removed_area_is_taken_with_its_reason(house: House) -> None:
    house.absorb(a_finding(aoi_id="gone"))

    assert house.alerts.alerts() == []
    assert MonitorStore(house.engine).decisions(["f" * 20]) == {
        "f" * 20: "ignored: area gone was removed"
    }


def test_an_alert_keeps_its_name_when_the_settlement_is_renamed(house: House) -> None:
    alert = house.opened()

    house.registry.add_settlements("sd-test", [a_settlement(name="Renamed")], NOW, replace=True)

    assert house.alerts.alert(alert.ref).place.name == "Shagra"


looks = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(Tier), st.floats(0.01, 1.0)), min_size=1,
    max_size=8,
)  # fmt: skip


@given(looks)
def test_severity_and_tier_never_fall_by_new_looks(seen: list[tuple[int, Tier, float]]) -> None:
    alert: Alert = an_alert()

    for n, (day, tier, fraction) in enumerate(seen):
        at = NOW + timedelta(days=day)
        finding = a_finding(
            finding_id=f"{n}", tier=tier, settlement_fraction=fraction, last_seen=at,
            area_m2=fraction * 160_000, known_at=at,
        )  # fmt: skip
        after = absorbed(alert, finding)
        assert (after.finding.settlement_fraction or 0) >= (alert.finding.settlement_fraction or 0)
        assert min(after.finding.tier, alert.finding.tier) == after.finding.tier
        alert = replace(after)
