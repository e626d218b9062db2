from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from alerts.courier import CourierPolicy
from alerts.dispatch import store_rendered
from alerts.errors import DeliveryFailed, FailureClass
from alerts.incidents import open_incidents
from alerts.lanes import lane_heads
from alerts.lock import courier_lock
from alerts.notes import NoteOrder
from alerts.orders import Orders
from alerts.outbox import Delivery, DeliveryState, cancel_unsent_to, deliveries_in
from alerts.patience import MAX_ATTEMPTS, MAX_RETRACTION_ATTEMPTS, next_attempt
from alerts.ports import Parcel
from alerts.subscribers import put_person
from alerts.subscription import PersonState
from alerts.tables import ATTEMPTS
from aoi.database import METADATA, open_database, reading, writing
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, days_ago

S = DeliveryState


class Unreliable:
    """A channel that fails as it is told, one failure after the other, and then works."""

    def __init__(self, *failures: FailureClass, folds: bool = False) -> None:
        self.folds = folds
        self._failures = list(failures)
        self.taken: list[Parcel] = []

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None and failure is not FailureClass.AMBIGUOUS:
            raise DeliveryFailed("refused as told", failure=failure, code=450)
        before_dot()
        self.taken.append(parcel)
        if failure is FailureClass.AMBIGUOUS:
            raise DeliveryFailed("cut off as told", failure=failure)
        return "250 taken"

    def close(self) -> None:
        """Nothing is kept open."""


def published(house: House, *failures: FailureClass, folds: bool = False) -> Unreliable:
    """Publish one alert to one reader over a channel that fails so; return the channel."""
    channel = Unreliable(*failures, folds=folds)
    house.channel = channel
    house.subscribe()
    house.confirmed()
    house.publish()
    return channel


def only(house: House) -> Delivery:
    (delivery,) = house.deliveries()
    return delivery


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


@pytest.mark.parametrize(
    ("attempts", "least", "most"),
    [
        pytest.param(1, 0.8, 1.2, id="a minute"),
        pytest.param(2, 4, 6, id="5 minutes"),
        pytest.param(3, 12, 18, id="15 minutes"),
        pytest.param(8, 288, 432, id="6 hours"),
        pytest.param(20, 288, 432, id="6 hours from then on"),
    ],
)
def test_waits_grow_from_a_minute_to_six_hours_with_a_fifth_of_jitter(
    attempts: int, least: float, most: float
) -> None:
    for name in ("a", "b", "c"):
        again_at = next_attempt(name, attempts, NOW, max_attempts=99)
        assert again_at is not None
        assert least <= (again_at - NOW).total_seconds() / 60 <= most


def test_after_about_three_days_it_is_given_up_and_a_retraction_after_two_weeks() -> None:
    def days_of_trying(most: int) -> float:
        at = NOW
        for attempts in range(1, most):
            again_at = next_attempt("a", attempts, at, most)
            assert again_at is not None
            at = again_at
        assert next_attempt("a", most, at, most) is None
        return (at - NOW) / timedelta(days=1)

    assert 2.5 < days_of_trying(MAX_ATTEMPTS) < 3.5
    assert 12 < days_of_trying(MAX_RETRACTION_ATTEMPTS) < 16


def test_a_transient_failure_waits_and_is_tried_again_with_the_same_bytes(house: House) -> None:
    channel = published(house, FailureClass.TRANSIENT)

    house.deliver()
    waiting = only(house)
    house.deliver(minutes(0.5))
    house.deliver(minutes(1.5))

    assert (waiting.state, waiting.last_error) == (S.RETRY_WAIT, "refused as told")
    assert only(house).state is S.ACCEPTED
    assert [parcel.raw for parcel in channel.taken] == [waiting.raw]
    assert only(house).attempts == 2


def test_a_dead_letter_is_shown_to_the_operator(house: House) -> None:
    published(house, *[FailureClass.TRANSIENT] * 40)

    for hour in range(0, 18 * 8, 8):
        house.deliver(NOW + timedelta(hours=hour))

    assert only(house).state is S.DEAD
    (incident,) = open_incidents(house.engine)
    assert incident.cause == f"delivery:{only(house).delivery_id}"


