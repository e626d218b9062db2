from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.enrolment import Enrolment, EnrolmentPolicy, Wish
from alerts.errors import BadToken, InvalidAddress, UnknownSubscriber
from alerts.grading import Severity
from alerts.incidents import open_incidents
from alerts.keys import Keyring
from alerts.subscription import Person, PersonState, Send, Skip
from alerts.tokens import Purpose, signed_token
from aoi.errors import UnknownAoi
from monitor.finding import Tier
from tests.alerts.conftest import KEYS, House, words_of
from tests.builders import NOW, a_finding, a_square, an_aoi

OTHER_KEYS = Keyring(b"another key of 16 bytes")

CLEARED = Wish(clearance="partner-full", aois=("sd-test",))


@pytest.fixture
def enrolment(house: House) -> Enrolment:
    policy = EnrolmentPolicy(operators=("operator@ngo.example",))
    return Enrolment(house.engine, house.registry, KEYS, policy)


def token_of(house: House, path: str) -> str:
    """Return the token of a link in the latest mail."""
    (link,) = [word for word in words_of(house.mails()[-1]).split() if f"/{path}/" in word]
    return link.rpartition("/")[2]


def test_a_new_address_gets_nothing_but_the_question_until_it_confirmed(
    house: House, enrolment: Enrolment
) -> None:
    enrolment.add("Reader@NGO.example", CLEARED, NOW)
    house.confirmed()
    house.publish()
    house.deliver()

    (mail,) = house.mails()
    assert mail["Subject"] == "[TLP:CLEAR] Confirm your address"
    assert mail["To"] == "Reader@ngo.example"
    assert mail["List-Unsubscribe"] is None

    person = enrolment.confirm_by_link(token_of(house, "confirm"), NOW)
    assert person.state is PersonState.ACTIVE


def test_what_is_published_after_confirming_is_sent(house: House, enrolment: Enrolment) -> None:
    enrolment.add("reader@ngo.example", CLEARED, NOW)
    enrolment.confirm("reader@ngo.example", NOW)

    house.confirmed()
    house.publish()
    house.deliver()

    assert [mail["To"] for mail in house.mails()][-1] == "reader@ngo.example"
    assert len(house.mails()) == 2


@pytest.mark.parametrize(
    ("purpose", "age", "keys"),
    [
        pytest.param(Purpose.CONFIRM, timedelta(days=4), KEYS, id="O6 expired"),
        pytest.param(Purpose.UNSUBSCRIBE, timedelta(0), KEYS, id="O6 of another purpose"),
        pytest.param(
            Purpose.CONFIRM, timedelta(0), type(KEYS)(b"another key 16 b"), id="O6 forged"
        ),
    ],
)
def test_every_bad_link_gets_one_and_the_same_answer(
    enrolment: Enrolment, purpose: Purpose, age: timedelta, keys: Any
) -> None:
    person = enrolment.add("reader@ngo.example", CLEARED, NOW)
    token = signed_token(keys, purpose, person.person_id, NOW - age)

    with pytest.raises(BadToken, match="this link does not work"):
        enrolment.confirm_by_link(token, NOW)


