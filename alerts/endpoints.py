"""Programs that receive alerts: their addresses, their secrets, and whether they answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update

from alerts.channels.guard import Guard, Resolve, resolved
from alerts.channels.webhook import Webhook, secret_text
from alerts.enrolment import Enrolment, Wish
from alerts.formats.webhook import challenge_body
from alerts.keys import Keyring
from alerts.letters import WEBHOOK
from alerts.ports import Parcel
from alerts.subscription import Person
from alerts.tables import PERSONS
from aoi.database import reading, writing

OLD_SECRET_SIGNS_FOR = timedelta(days=1)
"""Both secrets sign for so long after a rotation, so that the receiver can change over."""


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What the owner of an endpoint is told, once."""

    person: Person
    secret: str
    """``whsec_...``, to verify signatures with."""


class Endpoints:
    """Adds endpoints of webhooks, and asks them for their challenge.

    Parameters
    ----------
    engine : Engine
    enrolment : Enrolment
    keys : Keyring
    guard : Guard
        Which addresses may be connected to.
    """

    def __init__(
        self, engine: Engine, enrolment: Enrolment, keys: Keyring, guard: Guard,
        resolve: Resolve = resolved,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._enrolment = enrolment
        self._keys = keys
        self._guard = guard
        self._resolve = resolve

    def add(self, url: str, wish: Wish, now: datetime) -> NewEndpoint:
        """Add an endpoint; nothing is sent to it before it answered its challenge.

        Raises
        ------
        InvalidAddress
            Names the rule that the address breaks.
        """
        self._guard.target(url, self._resolve)
        person = self._enrolment.add(url, wish, now, channel=WEBHOOK)
        (secret,) = self.secrets(person.person_id, now)[:1]
        return NewEndpoint(person, secret_text(secret))

    def activate(self, person_id: str, channel: Webhook, now: datetime) -> bool:
        """Post a challenge, and begin to send if the endpoint gives it back.

        Raises
        ------
        UnknownSubscriber
        DeliveryFailed
            If the endpoint cannot be reached.
        """
        person = self._enrolment.person(person_id)
        challenge = hashlib.sha256(
            self._keys.derived("challenge") + f"{person_id}|{now.isoformat()}".encode()
        ).hexdigest()[:32]
        body = challenge_body(challenge, now)
        parcel = Parcel(
            f"challenge-{person_id}", "", person.address, f"dlv_{challenge}", body, person_id
        )
        if not channel.answers_challenge(parcel, challenge):
            return False
        self._enrolment.confirm(person_id, now)
        return True

    def secrets(self, person_id: str, now: datetime) -> Sequence[bytes]:
        """Return the secrets that sign for an endpoint now, the current one first."""
        query = select(PERSONS.c.secret_generation, PERSONS.c.secret_rotated_at).where(
            PERSONS.c.person_id == person_id
        )
        with reading(self._engine) as connection:
            generation, rotated_at = connection.execute(query).one()
        secrets = [self._keys.webhook_secret(person_id, generation)]
        if rotated_at is not None and now < rotated_at + OLD_SECRET_SIGNS_FOR:
            secrets.append(self._keys.webhook_secret(person_id, generation - 1))
        return secrets

    def rotate(self, person_id: str, now: datetime) -> str:
        """Give an endpoint a new secret, and return it; the old one signs for a day more."""
        with writing(self._engine) as connection:
            connection.execute(
                update(PERSONS)
                .where(PERSONS.c.person_id == person_id)
                .values(secret_generation=PERSONS.c.secret_generation + 1, secret_rotated_at=now)
            )
        return secret_text(self.secrets(person_id, now)[0])
