"""A person at a browser, and the site before them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, insert

from alerts.channels.guard import Guard
from alerts.corrections import Corrections
from alerts.endpoints import Endpoints
from alerts.enrolment import Enrolment
from alerts.feedback import FeedbackBox
from alerts.formats.mail import MailSettings
from alerts.keys import Keyring
from alerts.letters import LetterWriter
from alerts.pulled import Pulled
from alerts.queue import AlertQueue
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from alerts.subscription import SubscriptionPolicy
from alerts.web.accounts import Accounts
from alerts.web.api_keys import ApiKeys
from alerts.web.parts import Parts, SiteSettings
from alerts.web.passwords import hashed
from alerts.web.second_factors import SecondFactors
from alerts.web.sessions import Sessions
from alerts.web.sign_ins import SignIns
from alerts.web.tables import ACCOUNTS
from aoi.database import writing
from aoi.registry import AoiRegistry
from maps.renderer import FoliumRenderer
from monitor.store import MonitorStore
from tests.builders import an_observation

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)
PASSWORD = "seven grey herons wade"
TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@cache
def kept_password() -> str:
    """What is kept of `PASSWORD`: made once, since it takes a fifth of a second."""
    return hashed(PASSWORD)


def some_parts(db: Engine, folder: Path, **changes: Any) -> Parts:
    """A site on a database, at noon of 20 May 2024."""
    keys, registry = Keyring(b"k" * 32), AoiRegistry(db)
    enrolment = Enrolment(db, registry, keys)
    made = Parts(
        database=db,
        registry=registry,
        store=MonitorStore(db),
        alerts=AlertStore(db),
        queue=AlertQueue(db),
        desk=ReviewDesk(db),
        corrections=Corrections(db),
        enrolment=enrolment,
        endpoints=Endpoints(db, enrolment, keys, Guard(True)),
        feedback=FeedbackBox(db, keys),
        pulled=Pulled(db, keys, some_writer(keys), SubscriptionPolicy()),
        accounts=Accounts(db),
        sessions=Sessions(db),
        sign_ins=SignIns(db, keys),
        second_factors=SecondFactors(db, keys),
        api_keys=ApiKeys(db),
        renderer=FoliumRenderer(),
        keys=keys,
        settings=SiteSettings(data_folder=folder),
        now=lambda: NOW,
        unwell=lambda: "",
    )
    return replace(made, **changes)


def some_writer(keys: Keyring) -> LetterWriter:
    """What decides who may see what, and knows our address."""
    settings = MailSettings("alerts@alerts.example.org", base_url="http://127.0.0.1:8000")
    return LetterWriter(FoliumRenderer(), lambda path: an_observation(), keys, settings)


def add_person(parts: Parts, name: str, role: str, areas: list[str] | None = None) -> None:
    """Add a person whose password is `PASSWORD`."""
    row = {"name": name, "role": role, "areas": areas, "password_hash": kept_password(),
           "created_at": NOW, "changed_at": NOW}  # fmt: skip
    with writing(parts.database) as connection:
        connection.execute(insert(ACCOUNTS).values(**row))


class Browser:
    """Keeps cookies, reads the hidden token of forms, and sends them back with it."""

    def __init__(self, client: TestClient, parts: Parts) -> None:
        self.client = client
        self.parts = parts
        self.token = ""

    def sign_in(self, role: str, name: str = "amina", areas: list[str] | None = None) -> None:
        """Become a person; without the form, which has tests of its own."""
        add_person(self.parts, name, role, areas)
        self.client.cookies.set("emberwatch", self.parts.sessions.open(name, self.parts.now()))

    def get(self, path: str, **more: Any) -> Response:
        """Open a page, and remember the token of its forms."""
        answer = self.client.get(path, **more)
        found = TOKEN.search(answer.text) if "text/html" in answer.headers.get(
            "content-type", ""
        ) else None  # fmt: skip
        self.token = found[1] if found else self.token
        return answer

    def send(self, path: str, /, **fields: Any) -> Response:
        """Send a form, with the token of the page before it."""
        body = {"form_token": self.token, **fields}
        return self.client.post(path, data=body)
