"""Builds what carries messages out and what comes back, from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine as Database

from alerts.bounces import BounceDesk
from alerts.channels.chat import Chat
from alerts.channels.email import COPIED_LABELS, Email, SmtpSettings
from alerts.channels.guard import Guard
from alerts.channels.spool import Spool
from alerts.channels.webhook import Webhook, WebhookSettings
from alerts.courier import Courier
from alerts.endpoints import Endpoints
from alerts.enrolment import Enrolment
from alerts.generation import Generations
from alerts.imap import ImapArchive, ImapBox, ImapInbox
from alerts.inbound import Inbound
from alerts.incidents import words_missing
from alerts.keys import Keyring
from alerts.letters import CHAT, LetterWriter
from alerts.maildirs import Archive, Inbox, MaildirArchive
from alerts.ports import Channel, MapRenderer
from alerts.recipient_keys import RecipientKeys
from alerts.retention import Retention
from alerts.sent_copies import CopySettings, SentCopies
from aoi.registry import AoiRegistry
from monitor.archive import load_chip
from monitor.config import Config
from monitor.observation import Observation
from monitor.policies import courier_policy, mail_settings, retention_policy


def channels_of(
    config: Config, endpoints: Endpoints, guard: Guard, now: Callable[[], datetime]
) -> dict[str, Channel]:
    """Return what carries messages, by the names that deliveries have."""
    settings = WebhookSettings(
        config.webhooks.timeout_s, config.webhooks.max_answer_kb * 1_000, guard
    )
    return {
        "email": mail_channel_of(config),
        CHAT: Chat(),
        "webhook": Webhook(settings, lambda who: endpoints.secrets(who, now()), now),
    }


def mail_channel_of(config: Config) -> Channel:
    """Return what carries mails: a mail server, or a folder of files."""
    email = config.email
    if email.channel == "spool":
        return Spool(email.spool)
    return Email(
        SmtpSettings(
            host=email.host,
            port=email.port,
            security=email.security,
            username=email.username,
            password=email.password.get_secret_value() if email.password else "",
            timeout_s=email.timeout_s,
            final_timeout_s=email.final_timeout_s,
            copy_address=email.copy_address,
        )
    )


def writer_of(
    config: Config, database: Database, keys: Keyring, renderer: MapRenderer,
    recipient_keys: RecipientKeys, now: Callable[[], datetime],
) -> LetterWriter:  # fmt: skip
    """Return what writes messages; a place is hidden among the settlements that we know."""
    return LetterWriter(
        renderer, partial(_chip, config.service.data_folder), keys, mail_settings(config),
        gazetteer=AoiRegistry(database).count_in,
        report=partial(words_missing, database, now), key_of=recipient_keys.of,
    )  # fmt: skip


def courier_of(
    config: Config, database: Database, channels: Mapping[str, Channel], writer: LetterWriter,
    keys: Keyring, generations: Generations | None,
) -> Courier:  # fmt: skip
    """Return what sends."""
    copies = sent_copies_of(config, channels["email"], keys)
    return Courier(database, channels, writer, keys, courier_policy(config), copies, generations)


def sent_copies_of(config: Config, channel: Channel, keys: Keyring) -> SentCopies | None:
    """Return what knows which mails the server took, if it keeps copies for us."""
    email = config.email
    if email.channel != "smtp" or not (email.sent_copies or email.sent_copy):
        return None
    archive = archive_of(config)
    assert archive is not None  # one of the two is set
    if email.sent_copies is not None:
        settings = CopySettings(archive, email.probe_address, email.queue_command)
    else:
        settings = CopySettings(archive, email.probe_address, (), COPIED_LABELS)
    return SentCopies(settings, channel, keys, mail_settings(config).bounces)


def archive_of(config: Config) -> Archive | None:
    """Return the mail server's copies of what it took, None where it keeps none for us."""
    if config.email.sent_copies is not None:
        return MaildirArchive(config.email.sent_copies)
    if config.email.sent_copy:
        return ImapArchive(_mailbox(config, config.email.sent_copy))
    return None


def retention_of(config: Config, database: Database) -> Retention:
    """Return what deletes old texts."""
    mails = mail_settings(config)
    return Retention(
        database, retention_policy(config), archive_of(config), (mails.domain, mails.bounces)
    )


def inbound_of(
    config: Config, database: Database, keys: Keyring, enrolment: Enrolment
) -> Inbound | None:
    """Return what reads returned mail, if there is a mailbox for it."""
    inbox: Path | Inbox | None = config.email.inbound
    if config.email.inbound_imap:
        inbox = ImapInbox(_mailbox(config, config.email.inbound_imap))
    if inbox is None:
        return None
    return Inbound(database, inbox, BounceDesk(database, keys), enrolment)


def _mailbox(config: Config, url: str) -> ImapBox:
    password = config.email.imap_password
    return ImapBox.from_url(url, password.get_secret_value() if password else "")


def _chip(folder: Path, path: str) -> Observation:
    return load_chip(folder / path)
