"""Hostile and broken input from its entry to the message: corpus E, O and H (ALERTS 6)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

import capvalidator
import feedparser
import pytest

from alerts.bounces import BounceDesk, Report
from alerts.enrolment import Enrolment, Wish
from alerts.errors import BadToken, DeliveryFailed, FailureClass
from alerts.feedback import FeedbackBox
from alerts.incidents import open_incidents, words_missing
from alerts.keys import Keyring
from alerts.letters import LetterWriter
from alerts.ports import Parcel
from alerts.pulled import Reader
from alerts.tokens import Purpose, signed_token
from alerts.words import LANGUAGES, plain
from tests.alerts.conftest import KEYS, SETTINGS, House, PlainRenderer, read_chip, words_of
from tests.builders import NOW, a_settlement, an_aoi
from tests.maps.hostile import PAYLOADS

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
    "X-Alert-Ref", "X-Alert-Revision", "X-Alert-Seq", "X-Alert-Status", "X-Alert-TLP",
    "Content-Language", "MIME-Version", "Content-Type",
}  # fmt: skip


class Tags(HTMLParser):
    """Collects what a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.handlers: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.handlers |= {name for name, _ in attrs if name.startswith("on")}


def told_with(house: House, name: str, **person: Any) -> EmailMessage:
    """Return the mail about a village and an area of this name."""
    house.registry.add(replace(an_aoi(), name=name), NOW, replace=True)
    house.registry.add_settlements(
        "sd-test", [replace(a_settlement(), name=name)], NOW, replace=True
    )
    house.subscribe(wishes={"name": name}, organisation=name, **person)
    house.confirmed(looks_agreeing=2)
    house.publish()
    house.deliver()
    (mail,) = house.mails()
    return mail


@pytest.mark.parametrize("name", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_hostile_name_stays_a_name_in_every_message(house: House, name: str) -> None:
    mail = told_with(house, name)

    assert set(mail.keys()) <= HEADERS
    assert [mail.get_all(header) and len(mail.get_all(header) or []) for header in HEADERS
            if header in mail] == [1] * sum(header in mail for header in HEADERS)  # fmt: skip
    raw = mail.as_bytes()
    assert max(len(line) for line in raw.splitlines()) <= 998
    words = words_of(mail)
    assert all(character.isprintable() or character in "\u200c\u200d" for character in words)
    html = mail.get_body(("html",))
    assert html is not None
    tags = Tags()
    tags.feed(html.get_content())
    assert tags.names <= {
        "html", "head", "meta", "title", "body", "div", "p", "h1", "h2", "table", "tr", "td", "th",
        "tbody", "img", "a", "br", "span", "ul", "li", "strong", "main", "section",
    }  # fmt: skip
    assert tags.handlers == set()


@pytest.mark.parametrize("name", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_hostile_name_breaks_no_feed_no_cap_and_no_file(house: House, name: str) -> None:
    mail = told_with(house, name)
    reader = Reader("key-1", "partner-full")
    (alert,) = house.alerts.alerts()

    feed = feedparser.parse(house.pulled().feed(reader, NOW))
    cap = house.pulled().cap(alert.ref, reader, NOW)

    assert not feed.bozo and len(feed.entries) == 1
    assert capvalidator.check_schema(cap).passed
    (file,) = [
        part.get_content() for part in mail.iter_attachments()
        if part.get_content_type() == "application/geo+json"
    ]  # fmt: skip
    body = json.loads(file)
    assert body["properties"]["settlement"]["name"] in (plain(name), name, None)


def test_a_name_of_ten_megabytes_makes_a_mail_of_the_usual_size(house: House) -> None:  # O1
    mail = told_with(house, "A" * 10_000_000, attachments=False)

    assert len(mail.as_bytes()) < 350_000


def test_a_name_of_the_sender_adds_no_header(house: House) -> None:  # E9
    settings = replace(SETTINGS, sender_name="Watch\r\nBcc: x@example.org")
    house.writer = LetterWriter(PlainRenderer(), read_chip, KEYS, settings)

    mail = told_with(house, "Shagra")

    assert "Bcc" not in mail
    assert mail["From"] == '"Watch Bcc: x@example.org" <alerts@alerts.example.org>'


@pytest.mark.parametrize(
    ("address", "known", "warned"),
    [
        ("a@xn--ng-gmc.example", "b@ngo.example", True),
        ("a@ng0.example", "b@ngo.example", True),
        ("a@rnsf.example", "b@msf.example", True),
        ("a@ngo.example", "b@ngo.example", False),
        ("a@other.example", "b@ngo.example", False),
    ],
    ids=["Cyrillic o", "zero for o", "rn for m", "the same house", "another house"],
)
def test_a_domain_that_looks_like_a_known_one_is_shown_to_the_operator(  # O3
    house: House, address: str, known: str, warned: bool
) -> None:
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    enrolment.add(known, Wish(), NOW)

    person = enrolment.add(address, Wish(), NOW)

    causes = [one.cause for one in open_incidents(house.engine)]
    assert (f"look-alike:{person.person_id}" in causes) is warned


@pytest.fixture
def broken_french(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    french = LANGUAGES["fr"]
    words = {**french.WORDS, "what.burn": "Signature {not_there}", "head.what": "Vu {0}"}
    monkeypatch.setattr(french, "WORDS", words)
    return french


def test_a_sentence_that_is_broken_in_one_language_is_sent_in_english(  # O5
    house: House, broken_french: ModuleType
) -> None:
    house.writer = LetterWriter(
        PlainRenderer(), read_chip, KEYS, SETTINGS,
        report=lambda fault: words_missing(house.engine, lambda: NOW, fault),
    )  # fmt: skip

    mail = told_with(house, "Shagra", language="fr")

    words = words_of(mail)
    assert "Burn signature over" in words
    assert "CONFIRMÉ" in words.upper()
    causes = [one.cause for one in open_incidents(house.engine)]
    assert len(causes) == len(set(causes)) >= 1, "each fault is one incident"
    assert all(cause.startswith("words:fr: ") for cause in causes)


def test_a_template_that_fails_in_one_language_is_sent_in_english(  # O5
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LANGUAGES["fr"], "MONTHS", "12 months")
    faults: list[str] = []
    house.writer = LetterWriter(PlainRenderer(), read_chip, KEYS, SETTINGS, report=faults.append)
    told = told_with(house, "Shagra", language="fr")
    assert told["Content-Language"] == "fr", "odd months are no fault of the template"

    def failing(*_: object) -> str:
        raise ValueError("as told")

    monkeypatch.setattr("alerts.letters.own_text", failing)
    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=NOW)
    house.publish()
    house.deliver()

    (delivery,) = house.deliveries(reason="retracted")
    assert delivery.state == "render_error", "English fails as well here, and that is said"
    assert faults == ["fr: ValueError: the message was sent in English"]


FORGED = Keyring(b"another key of 16 bytes")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda who: signed_token(FORGED, Purpose.FEEDBACK, who, NOW, "e"), id="key"),
        pytest.param(lambda who: signed_token(KEYS, Purpose.MANAGE, who, NOW), id="purpose"),
        pytest.param(
            lambda who: signed_token(KEYS, Purpose.FEEDBACK, who, NOW - timedelta(days=91), "e"),
            id="expired",
        ),
        pytest.param(
            lambda who: signed_token(KEYS, Purpose.FEEDBACK, who, NOW, "e")[:-1], id="truncated"
        ),
        pytest.param(lambda who: "", id="empty"),
        pytest.param(lambda who: "é" * 40, id="not ASCII"),
        pytest.param(lambda who: "A" * 10_000_000, id="ten megabytes"),
        pytest.param(lambda who: "../../etc/passwd", id="a path"),
    ],
)
def test_every_bad_token_gets_one_answer(house: House, token: Any) -> None:  # O6
    person = house.subscribe()
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    box = FeedbackBox(house.engine, KEYS)
    bad = token(person.person_id)
    said = set()

    for attempt in (
        lambda: box.answer(bad, "true", "", NOW),
        lambda: box.event_of_link(bad, NOW),
        lambda: enrolment.unsubscribe_by_link(bad, NOW),
        lambda: enrolment.confirm_by_link(bad, NOW),
    ):
        with pytest.raises(BadToken) as refused:
            attempt()
        said.add(refused.value.message)

    assert said == {"this link does not work"}