def test_a_refused_recipient_is_suppressed_and_not_tried_again(house: House) -> None:
    channel = published(house, FailureClass.RECIPIENT)

    house.deliver()
    house.deliver(minutes(600))

    assert only(house).state is S.FAILED_PERM
    assert channel.taken == []
    house.desk.reject(house.alerts.alerts()[0].ref, by="Ben", reason="other", now=NOW)


def test_a_relay_that_is_badly_set_up_rests_and_charges_nobody(house: House) -> None:
    house.subscribe("second@ngo.example")
    channel = published(house, FailureClass.CONFIG)

    assert house.deliver().failed == 1
    states = sorted(delivery.state for delivery in house.deliveries())
    assert states == [S.READY, S.RETRY_WAIT]
    assert house.deliver(minutes(6)).accepted == 2

    assert len(channel.taken) == 2
    assert [incident.cause for incident in open_incidents(house.engine)] == ["email:config"]


def test_what_may_have_been_taken_is_sent_once_more_and_then_left_alone(house: House) -> None:
    channel = published(house, FailureClass.AMBIGUOUS, FailureClass.AMBIGUOUS)

    house.deliver()
    assert only(house).state is S.UNKNOWN
    house.deliver(minutes(0.5))
    assert len(channel.taken) == 1  # it settles for a minute first
    house.deliver(minutes(2))
    house.deliver(minutes(4))
    house.deliver(minutes(600))

    first, second = channel.taken
    assert (first.raw, first.message_id) == (second.raw, second.message_id)
    assert only(house).state is S.DEAD
    assert only(house).possible_duplicate
    (incident,) = open_incidents(house.engine)
    assert "ambiguous twice" in incident.sentence


def test_an_operator_may_prefer_a_missed_message_to_a_second_copy(house: House) -> None:
    channel = published(house, FailureClass.AMBIGUOUS)
    courier = house.courier(CourierPolicy(on_unknown="hold"))

    courier.deliver_due(NOW)
    courier.deliver_due(minutes(600))

    assert only(house).state is S.UNKNOWN
    assert len(channel.taken) == 1


def test_a_message_refused_as_too_large_goes_once_without_its_pictures(house: House) -> None:
    channel = published(house, FailureClass.CONTENT)

    house.deliver()

    (parcel,) = channel.taken
    assert parcel.message_id.split("@")[0].endswith(".r2.l")
    assert b"image/jpeg" not in parcel.raw
    assert only(house).number == 1


def test_a_policy_refusal_holds_the_lane_but_not_a_retraction(house: House) -> None:
    channel = published(house, FailureClass.POLICY)
    house.deliver()
    assert only(house).state is S.FAILED_PERM
    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1), settlement_fraction=0.8))
    house.publish()

    assert house.deliver().accepted == 0
    assert channel.taken == []


