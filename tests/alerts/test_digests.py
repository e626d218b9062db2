from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alerts.digests import Digests, runs_of
from alerts.outbox import DeliveryState
from alerts.publisher import PublisherPolicy
from alerts.silences import silence
from alerts.subscription import PersonState, SubscriptionPolicy
from monitor.area_job import AreaReport
from monitor.coverage import CoverageDay, CoverageState
from monitor.run import Outcome, Run
from monitor.store import MonitorStore
from tests.alerts.conftest import KEYS, House, words_of
from tests.builders import NOW, a_finding, a_square, days_ago
from tests.monitor.values import an_archived_look

MORNING = NOW + timedelta(days=1)


def a_digest(house: House) -> Digests:
    store = MonitorStore(house.engine)
    return Digests(house.engine, store, house.registry, KEYS, house.writer.shown)


def several(house: House, count: int) -> None:
    """Confirm alerts at places so far apart that each is an event of its own."""
    house.absorb(
        *(
            a_finding(finding_id=f"{n}" * 20, settlement_id=None, settlement_fraction=None,
                      geometry=a_square(200, east_m=2_000 * n))
            for n in range(count)
        )
    )  # fmt: skip
    for alert in house.alerts.alerts(states=["first"]):
        house.desk.confirm(alert.ref, by="Amina", now=NOW)
    house.publish()


def test_who_wants_one_mail_a_day_gets_one_mail_a_day(house: House) -> None:
    house.subscribe(wishes={"frequency": "daily"})
    several(house, 3)

    assert a_digest(house).queue_due(NOW) == 1  # the heartbeat of the week
    assert a_digest(house).queue_due(MORNING) == 1
    assert a_digest(house).queue_due(MORNING) == 0
    house.deliver(MORNING)

    digest = house.mails()[-1]
    assert digest["Subject"] == "[TLP:AMBER] Several alerts in one message"
    assert words_of(digest).count("CONFIRMED by an analyst") == 3
    assert words_of(digest).count("Days since the later of the two looks: ") == 3
    states = {delivery.state for delivery in house.deliveries(kind="burn")}
    assert states == {DeliveryState.IN_DIGEST}


def test_a_flood_is_told_in_one_mail_at_the_end_of_the_hour(house: House) -> None:
    house.policy = PublisherPolicy(subscriptions=SubscriptionPolicy(max_messages_per_hour=2))
    house.subscribe()
    house.absorb(*(
        a_finding(finding_id=f"{n}" * 20, settlement_id=None, settlement_fraction=None,
                  geometry=a_square(200, east_m=2_000 * n)) for n in range(5)
    ))  # fmt: skip
    for alert in house.alerts.alerts(states=["first"]):
        house.desk.confirm(alert.ref, by="Amina", now=NOW)
    house.publish()
    house.deliver()
    assert len(house.mails()) == 2

    later = NOW + timedelta(hours=1)
    a_digest(house).queue_due(later)
    house.deliver(later)

    (digest,) = [mail for mail in house.mails() if "Several" in mail["Subject"]]
    assert words_of(digest).count("CONFIRMED by an analyst") == 3


def test_what_was_taken_back_meanwhile_is_not_in_the_digest(house: House) -> None:
    house.subscribe(wishes={"frequency": "daily"})
    several(house, 2)
    gone, _ = house.alerts.alerts()
    house.desk.reject(gone.ref, by="Ben", reason="other", now=NOW)

    a_digest(house).queue_due(MORNING)
    house.deliver(MORNING)

    assert gone.ref not in words_of(house.mails()[-1])


def test_a_digest_whose_alert_was_taken_back_before_it_left_is_made_again_without_it(
    house: House,
) -> None:
    house.subscribe(wishes={"frequency": "daily"})
    several(house, 2)
    a_digest(house).queue_due(MORNING)
    gone, stays = house.alerts.alerts()
    house.desk.reject(gone.ref, by="Ben", reason="other", now=MORNING)

    house.deliver(MORNING)
    assert [m for m in house.mails() if "Several" in m["Subject"]] == []
    house.publish(MORNING)
    a_digest(house).queue_due(MORNING + timedelta(seconds=1))
    house.deliver(MORNING + timedelta(seconds=1))

    (digest,) = [mail for mail in house.mails() if "Several" in mail["Subject"]]
    assert stays.ref in words_of(digest) and gone.ref not in words_of(digest)


