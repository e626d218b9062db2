"""The sections of config.toml about mail and about backups."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo
from pydantic import field_validator as checks

from monitor.settings import Address, Addresses, Names, Port, Seconds, Section

MAILBOX = re.compile(
    r"imaps://[^\s:/@]+@[^\s/@]+(/.*)?"
    r"|imap://[^\s:/@]+@(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/.*)?"
)
"""Encrypted, but on this machine; a password stands in a file and not here."""


class EmailSection(Section):
    channel: Literal["spool", "smtp"] = "spool"
    """spool writes each message to a file and sends nothing; smtp sends"""
    spool: Path = Path("data/spool")
    """folder of the written messages"""
    host: str = "127.0.0.1"
    """mail server that takes our messages"""
    port: Port = 25
    """its port: 25 local, 587 with starttls, 465 with tls"""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """none is allowed for a server on this machine only"""
    username: str = ""
    """name to log in with; empty: no login"""
    password: SecretStr | None = None
    """password to log in with"""
    password_file: Path | None = None
    """file that holds password, readable by the service alone"""
    sender: Address = "alerts@emberwatch.invalid"
    """address in From"""
    sender_name: str = "Emberwatch alerts"
    """name in From; may be a neutral one"""
    reply_to: str = ""
    """address that answers go to; empty: the sender"""
    bounce_domain: str = ""
    """domain of the envelope sender, whose bounces reach us; empty: the sender's"""
    inbound: Path | None = None
    """Maildir into which the mail server puts what comes back: bounces, mails to unsub@"""
    inbound_imap: str = ""
    """the same as a mailbox on a server: imaps://user@host/folder"""
    sent_copies: Path | None = None
    """Maildir of the mail server's copies of what it accepted; asked before a mail is sent again"""
    sent_copy: str = ""
    """mailbox of the copies where the server is a remote relay: imaps://user@host/folder"""
    copy_address: str = ""
    """address of that mailbox, which gets each mail up to TLP:AMBER in the same transaction"""
    imap_password: SecretStr | None = None
    """password of these mailboxes"""
    imap_password_file: Path | None = None
    """file that holds imap_password, readable by the service alone"""
    probe_address: str = ""
    """mailbox of ours that takes the probes which prove that the copies work"""
    queue_command: Names = ("postqueue", "-j")
    """prints the mail server's queue, one JSON object a line"""
    analysts: Addresses = ()
    """addresses that are told of provisional findings"""
    timeout_s: Seconds = 60
    """seconds to wait for one answer of the server"""
    final_timeout_s: Seconds = 660
    """seconds to wait for the answer to a whole message; 660 for a relay, 60 on this machine"""
    connections: Annotated[int, Field(ge=1, le=32)] = 1
    """connections at a time, for a relay far away; a crash leaves one mail of each in doubt"""
    max_message_mb: Annotated[float, Field(gt=0, le=50)] = 5
    """a message that would be larger leaves its attachments out"""
    dkim_domain: str = ""
    """domain that signs; empty: the mail server signs, or nobody"""
    dkim_selector: str = "emberwatch"
    """name of the key in the DNS"""
    dkim_key: SecretStr | None = None
    """private key in PEM"""
    dkim_key_file: Path | None = None
    """file that holds dkim_key, readable by the service alone"""

    @checks("security")
    @classmethod
    def _is_not_plain_over_the_network(cls, security: str, info: ValidationInfo) -> str:
        sends = info.data.get("channel") == "smtp"
        near = info.data.get("host") in {"localhost", "127.0.0.1", "::1"}
        if sends and security == "none" and not near:
            raise ValueError("messages would cross the network unencrypted; use starttls or tls")
        return security

    @checks("password")
    @classmethod
    def _comes_with_a_name(
        cls, password: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if info.data.get("username") and not password:
            raise ValueError("is missing although username is set")
        return password

    @checks("sender")
    @classmethod
    def _can_be_answered(cls, sender: str, info: ValidationInfo) -> str:
        if info.data.get("channel") == "smtp" and sender.endswith(".invalid"):
            raise ValueError("is a placeholder; set the address that you send from")
        return sender

    @checks("probe_address")
    @classmethod
    def _proves_the_copies(cls, address: str, info: ValidationInfo) -> str:
        if (info.data.get("sent_copies") or info.data.get("sent_copy")) and not address:
            raise ValueError("is missing although copies are set: nothing would prove them")
        return address

    @checks("copy_address")
    @classmethod
    def _has_a_mailbox(cls, address: str, info: ValidationInfo) -> str:
        if bool(info.data.get("sent_copy")) is not bool(address):
            raise ValueError("goes with sent_copy: the address of the mailbox that is asked")
        return address

    @checks("sent_copy", "inbound_imap")
    @classmethod
    def _is_a_mailbox(cls, url: str) -> str:
        if url and not MAILBOX.fullmatch(url):
            raise ValueError("is no mailbox; write it like imaps://user@host/folder")
        return url

    @checks("dkim_key")
    @classmethod
    def _comes_with_a_domain(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("dkim_domain") and not key:
            raise ValueError("is missing although dkim_domain is set")
        return key


class BackupSection(Section):
    journal: Path | None = None
    """folder of the journal that a restored backup needs; empty: in data_folder"""
    journal_people: bool = False
    """keep addresses and wishes in it too, encrypted; else who came after a backup is lost"""
    passphrase: SecretStr | None = None
    """what backups are encrypted with, 12 characters or more"""
    passphrase_file: Path | None = None
    """file that holds passphrase, readable by the service alone"""


class RetentionSection(Section):
    message_days: Annotated[int, Field(ge=0, le=3650)] = 30
    """days after which the text of a message that arrived is cleared; 0: never"""
    copy_days: Annotated[int, Field(ge=0, le=3650)] = 7
    """days after which the mail server's copies are deleted, 7 or more; 0: never"""
    journal_months: Annotated[int, Field(ge=0, le=120)] = 13
    """months of the journal that are kept, more than your oldest backup is old; 0: all"""

    @checks("copy_days")
    @classmethod
    def _outlasts_doubts(cls, days: int) -> int:
        if 0 < days < 7:
            raise ValueError("is less than a restored backup asks for; 7 or more, or 0 for ever")
        return days