def test_a_thousand_looks_at_a_link_change_nothing(house: House) -> None:  # H10
    person = house.subscribe()
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    token = signed_token(KEYS, Purpose.UNSUBSCRIBE, person.person_id, NOW)

    for _ in range(1_000):
        assert enrolment.person_of_link(Purpose.UNSUBSCRIBE, token, NOW).state == "active"

    assert enrolment.people()[0][0].state == "active"


def test_the_words_of_a_server_reach_the_operator_without_the_address(house: House) -> None:
    from alerts.channels.email import _words

    said = _words(b"550 5.1.1 <reader@ngo.example>: Recipient rejected; reader@ngo.example")

    assert "ngo.example" not in said
    assert re.fullmatch(r"550 5\.1\.1 <…>: Recipient rejected; …", said)


def test_a_report_about_our_own_report_is_never_answered(house: House) -> None:  # H6
    desk = BounceDesk(house.engine, KEYS)

    assert desk.take("mailer-daemon@relay.example", b"anything", NOW) is Report.FORGED
    house.deliver()
    assert house.mails() == []


class Refusing:
    """An endpoint that answers one status, whatever comes."""

    folds = True

    def __init__(self, code: int) -> None:
        self._code = code

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        raise DeliveryFailed("refused as told", failure=FailureClass.TRANSIENT, code=self._code)

    def close(self) -> None:
        """Nothing is kept open."""


@pytest.mark.parametrize(
    ("code", "attempts"), [(302, 1), (404, 3), (429, 99), (503, 99)], ids=["J1", "4xx", "J3", "5xx"]
)
def test_what_only_the_owner_of_an_endpoint_can_mend_is_told(  # J1, D15
    house: House, code: int, attempts: int
) -> None:
    house.subscribe("https://hooks.ngo.example", channel="webhook")
    house.confirmed()
    house.publish()
    told_after = 99
    for attempt in range(1, 5):
        courier = house.courier(channels={"webhook": Refusing(code)})
        courier.deliver_due(NOW + timedelta(days=attempt))
        if open_incidents(house.engine) and told_after == 99:
            told_after = attempt

    assert told_after == attempts


def test_a_retraction_that_cannot_be_sent_asks_for_a_person(house: House) -> None:
    person = house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()
    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=NOW)
    house.publish()

    gone = DeliveryFailed("no such user", failure=FailureClass.RECIPIENT, code=550)
    house.courier(channels={"email": Failing(gone)}).deliver_due(NOW)

    (incident,) = open_incidents(house.engine)
    assert f"person {person.person_id} still has what was RETRACTED" in incident.sentence


class Failing(Refusing):
    """A channel that fails in one way."""

    folds = False

    def __init__(self, failure: DeliveryFailed) -> None:
        super().__init__(failure.code)
        self._failure = failure

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        raise self._failure
