from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts.alert import Alert
from alerts.digests import Digests
from alerts.intake import IntakePolicy
from alerts.outbox import DeliveryState
from alerts.publisher import Publisher, PublisherPolicy
from alerts.subscribers import person_id_of
from alerts.subscription import PersonState, SubscriptionPolicy
from alerts.tables import DECISIONS, REVISIONS
from aoi.area import Sensitivity
from aoi.database import reading
from monitor.finding import FindingKind, Tier
from monitor.store import MonitorStore
from tests.alerts.conftest import KEYS, House, words_of
from tests.builders import NOW, a_finding, a_square, an_aoi, days_ago


def sent_to(house: House) -> list[tuple[str, str]]:
    """Return the address and reason of every delivery, oldest first."""
    return [(mail["To"], mail["Subject"]) for mail in house.mails()]


def test_a_confirmed_alert_reaches_a_cleared_subscriber_once(house: House) -> None:
    house.subscribe()
    house.confirmed()

    house.publish()
    house.publish()
    house.deliver()
    house.deliver()

    (mail,) = house.mails()
    assert mail["To"] == "reader@ngo.example"
    assert mail["Subject"] == f"[TLP:AMBER] Burned settlement, {house.alerts.alerts()[0].ref}"


def test_nothing_leaves_before_a_person_has_looked(house: House) -> None:
    house.subscribe(wishes={"unreviewed": True})
    house.opened(tier=Tier.A, looks_agreeing=3)

    assert house.publish() == 0


def test_an_area_may_send_tier_a_to_those_who_asked_for_unreviewed(house: House) -> None:
    house.policy = PublisherPolicy(subscriptions=SubscriptionPolicy(auto_publish_aois=("sd-test",)))
    house.subscribe("careful@ngo.example")
    house.subscribe("eager@ngo.example", wishes={"unreviewed": True})
    house.opened(tier=Tier.A, looks_agreeing=3)

    house.publish()
    house.deliver()

    (mail,) = house.mails()
    assert mail["To"] == "eager@ngo.example"
    assert "not yet seen by an analyst" in words_of(mail)


def test_the_desk_hears_of_what_waits_for_its_review(house: House) -> None:
    house.policy = PublisherPolicy(analysts=("desk@ngo.example",))

    alert = house.opened(looks_agreeing=2)
    house.publish()
    house.deliver()

    assert sent_to(house) == [
        ("desk@ngo.example", f"[TLP:AMBER] To review: Possible burned settlement, {alert.ref}")
    ]


def test_more_of_the_same_is_no_message(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()

    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1), known_at=days_ago(1)))

    assert house.publish() == 0


def test_escalation_is_told_and_an_update_only_to_those_who_want_updates(house: House) -> None:
    house.subscribe("all@ngo.example")
    house.subscribe("few@ngo.example", wishes={"updates": False})
    house.confirmed()
    house.publish()
    house.deliver()

    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1), area_m2=60_000))
    assert house.publish() == 1
    house.deliver()
    house.absorb(a_finding(finding_id="h" * 20, last_seen=NOW, settlement_fraction=0.8))
    assert house.publish() == 2

    reasons = [(d.reason, d.rank.severity) for d in house.deliveries(state="queued")]
    assert reasons == [("escalated", 3), ("escalated", 3)]


def test_one_message_however_many_profiles_match(house: House) -> None:
    person = house.subscribe()
    house.subscribe(
        wishes={"profile_id": f"{person.person_id}-2", "name": "Everything", "min_tier": Tier.C}
    )
    house.confirmed()

    assert house.publish() == 1
    (delivery,) = house.deliveries()
    assert sorted(delivery.profiles) == ["Everything", "Villages"]


def test_who_is_not_sent_it_leaves_a_row_that_says_why(house: House) -> None:
    house.subscribe(wishes={"min_tier": Tier.A})
    house.confirmed()
    house.publish()

    with reading(house.engine) as connection:
        rows = [(row.outcome, row.reason) for row in connection.execute(select(DECISIONS))]
    assert rows == [("skip", "below_tier")]


def test_the_revision_keeps_what_was_said(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()

    with reading(house.engine) as connection:
        (revision,) = connection.execute(select(REVISIONS)).mappings()
    assert (revision["revision"], revision["tlp"]) == (2, "TLP:AMBER")
    assert revision["payload"]["status"] == "confirmed"


def test_a_retraction_goes_to_exactly_those_who_may_have_it(house: House) -> None:
    left = house.subscribe("left@ngo.example")
    house.subscribe("stays@ngo.example")
    house.confirmed()
    house.publish()
    house.deliver()
    house.subscribe("left@ngo.example", state=PersonState.UNSUBSCRIBED)
    house.subscribe("new@ngo.example")

    ref = house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="unsafe", now=NOW).ref
    house.publish()
    house.deliver()

    retractions = [mail for mail in house.mails() if "RETRACTED" in mail["Subject"]]
    assert sorted(mail["To"] for mail in retractions) == ["left@ngo.example", "stays@ngo.example"]
    (owed,) = [mail for mail in retractions if mail["To"] == left.address]
    body = owed.get_body(("plain",))
    assert body is not None and "although you left the list" in " ".join(body.get_content().split())
    assert ref in owed["Subject"] and owed["In-Reply-To"] is not None
    assert house.publish() == 0


def test_what_never_reached_anybody_is_withdrawn_without_a_word(house: House) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()

    house.desk.reject(alert.ref, by="Ben", reason="other", now=NOW)
    house.publish()
    house.deliver()

    assert house.mails() == []