def orphaned(house: House) -> None:
    """Leave a delivery as a courier leaves it that was killed between dot and reply."""

    class Killed(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            before_dot()
            raise KeyboardInterrupt

    published(house)
    channel, house.channel = house.channel, Killed()
    with pytest.raises(KeyboardInterrupt):
        house.deliver()
    house.channel = channel
    assert only(house).state is S.SENDING


def test_killed_before_the_dot_means_that_nobody_has_it(house: House) -> None:
    class Killed(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            raise KeyboardInterrupt

    published(house)
    channel, house.channel = house.channel, Killed()
    with pytest.raises(KeyboardInterrupt):
        house.deliver()
    house.channel = channel
    assert not house.alerts.alerts()[0].outside

    house.deliver()

    assert only(house).state is S.ACCEPTED
    assert not only(house).possible_duplicate


def test_killed_after_the_dot_means_that_somebody_may_have_it(house: House) -> None:
    orphaned(house)

    house.deliver()
    assert only(house).state is S.UNKNOWN
    assert house.alerts.alerts()[0].outside
    house.deliver(minutes(2))

    assert only(house).state is S.ACCEPTED
    assert only(house).possible_duplicate


def test_a_channel_that_folds_copies_knows_no_doubt(house: House) -> None:
    orphaned(house)
    house.channel = Unreliable(folds=True)

    house.deliver()

    assert only(house).state is S.ACCEPTED
    assert not only(house).possible_duplicate


def test_who_left_between_the_body_and_the_dot_gets_no_byte(house: House) -> None:
    class Slow(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            house.subscribe(state=PersonState.UNSUBSCRIBED)
            return super().send(parcel, before_dot)

    published(house)
    house.channel = channel = Slow()

    house.deliver()

    assert channel.taken == []
    assert (only(house).state, only(house).last_error) == (
        S.CANCELLED, "the person is unsubscribed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"state": PersonState.PAUSED}, "the person is paused", id="paused"),
        pytest.param({"clearance": "public"}, "the clearance was withdrawn", id="clearance"),
        pytest.param({"clearance": "partner"}, "the clearance was withdrawn", id="coarser"),
        pytest.param({"wishes": {"active": False}}, "the profiles that asked for it are gone",
                     id="profile"),
    ],
)  # fmt: skip
def test_who_may_no_longer_have_it_gets_no_byte(
    house: House, change: dict[str, object], why: str
) -> None:
    channel = published(house, FailureClass.TRANSIENT)
    house.deliver()  # rendered, and refused before the dot
    house.subscribe(**change)  # type: ignore[arg-type]  # changed by keyword

    house.deliver(minutes(5))

    assert (only(house).state, only(house).last_error) == (S.CANCELLED, why)
    assert channel.taken == []


def test_an_alert_withdrawn_between_claim_and_dot_does_not_leave(house: House) -> None:
    class Slow(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            house.desk.reject(house.alerts.alerts()[0].ref, by="Ben", reason="other", now=NOW)
            return super().send(parcel, before_dot)

    published(house)
    house.channel = channel = Slow()

    house.deliver()

    assert channel.taken == []
    assert (only(house).state, only(house).last_error) == (S.CANCELLED, "rejected by Ben: other")


def test_a_retraction_waits_behind_the_message_that_is_in_doubt(house: House) -> None:
    channel = published(house, FailureClass.AMBIGUOUS)
    house.deliver()
    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=NOW)
    house.publish()

    house.deliver()
    assert len(channel.taken) == 1
    house.deliver(minutes(2))

    # What was taken back meanwhile is not sent a second time.
    assert [parcel.message_id.split("@")[0][-2:] for parcel in channel.taken] == ["r2", "r3"]


def test_messages_to_a_person_are_numbered_without_gaps(house: House) -> None:
    published(house)
    house.deliver()
    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1), settlement_fraction=0.8))
    house.publish()
    house.deliver()

    assert [delivery.number for delivery in house.deliveries()] == [1, 2]
    text = house.deliveries()[1].raw or b""
    assert b"Message 2 to you; the last was 1 on 20 May 2024." in text


def test_a_clock_that_jumped_ahead_and_back_strands_nothing(house: House) -> None:
    published(house, FailureClass.TRANSIENT)
    house.deliver(NOW + timedelta(days=3650))

    house.deliver(NOW)
    house.deliver(NOW + timedelta(hours=7, minutes=12))

    assert only(house).state is S.ACCEPTED


def test_every_attempt_leaves_a_row(house: House) -> None:
    published(house, FailureClass.TRANSIENT)
    house.deliver()
    house.deliver(minutes(2))

    with reading(house.engine) as connection:
        rows = connection.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.n)).mappings().all()
    assert [(row["phase"], row["outcome"], row["code"]) for row in rows] == [
        ("connect", "transient", 450),
        ("dot", "accepted", 250),
    ]


def test_nothing_of_a_lane_overtakes(house: House) -> None:
    published(house, FailureClass.TRANSIENT)
    house.deliver()

    with reading(house.engine) as connection:
        assert lane_heads(connection, NOW) == []


