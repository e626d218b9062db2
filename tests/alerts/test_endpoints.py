from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from alerts.channels.guard import Guard
from alerts.channels.webhook import Webhook, WebhookSettings
from alerts.endpoints import Endpoints
from alerts.enrolment import Enrolment, Wish
from alerts.errors import InvalidAddress
from alerts.subscription import PersonState
from tests.alerts.channels.test_webhook import Receiver, authority, channel, receiver
from tests.alerts.conftest import KEYS, House
from tests.builders import NOW

__all__ = ["authority", "channel", "receiver"]  # fixtures of the channel's own tests

CLEARED = Wish(clearance="partner-full", aois=("sd-test",))


def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
def endpoints(house: House) -> Endpoints:
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    return Endpoints(house.engine, enrolment, KEYS, Guard(allow_private=True), loopback)


def url_of(receiver: Receiver) -> str:
    return f"https://hooks.example.org:{receiver.port}/in"


def joined(endpoints: Endpoints, channel: Webhook) -> Webhook:
    """Return the channel with the secrets of these endpoints."""
    settings: WebhookSettings = channel._settings
    return Webhook(settings, lambda who: endpoints.secrets(who, NOW), lambda: NOW, loopback)


def test_an_endpoint_that_leads_inside_is_not_added(house: House) -> None:
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    strict = Endpoints(house.engine, enrolment, KEYS, Guard())

    with pytest.raises(InvalidAddress, match="not public"):
        strict.add("https://127.0.0.1/in", CLEARED, NOW)
    assert enrolment.people() == []


def test_nothing_is_sent_before_the_challenge_was_given_back(
    house: House, endpoints: Endpoints, channel: Webhook, receiver: Receiver
) -> None:
    new = endpoints.add(url_of(receiver), CLEARED, NOW)
    hooks = joined(endpoints, channel)

    assert not endpoints.activate(new.person.person_id, hooks, NOW)
    assert house.alerts and receiver.got[0][2] != b""
    house.confirmed()
    assert house.publish() == 0

    challenge = json.loads(receiver.got[0][2])["data"]["challenge"]
    receiver.body = json.dumps({"challenge": challenge}).encode()
    assert endpoints.activate(new.person.person_id, hooks, NOW)


def test_an_alert_is_posted_and_verified_with_the_secret_that_was_given(
    house: House, endpoints: Endpoints, channel: Webhook, receiver: Receiver
) -> None:
    new = endpoints.add(url_of(receiver), CLEARED, NOW)
    Enrolment(house.engine, house.registry, KEYS).confirm(new.person.person_id, NOW)
    house.confirmed()
    house.publish()

    hooks = joined(endpoints, channel)
    courier = house.courier(channels={"webhook": hooks})
    assert courier.deliver_due(NOW).accepted == 1

    ((_, headers, body),) = receiver.got
    posted = json.loads(body)
    assert posted["type"] == "alert.published.v1"
    assert (posted["data"]["seq"], posted["data"]["severity"]) == (1, "moderate")
    assert headers["webhook-id"] == posted["data"]["delivery_id"]
    # Its clock is the test's: the stamp is years old, so the signature is compared by hand.
    verifier = Verifier(new.secret)
    assert verifier.sign(headers["webhook-id"], NOW, body.decode()) in headers["webhook-signature"]


def test_both_secrets_sign_for_a_day_after_a_rotation(endpoints: Endpoints) -> None:
    person_id = endpoints.add("https://hooks.example.org/in", CLEARED, NOW).person.person_id
    (first,) = endpoints.secrets(person_id, NOW)

    endpoints.rotate(person_id, NOW)

    current, old = endpoints.secrets(person_id, NOW + timedelta(hours=23))
    assert old == first != current
    assert endpoints.secrets(person_id, NOW + timedelta(hours=24)) == [current]


def test_a_new_endpoint_is_pending_and_gets_no_mail(house: House, endpoints: Endpoints) -> None:
    new = endpoints.add("https://hooks.example.org/in", CLEARED, NOW)

    assert new.person.state is PersonState.PENDING
    assert new.secret.startswith("whsec_")
    assert house.deliveries() == []