def test_nobody_is_bombed_with_confirmations(house: House, enrolment: Enrolment) -> None:
    for _ in range(1_000 // 100):
        enrolment.add("victim@ngo.example", CLEARED, NOW)
    house.deliver()

    assert len(house.mails()) == 3
    enrolment.add("victim@ngo.example", CLEARED, NOW + timedelta(days=1))
    house.deliver(NOW + timedelta(days=1))
    assert len(house.mails()) == 4


def test_looking_at_a_link_changes_nothing(house: House, enrolment: Enrolment) -> None:
    person = enrolment.add("reader@ngo.example", CLEARED, NOW, confirmed=True)
    token = signed_token(KEYS, Purpose.UNSUBSCRIBE, person.person_id, NOW)

    for _ in range(20):
        enrolment.person_of_link(Purpose.UNSUBSCRIBE, token, NOW)

    ((same, _),) = enrolment.people()
    assert same.state is PersonState.ACTIVE


def test_one_click_leaves_at_once_and_again_is_no_error(house: House, enrolment: Enrolment) -> None:
    person = enrolment.add("reader@ngo.example", CLEARED, NOW, confirmed=True)
    house.confirmed()
    house.publish()
    token = signed_token(KEYS, Purpose.UNSUBSCRIBE, person.person_id, NOW)

    for _ in range(2):
        assert enrolment.unsubscribe_by_link(token, NOW).state is PersonState.UNSUBSCRIBED
    house.deliver()

    assert [mail["To"] for mail in house.mails()] == ["operator@ngo.example"]


def test_leaving_is_told_to_the_colleagues_and_the_operator(
    house: House, enrolment: Enrolment
) -> None:
    ngo = {"organisation": "The NGO", "clearance": "partner-full", "aois": ("sd-test",)}
    enrolment.add("leaver@ngo.example", Wish(**ngo), NOW, confirmed=True)  # type: ignore[arg-type]
    enrolment.add("stayer@ngo.example", Wish(**ngo), NOW, confirmed=True)  # type: ignore[arg-type]
    enrolment.add("stranger@other.example", CLEARED, NOW, confirmed=True)

    enrolment.remove("leaver@ngo.example", NOW)
    house.deliver()

    told = sorted(mail["To"] for mail in house.mails())
    assert told == ["operator@ngo.example", "stayer@ngo.example"]
    assert "l…@ngo.example was unsubscribed on 20 May 2024" in words_of(house.mails()[0])
    assert open_incidents(house.engine) == []


def test_an_area_that_lost_its_last_reader_is_an_incident(
    house: House, enrolment: Enrolment
) -> None:
    enrolment.add("only@ngo.example", CLEARED, NOW, confirmed=True)

    enrolment.remove("only@ngo.example", NOW)

    (incident,) = open_incidents(house.engine)
    assert incident.sentence.startswith("area sd-test has no active recipient any more")


def test_who_comes_back_is_asked_again(enrolment: Enrolment) -> None:
    enrolment.add("reader@ngo.example", CLEARED, NOW, confirmed=True)
    enrolment.remove("reader@ngo.example", NOW)

    assert enrolment.add("reader@ngo.example", CLEARED, NOW).state is PersonState.PENDING


def test_a_person_does_not_gain_or_lose_clearance_by_adding_a_profile(
    enrolment: Enrolment,
) -> None:
    enrolment.add("reader@ngo.example", CLEARED, NOW, confirmed=True)

    person = enrolment.add("reader@ngo.example", Wish(name="More", aois=("sd-test",)), NOW)

    assert (person.clearance, person.state) == ("partner-full", PersonState.ACTIVE)
    assert [p.name for _, profiles in enrolment.people() for p in profiles] == ["Alerts", "More"]


def test_a_new_person_has_the_lowest_clearance(enrolment: Enrolment) -> None:
    assert enrolment.add("reader@ngo.example", Wish(), NOW).clearance == "public"


def test_no_area_named_means_those_of_today(house: House, enrolment: Enrolment) -> None:
    enrolment.add("reader@ngo.example", Wish(), NOW)
    house.registry.add(an_aoi(aoi_id="sd-later", geometry=a_square(900, east_m=9_000)), NOW)

    ((_, (profile,)),) = enrolment.people()
    assert profile.aois == ("sd-test",)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (Wish(clearance="desk"), InvalidAddress),
        (Wish(language="xx"), InvalidAddress),
        (Wish(frequency="hourly"), InvalidAddress),
        (Wish(aois=("nowhere",)), UnknownAoi),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    enrolment: Enrolment, wish: Wish, error: type[Exception]
) -> None:
    with pytest.raises(error):
        enrolment.add("reader@ngo.example", wish, NOW)
    assert enrolment.people() == []


def test_pausing_and_resuming(house: House, enrolment: Enrolment) -> None:
    enrolment.add("reader@ngo.example", CLEARED, NOW, confirmed=True)
    house.confirmed()
    house.publish()

    assert enrolment.pause("reader@ngo.example", NOW).state is PersonState.PAUSED
    assert house.deliver().accepted == 0
    person: Person = enrolment.resume("READER@ngo.example", NOW)
    assert person.state is PersonState.ACTIVE


def test_nobody_by_that_name(enrolment: Enrolment) -> None:
    with pytest.raises(UnknownSubscriber, match=r"nobody is subscribed as 'x@y\.org'"):
        enrolment.pause("x@y.org", NOW)


def test_a_preview_says_what_the_last_days_would_have_brought_and_why_not(
    house: House, enrolment: Enrolment
) -> None:
    house.confirmed()
    house.absorb(a_finding(finding_id="g" * 20, settlement_id=None, tier=Tier.C,
                           geometry=a_square(200, east_m=5_000)))  # fmt: skip
    enrolment.add("reader@ngo.example", CLEARED, NOW + timedelta(days=2))

    first, second = enrolment.preview("reader@ngo.example", NOW + timedelta(days=2), days=7)

    verdicts = {type(first.verdict): first, type(second.verdict): second}
    assert verdicts[Send].verdict == Send("first")
    assert verdicts[Send].profiles == ("Alerts",)
    assert isinstance(verdicts[Skip].verdict, Skip)
    assert enrolment.preview("reader@ngo.example", NOW + timedelta(days=40), days=7) == []


@pytest.mark.parametrize(
    ("wish", "what"),
    [
        (Wish(time_zone="Africa/Nowhere"), "'Africa/Nowhere' is no time zone"),
        (Wish(day_hours=(22, 7)), "a day from 22 to 7"),
        (Wish(day_hours=(0, 25)), "a day from 0 to 25"),
    ],
)
def test_a_day_that_cannot_be_is_refused(house: House, wish: Wish, what: str) -> None:
    with pytest.raises(InvalidAddress, match=what):
        Enrolment(house.engine, house.registry, KEYS).add("a@ngo.example", wish, NOW)


def test_night_zone_and_units_are_kept_with_the_profile(house: House) -> None:
    wish = Wish(units=("SD04",), night_severity=Severity.SEVERE, day_hours=(6, 20),
                time_zone="Africa/Khartoum")  # fmt: skip
    enrolment = Enrolment(house.engine, house.registry, KEYS)

    enrolment.add("a@ngo.example", wish, NOW)

    ((person, (profile,)),) = enrolment.people()
    assert person.time_zone == "Africa/Khartoum"
    assert (profile.aois, profile.units) == ((), ("SD04",))
    assert (profile.night_severity, profile.day_hours) == (Severity.SEVERE, (6, 20))