def test_what_is_cancelled_while_it_is_written_keeps_no_number(house: House) -> None:
    staying = house.subscribe("staying@ngo.example")
    leaving = house.subscribe("leaving@ngo.example")
    house.confirmed()
    house.publish()
    with reading(house.engine) as connection:
        orders = Orders().of_all(connection, deliveries_in(connection), NOW)
    made = [
        (order, house.writer.write(order)) for order in orders if not isinstance(order, NoteOrder)
    ]

    with writing(house.engine) as connection:
        cancel_unsent_to(connection, leaving.person_id, "they left", NOW)
        store_rendered(connection, made, NOW)

    numbers = {one.person_id: (one.state, one.number) for one in house.deliveries()}
    assert numbers == {
        staying.person_id: (S.READY, 1),
        leaving.person_id: (S.CANCELLED, None),
    }


def test_a_person_who_leaves_while_others_are_sent_gets_not_even_the_dot(house: House) -> None:
    people = [house.subscribe(f"r{n}@ngo.example") for n in range(3)]
    last = max(people, key=lambda person: person.person_id)

    class OneLeaves(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            if not self.taken:
                with writing(house.engine) as connection:
                    put_person(connection, replace(last, state=PersonState.UNSUBSCRIBED), NOW)
            return super().send(parcel, before_dot)

    channel = OneLeaves()
    house.channel = channel
    house.confirmed()
    house.publish()

    house.deliver()

    assert last.address not in [parcel.address for parcel in channel.taken]
    assert [one.state for one in house.deliveries(person_id=last.person_id)] == [S.CANCELLED]
    assert len(channel.taken) == 2


@pytest.fixture
def file_house(tmp_path: Path) -> Iterator[House]:
    """The same house on a database file, beside which the lock lies."""
    engine: Engine = open_database(f"sqlite:///{tmp_path}/emberwatch.db")
    METADATA.create_all(engine)
    yield House(engine, tmp_path / "spool")
    engine.dispose()


def test_a_second_courier_leaves_the_sending_to_the_first(
    file_house: House, tmp_path: Path
) -> None:
    channel = published(file_house)

    with courier_lock(tmp_path / "emberwatch.db.courier-lock") as held:
        assert held
        assert file_house.deliver().standby
    assert channel.taken == []
    assert file_house.deliver().accepted == 1


def test_an_endpoint_that_hangs_delays_neither_mails_nor_other_endpoints(
    file_house: House,
) -> None:
    """G6: it may hang until everybody else has their message."""
    house = file_house
    readers = [house.subscribe(f"r{n}@ngo.example") for n in range(3)]
    urls = [
        house.subscribe(f"https://hook{n}.example", channel="webhook", form="full")
        for n in range(4)
    ]
    everybody_else = threading.Event()
    mails = Unreliable()

    class Hanging(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            if parcel.person_id == urls[0].person_id:
                assert everybody_else.wait(30), "the others waited for one that hangs"
            reply = super().send(parcel, before_dot)
            if len(mails.taken) + len(self.taken) == len(readers) + len(urls) - 1:
                everybody_else.set()
            return reply

    hooks = Hanging(folds=True)

    class Telling(Unreliable):
        def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
            reply = mails.send(parcel, before_dot)
            if len(mails.taken) + len(hooks.taken) == len(readers) + len(urls) - 1:
                everybody_else.set()
            return reply

    house.confirmed()
    house.publish()

    tally = house.courier(channels={"email": Telling(), "webhook": hooks}).deliver_due(NOW)

    assert tally.accepted == len(readers) + len(urls)
    assert {one.state for one in house.deliveries()} == {S.ACCEPTED}
    assert hooks.taken[-1].person_id == urls[0].person_id


def test_several_connections_send_each_message_once(file_house: House) -> None:
    house = file_house
    people = [house.subscribe(f"r{n}@ngo.example") for n in range(20)]
    channel = Unreliable()
    house.channel = channel
    house.confirmed()
    house.publish()

    house.courier(CourierPolicy(mail_connections=4)).deliver_due(NOW)

    assert sorted(p.address for p in channel.taken) == sorted(one.address for one in people)
    assert {one.state for one in house.deliveries()} == {S.ACCEPTED}
