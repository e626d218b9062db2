from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from monitor.mail_settings import EmailSection
from monitor.settings import (
    DatabaseSection,
    EngineSection,
    FirmsSection,
    ScheduleSection,
    Section,
    SentinelHubSection,
    ServiceSection,
    SourcesSection,
    StacSection,
    WebSection,
)

SENDING = {"channel": "smtp", "sender": "alerts@ngo.test"}
A_SECRET = SecretStr("0123456789abcdef0123456789abcdef")

REFUSED = [
    pytest.param(ServiceSection, {"timezone": "Mars"}, "no such time zone", id="time zone"),
    pytest.param(ServiceSection, {"base_url": "alerts.ngo.test"}, "https://", id="no scheme"),
    pytest.param(ServiceSection, {"language": "tlh"}, "'en', 'fr', 'ar' or 'my'", id="language"),
    pytest.param(ScheduleSection, {"every": "30s"}, "shortest is 1m", id="too often"),
    pytest.param(ScheduleSection, {"cron": "* * *"}, "fields", id="too few cron fields"),
    pytest.param(ScheduleSection, {"cron": "61 * * * *"}, "61", id="no such minute"),
    pytest.param(SourcesSection, {"order": ()}, "at least one", id="no source"),
    pytest.param(SourcesSection, {"order": ("stac", "stac")}, "twice", id="a source twice"),
    pytest.param(SourcesSection, {"order": ("firms",)}, "no map_key", id="no map key"),
    pytest.param(SourcesSection, {"order": ("sentinel_hub",)}, "no client_id", id="no client"),
    pytest.param(StacSection, {"timeout_s": 0}, "greater than 0", id="no time at all"),
    pytest.param(StacSection, {"timeout_s": float("inf")}, "finite", id="waits for ever"),
    pytest.param(EmailSection, {"channel": "smtp"}, "placeholder", id="placeholder as sender"),
    pytest.param(EmailSection, {"analysts": "me"}, "no mail address", id="no mail address"),
    pytest.param(EmailSection, {"username": "me"}, "is missing", id="a name without password"),
    pytest.param(
        EmailSection, {"sent_copy": "imap://a@mail.ngo.test"}, "no mailbox", id="IMAP in clear"
    ),
    pytest.param(
        EmailSection, {"inbound_imap": "imaps://a:b@mail.ngo.test"}, "no mailbox", id="password"
    ),
    pytest.param(
        EmailSection, {"sent_copy": "imaps://a@mail.ngo.test"}, "goes with", id="no copy address"
    ),
    pytest.param(EmailSection, {"dkim_domain": "ngo.test"}, "is missing", id="signs without key"),
    pytest.param(
        EmailSection,
        {**SENDING, "host": "mail.ngo.test", "security": "none"},
        "unencrypted",
        id="in the clear over the network",
    ),
    pytest.param(WebSection, {"secret_key": "short"}, "32 characters", id="short key"),
    pytest.param(EngineSection, {"kind": "dask"}, "must be set", id="no scheduler"),
    pytest.param(DatabaseSection, {"url": "mysql://x/y"}, "sqlite://", id="another database"),
]


@pytest.mark.parametrize(("section", "keys", "reason"), REFUSED)
def test_a_setting_that_cannot_work_is_refused_with_a_reason(
    section: type[Section], keys: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        section(**keys)


ACCEPTED = [
    pytest.param(ServiceSection, {"timezone": "Africa/Khartoum"}, id="time zone"),
    pytest.param(ScheduleSection, {"every": "1m"}, id="the shortest interval"),
    pytest.param(ScheduleSection, {"cron": "15 */3 * * *"}, id="cron"),
    pytest.param(EmailSection, {**SENDING, "security": "none"}, id="in the clear on this machine"),
    pytest.param(EmailSection, {**SENDING, "host": "mail.ngo.test"}, id="starttls elsewhere"),
    pytest.param(EmailSection, {"analysts": "a@ngo.test, b@ngo.test"}, id="commas"),
    pytest.param(EngineSection, {"kind": "dask", "address": "tcp://10.0.0.5:8786"}, id="dask"),
    pytest.param(DatabaseSection, {"url": "postgresql+psycopg://me@db/x"}, id="postgresql"),
    pytest.param(
        SourcesSection, {"order": ("firms",), "firms": FirmsSection(map_key=A_SECRET)}, id="firms"
    ),
    pytest.param(
        SourcesSection,
        {
            "order": ("sentinel_hub", "folder"),
            "sentinel_hub": SentinelHubSection(client_id="me", client_secret=A_SECRET),
        },
        id="sentinel hub",
    ),
]


@pytest.mark.parametrize(("section", "keys"), ACCEPTED)
def test_a_setting_that_works_is_taken(section: type[Section], keys: dict[str, Any]) -> None:
    assert section(**keys).model_fields_set == set(keys)


def test_a_schedule_is_every_hour_unless_told() -> None:
    assert ScheduleSection().every == timedelta(hours=1)


@pytest.mark.parametrize("section", Section.__subclasses__(), ids=lambda s: s.__name__)
def test_every_setting_says_what_it_is_for(section: type[Section]) -> None:
    undocumented = [
        name
        for name, field in section.model_fields.items()
        if not field.description and not issubclass(type(field.default), Section)
    ]

    assert undocumented == []
