from __future__ import annotations

import pytest

from alerts.alert import Action, Review, Status
from alerts.errors import NotAllowed, StaleAlert
from alerts.outbox import DeliveryState
from alerts.review import ReviewDesk, ReviewPolicy
from monitor.finding import FindingKind, Tier
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, days_ago


def test_confirming_releases_the_alert_and_leaves_the_queue(house: House) -> None:
    alert = house.desk.confirm(house.opened().ref, by="Amina", now=NOW, note="roofs gone")

    assert (alert.status, alert.review) == (Status.CONFIRMED, Review.YES)
    assert (alert.released_at, alert.needs_review) == (NOW, False)
    assert alert.reviewed_by == ("Amina",)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(ReviewPolicy(two_person_aois=("sd-test",)), id="the area wants two"),
        pytest.param(ReviewPolicy(two_for_new_areas=True), id="first event of a new area"),
        pytest.param(ReviewPolicy(two_person_kinds=(FindingKind.BURN,)), id="the kind wants two"),
    ],
)
def test_where_two_are_needed_one_person_does_not_release(
    house: House, policy: ReviewPolicy
) -> None:
    desk, alert = ReviewDesk(house.engine, policy), house.opened()

    once = desk.confirm(alert.ref, by="Amina", now=NOW)
    assert (once.released_at, once.needs_review) == (None, True)
    with pytest.raises(NotAllowed, match="Amina has confirmed it already"):
        desk.confirm(alert.ref, by="Amina", now=NOW)
    twice = desk.confirm(alert.ref, by="Ben", now=NOW)

    assert (twice.released_at, twice.reviewed_by) == (NOW, ("Amina", "Ben"))
    assert house.alerts.events(alert.ref)[-1].action is Action.RELEASE


def test_an_emptying_camp_needs_two_people_by_default(house: House) -> None:
    alert = house.opened(kind=FindingKind.CAMP_EMPTYING)

    assert house.desk.confirm(alert.ref, by="Amina", now=NOW).released_at is None


def test_the_second_event_of_an_area_is_not_its_first(house: House) -> None:
    desk = ReviewDesk(house.engine, ReviewPolicy(two_for_new_areas=True))
    house.confirmed()
    house.absorb(a_finding(finding_id="g" * 20, kind=FindingKind.STRUCTURE_DAMAGE))
    second = next(alert for alert in house.alerts.alerts() if alert.kind == "structure_damage")

    assert desk.confirm(second.ref, by="Amina", now=NOW).released_at == NOW


def test_a_rejection_needs_a_reason_that_is_known(house: House) -> None:
    alert = house.opened()

    with pytest.raises(NotAllowed, match="'whatever' is not a reason to reject") as refusal:
        house.desk.reject(alert.ref, by="Amina", reason="whatever", now=NOW)

    assert "agricultural" in refusal.value.hint
    assert house.alerts.alert(alert.ref).revision == 1


def test_rejecting_cancels_what_waits_to_be_sent(house: House) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()

    rejected = house.desk.reject(alert.ref, by="Ben", reason="agricultural", now=NOW)

    assert (rejected.status, rejected.review_reason) == (Status.REJECTED, "agricultural")
    (delivery,) = house.deliveries()
    assert delivery.state is DeliveryState.CANCELLED
    assert delivery.last_error == "rejected by Ben: agricultural"
    assert house.deliver().accepted == 0


def test_what_has_left_the_house_can_only_be_retracted(house: House) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()
    house.deliver()

    assert house.alerts.alert(alert.ref).outside
    with pytest.raises(NotAllowed, match="somebody outside may have it"):
        house.desk.reject(alert.ref, by="Ben", reason="water", now=NOW)
    assert house.desk.retract(alert.ref, by="Ben", reason="false", now=NOW).status == "retracted"


def test_a_notice_to_the_desk_does_not_count_as_leaving_the_house(house: House) -> None:
    house.policy = type(house.policy)(analysts=("desk@ngo.example",))
    alert = house.opened(tier=Tier.A, looks_agreeing=2)
    house.publish()
    house.deliver()

    assert len(house.mails()) == 1
    assert not house.alerts.alert(alert.ref).outside
    assert house.desk.reject(alert.ref, by="Amina", reason="water", now=NOW).status == "rejected"


@pytest.mark.parametrize(
    ("reason", "note", "code", "words"),
    [
        pytest.param("wrong_place", "two km off", "wrong_place", "two km off", id="class, note"),
        pytest.param("The smoke was a kiln", "", "false", "The smoke was a kiln", id="a sentence"),
    ],
)
def test_a_retraction_takes_a_class_or_a_sentence(
    house: House, reason: str, note: str, code: str, words: str
) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()
    house.deliver()

    retracted = house.desk.retract(alert.ref, by="Ben", reason=reason, now=NOW, note=note)

    assert (retracted.review_reason, retracted.note) == (code, words)


def test_unsure_asks_for_a_second_reader_and_changes_nothing_else(house: House) -> None:
    alert = house.desk.unsure(house.opened().ref, by="Amina", now=NOW, note="could be a field")

    assert (alert.status, alert.review, alert.needs_review) == ("first", "unsure", True)


def test_a_page_opened_before_somebody_else_decided_is_refused(house: House) -> None:
    alert = house.opened()
    house.desk.unsure(alert.ref, by="Amina", now=days_ago(0), expected_revision=1)

    with pytest.raises(StaleAlert, match="Amina: unsure"):
        house.desk.confirm(alert.ref, by="Ben", now=NOW, expected_revision=1)