def test_who_read_it_in_a_digest_hears_of_its_retraction(house: House) -> None:
    house.subscribe(wishes={"frequency": "daily"})
    several(house, 2)
    a_digest(house).queue_due(MORNING)
    house.deliver(MORNING)
    taken_back = house.alerts.alerts()[0]
    assert taken_back.outside

    house.desk.retract(taken_back.ref, by="Ben", reason="false", now=MORNING)
    house.publish(MORNING)
    house.deliver(MORNING)

    (retraction,) = [mail for mail in house.mails() if "RETRACTED" in mail["Subject"]]
    assert taken_back.ref in retraction["Subject"]


def seen(house: House, *states: CoverageState) -> None:
    """Record the coverage of the last days, today's state last."""
    days = tuple(
        CoverageDay("sd-test", days_ago(age).date(), state, 0.8 if state == "seen" else 0.0,
                    "provider did not answer")
        for age, state in zip(range(len(states) - 1, -1, -1), states, strict=True)
    )  # fmt: skip
    looks = tuple(
        an_archived_look(look_id=f"look-{day.day}", acquired_at=NOW.replace(day=day.day.day))
        for day in days
        if day.state == "seen"
    )
    run = Run("run-1", "sd-test", NOW, NOW, Outcome.COMPLETED, "seen")
    MonitorStore(house.engine).record(AreaReport(run=run, coverage=days, looks=looks), NOW)


def test_a_heartbeat_says_what_was_seen_when_nothing_happened(house: House) -> None:
    house.subscribe()
    seen(house, CoverageState.SEEN, CoverageState.CLOUDY, CoverageState.SEEN)

    a_digest(house).queue_due(NOW)
    a_digest(house).queue_due(NOW + timedelta(days=2))
    house.deliver(NOW)

    (mail,) = house.mails()
    words = words_of(mail)
    assert mail["Subject"] == "[TLP:AMBER] What was seen this week"
    assert "TEST AREA Seen on 2 of 7 days, 80% of it clear at best; last on 20 May 2024." in words
    assert "ALERTS OF THE WEEK None." in words
    assert "BLIND" not in words


def test_a_heartbeat_says_since_when_an_area_is_blind_and_why(house: House) -> None:
    house.subscribe()
    seen(house, CoverageState.SEEN, *[CoverageState.PROVIDER_DOWN] * 16)

    a_digest(house).queue_due(NOW)
    house.deliver(NOW)

    assert "Not seen on any of 7 days. BLIND since 4 May 2024: provider did not answer" in words_of(
        house.mails()[0]
    )


def test_a_heartbeat_tells_the_fate_of_every_number_and_the_root_of_the_log(
    house: House,
) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()

    a_digest(house).queue_due(NOW)
    house.deliver()

    (mail,) = [mail for mail in house.mails() if "What was seen" in mail["Subject"]]
    words = words_of(mail)
    assert "MESSAGES TO YOU 1: sent" in words
    assert "Message 2 to you; the last was 1" in words
    assert "Its fingerprint today: " in words


@pytest.mark.parametrize(
    ("clearance", "heading"), [("partner", "AREA 1"), ("partner-full", "TEST AREA")]
)
def test_a_coarse_reader_is_not_told_the_name_of_an_area(
    house: House, clearance: str, heading: str
) -> None:
    house.subscribe(clearance=clearance)

    a_digest(house).queue_due(NOW)
    house.deliver()

    words = words_of(house.mails()[0])
    assert heading in words
    assert ("TEST AREA" in words) is (clearance == "partner-full")


@pytest.mark.parametrize(
    ("clearance", "said", "kept"),
    [
        ("partner-full", "sd-test, burn: harvest fires; until 25 May 2024.", "Some alerts"),
        ("public", "Some alerts, until 25 May 2024.", "harvest"),
    ],
)
def test_a_heartbeat_says_what_is_held_back_as_far_as_the_reader_may_know(
    house: House, clearance: str, said: str, kept: str
) -> None:
    house.subscribe(clearance=clearance)
    until = NOW + timedelta(days=5)
    silence(house.engine, "Olu", "harvest fires", NOW, until, aoi_id="sd-test", kind="burn")
    silence(house.engine, "Olu", "elsewhere", NOW, until, aoi_id="sd-other")

    a_digest(house).queue_due(NOW)
    house.deliver(NOW)

    words = words_of(house.mails()[0])
    assert said in words
    assert kept not in words and "elsewhere" not in words


