"""Mails as bytes: made once, the same in every process that makes them (ALERTS 3.6, 5.1, 5.4)."""

from __future__ import annotations

import email.policy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart

from alerts.formats.dkim import DkimKey, signed
from alerts.words import plain

UNCODED = frozenset({"message-id", "in-reply-to", "references", "list-unsubscribe", "list-id"})
"""Headers of bare ASCII tokens: longer than a line, they must not become encoded words."""


class WirePolicy(email.policy.EmailPolicy):
    """CRLF, 7 bits, lines of 78; addresses and identifiers are never torn apart."""

    def fold(self, name: str, value: str) -> str:
        """Return a header as text."""
        return _folded(name, value) if name.lower() in UNCODED else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return a header as bytes."""
        if name.lower() in UNCODED:
            return _folded(name, value).encode("ascii")
        return super().fold_binary(name, value)


def _folded(name: str, value: str) -> str:
    tokens = "\r\n ".join(str(value).split(" "))
    return f"{name}: {tokens}\r\n"


WIRE = WirePolicy(linesep="\r\n", cte_type="7bit", max_line_length=78)


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How our mails are addressed. From ``[email]`` and ``[service]`` in config.toml."""

    sender: str = "alerts@emberwatch.invalid"
    sender_name: str = "Emberwatch alerts"
    reply_to: str = ""
    bounce_domain: str = ""
    """Domain of the envelope sender; empty: the sender's."""

    base_url: str = ""
    """Address of the web site, without a slash at the end; empty: no links."""

    dkim: DkimKey | None = None
    """Signs every mail; None where the mail server does."""

    max_message_bytes: int = 5_000_000
    """A message that would be larger leaves its attachments out."""

    @property
    def domain(self) -> str:
        """Domain of the sender: of Message-IDs and of the list."""
        return self.sender.rpartition("@")[2]

    @property
    def bounces(self) -> str:
        """Domain of the envelope sender."""
        return self.bounce_domain or self.domain


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    """Such as ``"text/html"``."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything a mail is made from; nothing of it depends on when it is sent."""

    delivery_id: str
    to: str = field(repr=False)
    subject: str
    message_id: str
    date: datetime
    language: str
    text: str
    html: str = ""
    """Empty: a mail of text only."""

    plate: bytes = b""
    """JPEG that the HTML shows, empty for none."""

    attachments: Sequence[Attachment] = ()
    in_reply_to: str = ""
    references: Sequence[str] = ()
    list_unsubscribe: Sequence[str] = ()
    """Addresses, https first."""

    marks: Sequence[tuple[str, str]] = ()
    """Further headers of ours, without place, person or area."""


def plate_cid_of(delivery_id: str, domain: str) -> str:
    """Return the Content-ID of the picture, without its brackets."""
    return f"plate.{delivery_id}@{domain}"


def mail_bytes(mail: Mail, settings: MailSettings) -> bytes:
    """Return the mail as it goes over the wire: CRLF, lines of 78, 7 bits.

    Raises
    ------
    ValueError
        If a header would hold a line break: an injected header is not sent.
    """
    message = EmailMessage(policy=WIRE)
    _set_headers(message, mail, settings)
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        if mail.plate:
            _add_plate(message, mail, settings)
    for attachment in mail.attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=attachment.name
        )
    # Set last: making a multipart moves every Content- header into the text part.
    message["Content-Language"] = mail.language
    _fix_boundaries(message, mail.delivery_id)
    raw = message.as_bytes()
    return raw if settings.dkim is None else signed(raw, settings.dkim, mail.date)


def _set_headers(message: EmailMessage, mail: Mail, settings: MailSettings) -> None:
    message["From"] = _mailbox(settings.sender_name, settings.sender)
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = mail.date
    message["Message-ID"] = mail.message_id
    if settings.reply_to:
        message["Reply-To"] = settings.reply_to
    if mail.in_reply_to:
        message["In-Reply-To"] = mail.in_reply_to
    if mail.references:
        message["References"] = " ".join(mail.references)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message["List-Id"] = f"<{settings.domain}>"
    if mail.list_unsubscribe:
        message["List-Unsubscribe"] = ", ".join(f"<{url}>" for url in mail.list_unsubscribe)
        if mail.list_unsubscribe[0].startswith("https:"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in mail.marks:
        message[name] = value


def _mailbox(name: str, address: str) -> Address:
    return Address(display_name=plain(name), addr_spec=address)


def _add_plate(message: EmailMessage, mail: Mail, settings: MailSettings) -> None:
    html = message.get_payload(1)
    assert isinstance(html, MIMEPart)
    cid = plate_cid_of(mail.delivery_id, settings.domain)
    html.add_related(
        mail.plate, maintype="image", subtype="jpeg", cid=f"<{cid}>", disposition="inline",
        filename="before-after.jpg",
    )  # fmt: skip


def _fix_boundaries(message: EmailMessage, delivery_id: str) -> None:
    """Set boundaries that do not change from one making to the next."""
    multiparts = [part for part in message.walk() if part.is_multipart()]
    for position, part in enumerate(multiparts):
        digest = hashlib.sha256(f"{delivery_id}|{position}".encode()).hexdigest()
        part.set_boundary(f"=_{digest[:40]}")