def test_a_newer_revision_takes_the_place_of_one_that_was_not_sent(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1), settlement_fraction=0.8))
    house.publish()
    house.deliver()

    states = [delivery.state for delivery in house.deliveries()]
    assert states == [DeliveryState.SUPERSEDED, DeliveryState.ACCEPTED]
    assert len(house.mails()) == 1


@pytest.mark.parametrize(
    ("sensitivity", "kind", "clearance", "sent"),
    [
        (Sensitivity.PARTNERS, FindingKind.BURN, "public", 0),
        (Sensitivity.PARTNERS, FindingKind.BURN, "partner", 1),
        (Sensitivity.PARTNERS, FindingKind.CAMP_NEW, "partner-full", 0),
        (Sensitivity.PARTNERS, FindingKind.CAMP_NEW, "restricted", 1),
        (Sensitivity.RESTRICTED, FindingKind.BURN, "partner-full", 0),
    ],
)
def test_an_uncleared_person_has_no_row_at_all(
    house: House, sensitivity: Sensitivity, kind: FindingKind, clearance: str, sent: int
) -> None:
    house.registry.add(an_aoi(sensitivity=sensitivity), NOW, replace=True)
    house.subscribe(clearance=clearance)
    house.confirmed(kind=kind)

    assert house.publish() == sent
    assert len(house.deliveries()) == sent


def test_the_public_hears_a_month_later(house: House) -> None:
    house.registry.add(an_aoi(sensitivity=Sensitivity.PUBLIC), NOW, replace=True)
    house.subscribe(clearance="public")
    house.confirmed()
    house.publish()

    assert house.deliver(NOW + timedelta(days=29)).accepted == 0
    assert house.deliver(NOW + timedelta(days=30)).accepted == 1


def test_a_settlement_is_not_repeated_within_the_cool_down_unless_it_grew_worse(
    house: House,
) -> None:
    house.subscribe()
    house.intake = house.intake_with(IntakePolicy(join_within=timedelta(days=1)))
    house.confirmed(first_seen=days_ago(6), last_seen=days_ago(6))
    house.publish()
    house.deliver()

    house.absorb(a_finding(finding_id="g" * 20, first_seen=days_ago(3), last_seen=days_ago(3)))
    house.absorb(a_finding(finding_id="h" * 20, settlement_fraction=0.5))
    for alert in house.alerts.alerts(states=["first"]):
        house.desk.confirm(alert.ref, by="Amina", now=NOW)

    assert house.publish() == 1
    (delivery,) = house.deliveries(state="queued")
    assert delivery.rank.severity == 2  # half of the village is severe, a quarter was moderate


def test_what_was_retracted_does_not_mute_what_is_found_there_afterwards(house: House) -> None:
    house.subscribe()
    first = house.confirmed()
    house.publish()
    house.deliver()
    house.desk.retract(first.ref, by="Ben", reason="false", now=NOW)

    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1)))
    (second,) = house.alerts.alerts(states=["first"])
    house.desk.confirm(second.ref, by="Amina", now=NOW)
    house.publish()
    house.deliver()

    (mail,) = [mail for mail in house.mails() if second.ref in mail["Subject"]]
    assert second.follows == first.event_id
    assert "earlier report at this place was retracted" in words_of(mail)


def test_who_comes_later_gets_one_summary_if_they_ask_for_it(house: House) -> None:
    standing = [confirmed_at(house, place) for place in range(3)]
    house.publish()
    person = house.subscribe(wishes={"starts_at": NOW})
    later = NOW + timedelta(hours=1)
    publisher = Publisher(house.engine, KEYS, house.policy)

    assert publisher.catch_up(person, NOW - timedelta(days=30), later) == 3
    assert publisher.catch_up(person, NOW - timedelta(days=30), later) == 0
    store = MonitorStore(house.engine)
    Digests(house.engine, store, house.registry, KEYS, house.writer.shown).queue_due(later)
    house.deliver(later)

    (mail,) = [one for one in house.mails() if "Several alerts" in one["Subject"]]
    assert all(alert.ref in words_of(mail) for alert in standing)

    house.desk.retract(standing[0].ref, by="Ben", reason="false", now=later)
    house.publish(later)
    house.deliver(later)
    assert "RETRACTED" in house.mails()[-1]["Subject"]


def test_a_summary_tells_nobody_what_they_may_not_know(house: House) -> None:
    confirmed_at(house, 0)
    house.publish()
    person = house.subscribe(clearance="public")

    caught_up = Publisher(house.engine, KEYS, house.policy).catch_up(
        person, NOW - timedelta(days=30), NOW
    )

    assert caught_up == 0
    assert house.deliveries() == []


def test_who_comes_between_confirmation_and_publishing_keeps_nobody_else_waiting(
    house: House,
) -> None:
    house.subscribe("first@ngo.example")
    confirmed_at(house, 0)
    late = house.subscribe("late@ngo.example", wishes={"starts_at": NOW})
    publisher = Publisher(house.engine, KEYS, house.policy)
    publisher.catch_up(late, NOW - timedelta(days=30), NOW)

    publisher.publish_released(NOW)

    assert {one.person_id for one in house.deliveries()} >= {
        person_id_of("email", "first@ngo.example", KEYS.derived("person")), late.person_id,
    }  # fmt: skip
    assert house.alerts.untold() == []


def confirmed_at(house: House, place: int) -> Alert:
    """Return a confirmed alert at one of several places far from each other."""
    house.absorb(
        a_finding(finding_id=f"{place}" * 20, settlement_id=None, settlement_fraction=None,
                  geometry=a_square(200, east_m=2_000 * place))
    )  # fmt: skip
    return house.desk.confirm(house.alerts.alerts(states=["first"])[0].ref, "Amina", NOW)
