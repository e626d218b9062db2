from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import (
    REF_ALPHABET,
    TRANSITIONS,
    WITHDRAWN,
    Action,
    Alert,
    Review,
    Status,
    act,
    event_id_of,
    ref_of,
)
from alerts.errors import NotAllowed
from alerts.intake import opened
from alerts.place import place_of
from monitor.finding import FindingKind
from tests.builders import NOW, a_finding, a_settlement, a_square, an_aoi, days_ago


def an_alert(**changes: object) -> Alert:
    alert = opened(a_finding(), place_of(an_aoi(), a_settlement()), "K7QF", NOW)
    return replace(alert, **changes)  # type: ignore[arg-type]  # changed by keyword


@pytest.mark.parametrize(
    ("status", "outside", "refused"),
    [
        pytest.param(Status.CONFIRMED, True, Action.REJECT, id="somebody has it: no rejecting"),
        pytest.param(Status.CONFIRMED, False, Action.RETRACT, id="nobody has it: no retracting"),
        pytest.param(Status.RETRACTED, True, Action.ABSORB, id="retracted is final"),
        pytest.param(Status.RETRACTED, True, Action.REOPEN, id="retracted does not reopen"),
        pytest.param(Status.ENDED, False, Action.CONFIRM, id="what ended is not confirmed"),
        pytest.param(Status.FIRST, False, Action.END, id="a first look does not end"),
        pytest.param(Status.FIRST, False, Action.RELEASE, id="nothing unconfirmed is released"),
    ],
)
def test_what_the_table_does_not_have_is_refused(
    status: Status, outside: bool, refused: Action
) -> None:
    with pytest.raises(NotAllowed, match="cannot"):
        act(an_alert(status=status, outside=outside), refused, actor="Amina", at=NOW)


def test_a_refusal_names_what_is_allowed() -> None:
    alert = an_alert(status=Status.REJECTED)

    with pytest.raises(NotAllowed) as refusal:
        act(alert, Action.CONFIRM, actor="Amina", at=NOW)

    assert refusal.value.message == "cannot confirm alert K7QF: it is rejected"
    assert refusal.value.hint == "allowed now: reopen"


def test_an_act_leaves_who_when_and_why() -> None:
    alert, event = act(
        an_alert(), Action.CONFIRM, actor="Amina", at=NOW, reason="yes", note="roofs gone"
    )

    assert (alert.status, alert.revision) == (Status.CONFIRMED, 2)
    assert (event.actor, event.at, event.note) == ("Amina", NOW, "roofs gone")
    assert (event.before, event.after) == (Status.FIRST, Status.CONFIRMED)


def test_an_ended_alert_resumes_as_confirmed_if_a_person_had_said_yes() -> None:
    judged = an_alert(status=Status.ENDED, review=Review.YES)
    unjudged = an_alert(status=Status.ENDED)

    assert act(judged, Action.RESUME, actor="service", at=NOW)[0].status is Status.CONFIRMED
    assert act(unjudged, Action.RESUME, actor="service", at=NOW)[0].status is Status.PROVISIONAL


@given(st.lists(st.sampled_from(list(Action)), max_size=12), st.booleans())
def test_no_path_leads_past_a_person_to_confirmed_nor_out_of_retracted(
    wanted: list[Action], outside: bool
) -> None:
    alert = an_alert(outside=outside)
    taken: list[Action] = []

    for action in wanted:
        if action in alert.allowed:
            before = alert.status
            alert, _ = act(alert, action, actor="somebody", at=NOW)
            taken.append(action)
            assert before is not Status.RETRACTED

    assert alert.revision == 1 + len(taken)
    if alert.status is Status.CONFIRMED:
        assert Action.CONFIRM in taken


def test_only_reopening_leads_out_of_a_withdrawal() -> None:
    ways_out = {action for status, action in TRANSITIONS if status in WITHDRAWN}

    assert ways_out == {Action.REOPEN}


def test_the_event_is_the_same_however_often_and_from_whichever_processing_it_is_found() -> None:
    first = a_finding(finding_id="a" * 20)
    again = a_finding(finding_id="b" * 20, area_m2=1.0, last_seen=days_ago(0))

    assert event_id_of(first) == event_id_of(again)
    assert event_id_of(first).startswith("fire-")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"settlement_id": "sd-test-0002"}, id="another village"),
        pytest.param({"first_seen": days_ago(1)}, id="another first look"),
        pytest.param({"kind": FindingKind.CAMP_GROWTH}, id="another kind"),
        pytest.param({"settlement_id": None}, id="a place without a name"),
    ],
)
def test_another_place_time_or_kind_is_another_event(changes: dict[str, object]) -> None:
    assert event_id_of(a_finding(**changes)) != event_id_of(a_finding())


def test_a_new_place_that_gains_a_block_of_40_m_stays_the_same_event() -> None:
    small = a_finding(settlement_id=None, geometry=a_square(200))
    grown = a_finding(settlement_id=None, geometry=a_square(240))

    assert event_id_of(small) == event_id_of(grown)


def test_references_have_no_letters_that_look_alike_and_depend_on_the_key() -> None:
    refs = {ref_of(f"fire-{n}", b"key", 8) for n in range(200)}

    assert not set("".join(refs)) & set("01OILSBZ")
    assert len(refs) == 200
    assert set("".join(refs)) <= set(REF_ALPHABET)
    assert ref_of("fire-1", b"key", 4) != ref_of("fire-1", b"other", 4)