def test_nobody_who_left_or_just_came_gets_a_heartbeat(house: House) -> None:
    house.subscribe("left@ngo.example", state=PersonState.UNSUBSCRIBED)
    house.subscribe("new@ngo.example", wishes={"starts_at": NOW})

    assert a_digest(house).queue_due(NOW) == 0


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([1, 2, 3, 5], "1-3, 5"), ([2, 1, 9, 8], "1-2, 8-9")],
)
def test_numbers_in_a_row_are_told_as_a_run(numbers: list[int], text: str) -> None:
    assert runs_of(numbers) == text


WAITING = PublisherPolicy(subscriptions=SubscriptionPolicy(group_wait=timedelta(minutes=5)))


def found_together(house: House, *shares: float, first: int = 0) -> None:
    house.absorb(*(
        a_finding(finding_id=f"{first + n}" * 20, settlement_id=None, settlement_fraction=share,
                  geometry=a_square(200, east_m=2_000 * (first + n)))
        for n, share in enumerate(shares)
    ))  # fmt: skip
    for alert in house.alerts.alerts(states=["first"]):
        house.desk.confirm(alert.ref, by="Amina", now=NOW)


def subjects_at(house: House, *at: datetime) -> list[str]:
    for now in at:
        house.publish(now)
        a_digest(house).queue_due(now)
        house.deliver(now)
    return [mail["Subject"] for mail in house.mails() if "week" not in mail["Subject"]]


def test_what_happens_together_in_an_area_shares_a_mail(house: House) -> None:
    house.policy = WAITING
    house.subscribe()
    found_together(house, 0.2, 0.2, 0.2)

    assert subjects_at(house, NOW, NOW + timedelta(minutes=4)) == []
    assert subjects_at(house, NOW + timedelta(minutes=5)) == [
        "[TLP:AMBER] Several alerts in one message"
    ]
    assert words_of(house.mails()[-1]).count("CONFIRMED by an analyst") == 3


def test_what_has_no_company_goes_out_as_a_mail_of_its_own(house: House) -> None:
    house.policy = WAITING
    house.subscribe()
    found_together(house, 0.2)
    (alert,) = house.alerts.alerts()

    assert subjects_at(house, NOW) == []
    assert subjects_at(house, NOW + timedelta(minutes=5)) == [
        f"[TLP:AMBER] Burned settlement, {alert.ref}"
    ]


def test_what_comes_within_the_hour_joins_one_roll_up(house: House) -> None:
    house.policy = WAITING
    house.subscribe()
    found_together(house, 0.2)
    assert len(subjects_at(house, NOW, NOW + timedelta(minutes=5))) == 1
    found_together(house, 0.2, 0.2, first=1)

    later = NOW + timedelta(minutes=10)
    assert len(subjects_at(house, later, NOW + timedelta(minutes=59))) == 1
    assert subjects_at(house, NOW + timedelta(minutes=60))[-1].endswith("in one message")


def test_what_is_bad_enough_waits_for_nobody(house: House) -> None:
    house.policy = WAITING
    house.subscribe()
    found_together(house, 0.2, 0.9)

    (subject,) = subjects_at(house, NOW)
    assert "Burned settlement" in subject


def test_a_program_gets_each_alert_by_itself_and_nothing_stays_behind(house: House) -> None:
    house.policy = PublisherPolicy(
        subscriptions=SubscriptionPolicy(
            max_messages_per_day=1, max_messages_per_hour=1, group_wait=timedelta(minutes=5)
        )
    )
    house.subscribe("https://hooks.ngo.example", channel="webhook", wishes={"frequency": "weekly"})
    found_together(house, 0.2, 0.2, 0.2)
    house.publish(NOW)

    states = [(one.state, one.channel) for one in house.deliveries()]
    assert states == [(DeliveryState.QUEUED, "webhook")] * 3
