from __future__ import annotations

import json
import threading
from importlib.util import find_spec
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alerts.channels.chat import Chat, require_chat_address
from alerts.errors import DeliveryFailed, FailureClass, InvalidAddress
from alerts.outbox import DeliveryState
from alerts.ports import Parcel
from monitor.finding import FindingKind
from tests.alerts.conftest import House
from tests.builders import NOW

# Apprise imports what Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

if find_spec("apprise") is None:
    pytest.skip("needs the extra channels", allow_module_level=True)


def address_of(server: HTTPServer) -> str:
    return f"json://127.0.0.1:{server.port}/room"


def posted(house: House, server: HTTPServer, status: int = 200, **alert: Any) -> list[str]:
    """Publish an alert to a chat room, and return what the room was told."""
    server.expect_request("/room").respond_with_data("", status=status)
    house.subscribe(address_of(server), channel="chat", clearance="named")
    house.desk.confirm(house.opened(**alert).ref, "Amina", NOW)
    house.publish()
    house.courier(channels={"chat": Chat(deadline_s=20)}).deliver_due(NOW)
    return [f"{request.json['title']}\n{request.json['message']}" for request, _ in server.log]


def test_a_room_is_told_label_and_reference_and_nothing_of_the_place(
    house: House, httpserver: HTTPServer
) -> None:
    (told,) = posted(house, httpserver)

    (alert,) = house.alerts.alerts()
    assert told.startswith(f"[TLP:AMBER] Burned settlement, {alert.ref}\n")
    assert f"https://watch.example.org/alerts/{alert.event_id}" in told
    assert "Shagra" not in told and "13.6" not in told
    assert house.deliveries()[0].state is DeliveryState.ACCEPTED


def test_what_is_for_few_goes_to_no_room(house: House, httpserver: HTTPServer) -> None:
    assert posted(house, httpserver, kind=FindingKind.CAMP_NEW) == []

    assert house.deliveries()[0].state is DeliveryState.CANCELLED


def test_a_service_that_refuses_is_asked_again(house: House, httpserver: HTTPServer) -> None:
    posted(house, httpserver, status=500)

    assert house.deliveries()[0].state is DeliveryState.RETRY_WAIT


def test_a_service_that_never_answers_does_not_keep_the_courier(
    house: House, httpserver: HTTPServer
) -> None:
    answered = threading.Event()

    def hang(_: Request) -> Response:
        answered.wait(20)
        return Response("")

    httpserver.expect_request("/room").respond_with_handler(hang)
    house.subscribe(address_of(httpserver), channel="chat")
    house.confirmed()
    house.publish()

    house.courier(channels={"chat": Chat(deadline_s=0.3)}).deliver_due(NOW)
    answered.set()

    assert house.deliveries()[0].state is DeliveryState.RETRY_WAIT


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("file:///etc/passwd", "file:// is no chat service"),
        ("https://hooks.example.org", "https:// is no chat service"),
        ("mailto://user:pass@example.org", "mailto:// is no chat service"),
        ("nothing://x", "nothing:// is no chat service that is known"),
        ("tgram://", "its address is not whole"),
    ],
)
def test_what_is_no_room_is_refused_without_its_secret(url: str, what: str) -> None:
    with pytest.raises(InvalidAddress, match=what) as refused:
        require_chat_address(url)

    assert "pass" not in str(refused.value)


def test_a_failure_says_what_it_means(httpserver: HTTPServer) -> None:
    parcel = Parcel("d1", "", "json://127.0.0.1:1/x", "<m>", json.dumps({}).encode())

    with pytest.raises(DeliveryFailed) as refused:
        Chat(deadline_s=20).send(parcel, lambda: None)

    assert refused.value.failure is FailureClass.TRANSIENT
