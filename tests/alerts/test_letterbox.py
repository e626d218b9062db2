from __future__ import annotations

import pytest

from alerts.errors import FailureClass, NotAllowed, UnknownAlert
from alerts.incidents import open_incidents
from alerts.letterbox import Letterbox
from alerts.subscription import PersonState
from tests.alerts.conftest import House
from tests.alerts.test_courier import only, published
from tests.builders import NOW


def test_what_was_given_up_is_seen_and_tried_again_with_the_same_bytes(house: House) -> None:
    channel = published(house, FailureClass.POLICY)
    house.deliver()
    box = Letterbox(house.engine)
    (stuck,) = box.stuck()
    raw = stuck.raw

    box.retry(stuck.delivery_id, NOW)
    house.deliver()

    assert [parcel.raw for parcel in channel.taken] == [raw]
    assert (box.stuck(), open_incidents(house.engine)) == ([], [])
    assert box.counts() == {"accepted": 1}


def test_what_somebody_may_have_is_not_tried_again(house: House) -> None:
    published(house, FailureClass.AMBIGUOUS, FailureClass.AMBIGUOUS)
    for _ in range(4):
        house.deliver(NOW.replace(minute=_ * 10))

    with pytest.raises(NotAllowed, match="cannot be tried again"):
        Letterbox(house.engine).retry(only(house).delivery_id, NOW)
    with pytest.raises(UnknownAlert):
        Letterbox(house.engine).retry("nothing", NOW)


def test_a_recall_holds_everything_unsent_in_one_act(house: House) -> None:
    channel = published(house)
    box = Letterbox(house.engine)

    assert box.recall(NOW) == 1
    assert house.deliver().accepted == 0
    assert only(house).hold_reason == "recall"
    assert box.let_go(NOW, house.alerts.alerts()[0].ref) == 1
    assert house.deliver().accepted == 1
    assert len(channel.taken) == 1


def test_what_was_sent_cannot_be_recalled(house: House) -> None:
    published(house)
    house.deliver()

    assert Letterbox(house.engine).recall(NOW, house.alerts.alerts()[0].ref) == 0


def test_the_deliveries_of_an_alert_are_found_by_its_reference(house: House) -> None:
    published(house)
    house.subscribe("other@ngo.example", state=PersonState.PAUSED)

    assert len(Letterbox(house.engine).of_event(house.alerts.alerts()[0].ref)) == 1
