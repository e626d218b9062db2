from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.errors import BadToken, NotAllowed
from alerts.feedback import FeedbackBox
from alerts.tokens import Purpose, signed_token
from tests.alerts.conftest import KEYS, House, words_of
from tests.builders import NOW


@pytest.fixture
def box(house: House) -> FeedbackBox:
    return FeedbackBox(house.engine, KEYS)


def link_in_mail(house: House) -> str:
    house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()
    (link,) = [word for word in words_of(house.mails()[0]).split() if "/feedback/" in word]
    return link.rpartition("/")[2]


def test_an_answer_by_the_link_in_a_mail_waits_for_the_desk_and_changes_no_state(
    house: House, box: FeedbackBox
) -> None:
    token = link_in_mail(house)
    event_id = box.event_of_link(token, NOW)

    box.answer(token, "not_true", "it is a brick kiln\r\nBcc: x", NOW)

    (answer,) = box.of_event(event_id)
    assert (answer.verdict, answer.note) == ("not_true", "it is a brick kiln Bcc: x")
    assert box.waiting() == [event_id]
    assert house.alerts.alert(event_id).status == "confirmed"


def test_once_the_desk_has_spoken_nothing_waits(house: House, box: FeedbackBox) -> None:
    box.answer(link_in_mail(house), "unsure", "", NOW)

    house.desk.unsure(house.alerts.alerts()[0].ref, by="Amina", now=NOW + timedelta(hours=1))

    assert box.waiting() == []


def test_looking_at_the_link_answers_nothing(house: House, box: FeedbackBox) -> None:
    token = link_in_mail(house)

    event_id = box.event_of_link(token, NOW)

    assert box.of_event(event_id) == []


@pytest.mark.parametrize("purpose", [Purpose.MANAGE, Purpose.UNSUBSCRIBE])
def test_links_of_another_purpose_are_refused(box: FeedbackBox, purpose: Purpose) -> None:
    token = signed_token(KEYS, purpose, "p1", NOW, "fire-a")

    with pytest.raises(BadToken):
        box.answer(token, "true", "", NOW)


def test_an_old_link_and_a_word_that_is_no_answer_are_refused(
    house: House, box: FeedbackBox
) -> None:
    token = link_in_mail(house)

    with pytest.raises(BadToken):
        box.answer(token, "true", "", NOW + timedelta(days=91))
    with pytest.raises(NotAllowed, match="'maybe' is no answer"):
        box.answer(token, "maybe", "", NOW)
