"""Mails as bytes: made once, the same in every process that makes them (ALERTS 3.6, 5.1, 5.4).

A list of readers gets mails that differ in a few lines only. What they share
is encoded once: `email` would take longer for each mail than its delivery.
"""

from __future__ import annotations

import base64
import email.policy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import quoprimime
from email.headerregistry import Address
from email.utils import format_datetime
from functools import lru_cache

from alerts.formats.dkim import DkimKey, signed
from alerts.words import plain

SHARED_PIECES = 32
"""Encoded pieces that are kept for the next reader, at most a few MB each."""

WIRE = email.policy.SMTP.clone(cte_type="7bit", max_line_length=78)

PLATE_CID = "plate"


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

    unsubscribe_mailbox: bool = False
    """True if mails to ``unsub@`` the sender's domain reach us."""

    exercise: bool = False
    """A dry run: every subject says that it is a test."""

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
class Body:
    """A text in which some lines are the reader's own, and the rest is everybody's."""

    before: str
    own: str = ""
    after: str = ""

    @property
    def whole(self) -> str:
        """The text as it is read."""
        return self.before + self.own + self.after


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything a mail is made from; nothing of it depends on when it is sent."""

    delivery_id: str
    to: str = field(repr=False)
    subject: str
    message_id: str
    date: datetime
    language: str
    text: Body
    html: Body | None = None
    """None: a mail of text only."""

    plate: bytes = b""
    """JPEG that the HTML shows as ``cid:`` and `plate_cid_of`, empty for none."""

    attachments: Sequence[Attachment] = ()
    in_reply_to: str = ""
    references: Sequence[str] = ()
    list_unsubscribe: Sequence[str] = ()
    """Addresses, https first."""

    marks: Sequence[tuple[str, str]] = ()
    """Further headers of ours, without place, person or area."""


def plate_cid_of(domain: str) -> str:
    """Return the Content-ID of the picture, without its brackets."""
    return f"{PLATE_CID}@{domain}"


def mail_bytes(mail: Mail, settings: MailSettings) -> bytes:
    """Return the mail as it goes over the wire: CRLF, lines of 78, 7 bits.

    Raises
    ------
    ValueError
        If a header would hold a line break: an injected header is not sent.
    """
    raw = b"".join([*_headers(mail, settings), b"MIME-Version: 1.0\r\n", _content(mail, settings)])
    return raw if settings.dkim is None else signed(raw, settings.dkim, mail.date)


def _headers(mail: Mail, settings: MailSettings) -> list[bytes]:
    lines = [
        _sender(settings.sender_name, settings.sender),
        _bare("To", mail.to),
        _worded("Subject", mail.subject),
        _bare("Date", format_datetime(mail.date)),
        _bare("Message-ID", mail.message_id),
    ]
    if settings.reply_to:
        lines.append(_bare("Reply-To", settings.reply_to))
    if mail.in_reply_to:
        lines.append(_bare("In-Reply-To", mail.in_reply_to))
    if mail.references:
        lines.append(_bare("References", "\r\n ".join(mail.references), pieces=mail.references))
    lines += [
        _bare("Auto-Submitted", "auto-generated"),
        _bare("X-Auto-Response-Suppress", "OOF, AutoReply"),
        _bare("List-Id", f"<{settings.domain}>"),
        *_unsubscribe(mail),
        *(_bare(name, value) for name, value in mail.marks),
        _bare("Content-Language", mail.language),
    ]
    return lines


@lru_cache(SHARED_PIECES)
def _sender(name: str, address: str) -> bytes:
    return _worded("From", str(Address(plain(name), addr_spec=address)))


def _unsubscribe(mail: Mail) -> list[bytes]:
    if not mail.list_unsubscribe:
        return []
    urls = [f"<{url}>" for url in mail.list_unsubscribe]
    lines = [_bare("List-Unsubscribe", ",\r\n ".join(urls), pieces=urls)]
    if mail.list_unsubscribe[0].startswith("https:"):
        lines.append(_bare("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return lines


def _bare(name: str, value: str, pieces: Sequence[str] = ()) -> bytes:
    """Return a header of plain ASCII; long identifiers and links are never torn apart."""
    for piece in pieces or (value,):
        if not piece.isascii() or not piece.isprintable():
            raise ValueError(f"the header {name} would hold a line break or a foreign letter")
    return f"{name}: {value}\r\n".encode()


@lru_cache(SHARED_PIECES)
def _worded(name: str, value: str) -> bytes:
    """Return a header with words in any script."""
    return bytes(WIRE.fold_binary(*WIRE.header_store_parse(name, value)))


def _content(mail: Mail, settings: MailSettings) -> bytes:
    """Return the headers of the content and the content."""
    content = _leaf("plain", mail.text)
    if mail.html is not None:
        html = _leaf("html", mail.html)
        if mail.plate:
            html = _multipart("related", [html, _plate(mail.plate, settings.domain)], mail, 2)
        content = _multipart("alternative", [content, html], mail, 1)
    if mail.attachments:
        files = [_file(one.name, one.media_type, one.content) for one in mail.attachments]
        content = _multipart("mixed", [content, *files], mail, 0)
    return content


def _multipart(kind: str, parts: Sequence[bytes], mail: Mail, position: int) -> bytes:
    digest = hashlib.sha256(f"{mail.delivery_id}|{position}".encode()).hexdigest()
    boundary = f"=_{digest[:40]}".encode()
    head = b"Content-Type: multipart/" + kind.encode() + b';\r\n boundary="' + boundary + b'"'
    opened = b"".join(b"\r\n--" + boundary + b"\r\n" + part for part in parts)
    return head + b"\r\n" + opened + b"\r\n--" + boundary + b"--\r\n"


def _leaf(kind: str, body: Body) -> bytes:
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()
    return head + _shared(body.before) + _quoted(body.own) + _shared(body.after)


def _quoted(text: str) -> bytes:
    """Return lines as quoted-printable; pieces of a text are joined where lines end."""
    wire = quoprimime.body_encode(text.encode().decode("latin-1"), maxlinelen=76, eol="\r\n")
    return wire.encode("ascii")


_shared = lru_cache(SHARED_PIECES)(_quoted)


@lru_cache(SHARED_PIECES)
def _plate(content: bytes, domain: str) -> bytes:
    head = (
        "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{plate_cid_of(domain)}>\r\n"
        'Content-Disposition: inline; filename="before-after.jpg"\r\n\r\n'
    )
    return head.encode() + _based(content)


@lru_cache(SHARED_PIECES)
def _file(name: str, media_type: str, content: bytes) -> bytes:
    head = (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return head.encode("ascii") + _based(content)


def _based(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
