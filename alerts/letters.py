"""Deliveries become bytes: what one person reads of one revision, rendered once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, Disclosure, Gazetteer, Tlp
from alerts.formats.geojson import feature_of, geojson_text
from alerts.formats.html import NEUTRAL_COLOUR, html_of, page_of
from alerts.formats.mail import Attachment, Mail, MailSettings, mail_bytes, plate_cid_of
from alerts.formats.text import (
    Letter,
    Links,
    Paragraph,
    joined_text,
    label_of,
    numbered,
    status_line,
    subject_of,
    text_of,
)
from alerts.formats.webhook import Post, webhook_body
from alerts.keys import Keyring
from alerts.notes import NoteOrder
from alerts.outbox import Delivery
from alerts.pictures import ReadChip, picture_of
from alerts.ports import MapRenderer
from alerts.subscription import Person, PersonState
from alerts.tokens import Purpose, signed_token
from alerts.words import Speech
from monitor.errors import ArchiveError

logger = structlog.get_logger(__name__)

WEBHOOK = "webhook"
"""Name of the channel whose messages are JSON."""

MAX_ENCLOSURES_KEPT = 16
MAP_TLPS = (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER)
"""Labels whose map may lie in a mailbox; stricter ones are read on the site."""


@dataclass(frozen=True, slots=True)
class Enclosures:
    """The pictures of one revision for one audience and language."""

    plate: bytes = field(default=b"", repr=False)
    map_page: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a message is written from."""

    delivery: Delivery
    alert: Alert
    """The alert as its revision was published."""

    published_at: datetime
    person: Person
    number: int
    last: tuple[int, datetime] | None
    """Number and date of the person's message before this one."""

    first_status: Status
    """Status that the lane's first message told."""

    earlier_ids: tuple[str, ...]
    """Message-IDs that the lane has sent, oldest first."""

    at: datetime
    """When it is rendered: the date of the mail."""

    earlier_revision: int | None = None
    """The last revision that the lane has sent, None if it sent none."""

    form: str = ""
    """Replaces the person's own form, where a server refused that as too large."""


@dataclass(frozen=True, slots=True)
class Written:
    """A finished message."""

    raw: bytes = field(repr=False)
    message_id: str


class LetterWriter:
    """Writes mails; keeps the pictures of the latest revisions for their other readers.

    Parameters
    ----------
    maps : MapRenderer
    read_chip : callable
        Reads an archived chip by its path.
    keys : Keyring
    settings : MailSettings
    gazetteer : Gazetteer, optional
        Without one, coarsened audiences are told the administrative unit only.
    """

    def __init__(
        self,
        maps: MapRenderer,
        read_chip: ReadChip,
        keys: Keyring,
        settings: MailSettings,
        gazetteer: Gazetteer | None = None,
        report: Callable[[str], None] | None = None,
    ) -> None:
        self._maps = maps
        self._read_chip = read_chip
        self._keys = keys
        self.settings = settings
        self._gazetteer = gazetteer
        self._report = report or (lambda fault: logger.error("words missing", fault=fault))
        self._kept: OrderedDict[tuple[str, int, str, str, str], Enclosures] = OrderedDict()

    def write(self, order: Order) -> Written:
        """Return the message of an order: the same bytes for the same order.

        Raises
        ------
        NotCleared
            If the person may not see the alert: nothing is written.
        """
        person, delivery = order.person, order.delivery
        shown = self.shown(order.alert, delivery.audience)
        if delivery.channel == WEBHOOK:
            return self._posted(order, shown)
        speech = Speech(person.language, person.time_zone, self._report)
        letter = self._letter(order, shown)
        form = order.form or person.form
        with_pictures = form == "full" and delivery.reason != "retracted"
        enclosures = self._enclosures(order, shown, speech) if with_pictures else Enclosures()
        mail = self._mail(order, letter, speech, enclosures, form)
        raw = mail_bytes(mail, self.settings)
        if len(raw) > self.settings.max_message_bytes:
            raw = mail_bytes(replace(mail, attachments=()), self.settings)
        return Written(raw, mail.message_id)

    def _posted(self, order: Order, shown: Disclosure) -> Written:
        """Return the body of a webhook."""
        delivery, link = order.delivery, f"{self.settings.base_url}/alerts/{shown.event_id}"
        webhook_id = self._keys.webhook_id(delivery.event_id, delivery.revision, delivery.person_id)
        post = Post(
            webhook_id, order.number, order.at, delivery.reason,
            link if self.settings.base_url else "", order.earlier_revision,
        )  # fmt: skip
        return Written(webhook_body(shown, post), webhook_id)

    def write_note(self, order: NoteOrder) -> Written:
        """Return a message that is about no single alert."""
        person, note = order.person, order.note
        speech = Speech(person.language, person.time_zone, self._report)
        links = self._person_links(person, order.at, confirms=order.delivery.reason == "confirm")
        offered = [
            speech.say(f"link.{name}", url=url)
            for name, url in (("confirm", links.confirm), ("manage", links.manage),
                              ("unsubscribe", links.unsubscribe))
            if url
        ]  # fmt: skip
        number = numbered(order.number, order.last, speech)
        status, *parts = note.parts
        foot = Paragraph("links", "", (number, *offered))
        preview = "\n".join([str(note.tlp), speech.say(f"tlp.{note.tlp}"), *status.lines])
        html = page_of(
            speech, tlp=note.tlp, colour=NEUTRAL_COLOUR, title=note.subject,
            status=" ".join(status.lines), parts=parts, foot=(number,), links=links,
        )  # fmt: skip
        message_id = self._message_id(order.delivery)
        mail = Mail(
            delivery_id=order.delivery.delivery_id,
            to=person.address,
            subject=f"[{note.tlp}] {note.subject}",
            message_id=message_id,
            date=order.at.replace(microsecond=0),
            language=speech.language,
            text=joined_text(preview, [*parts, foot]),
            html="" if person.form == "text" else html,
            list_unsubscribe=(links.unsubscribe,) if links.unsubscribe else (),
            marks=(("X-Alert-Seq", str(order.number)), ("X-Alert-TLP", note.tlp.value)),
        )
        return Written(mail_bytes(mail, self.settings), message_id)

    def shown(self, alert: Alert, audience: str) -> Disclosure:
        """Return what an audience may see of an alert."""
        key = self._keys.derived("alias")
        return Disclosure.for_(alert, AUDIENCES[audience], self._gazetteer, key)

    def _letter(self, order: Order, shown: Disclosure) -> Letter:
        return Letter(
            disclosure=shown,
            reason=order.delivery.reason,
            first_status=order.first_status,
            profiles=order.delivery.profiles,
            number=order.number,
            last=order.last,
            links=self._links(order, shown),
            left_the_list=order.person.state is PersonState.UNSUBSCRIBED,
            follows=bool(order.alert.follows),
        )

    def _links(self, order: Order, shown: Disclosure) -> Links:
        base, person = self.settings.base_url, order.person
        if not base:
            return Links()
        link = f"{base}/alerts/{shown.event_id}"
        if person.desk:
            return Links(open=link)
        event_id = order.delivery.event_id
        return replace(
            self._person_links(person, order.at),
            open=link,
            feedback=self._tokened("feedback", Purpose.FEEDBACK, person, order.at, event_id),
        )

    def _person_links(self, person: Person, at: datetime, *, confirms: bool = False) -> Links:
        if not self.settings.base_url or person.desk:
            return Links()
        if confirms:
            return Links(confirm=self._tokened("confirm", Purpose.CONFIRM, person, at))
        return Links(
            manage=self._tokened("s", Purpose.MANAGE, person, at),
            unsubscribe=self._tokened("unsubscribe", Purpose.UNSUBSCRIBE, person, at),
        )

    def _tokened(
        self, path: str, purpose: Purpose, person: Person, at: datetime, scope: str = ""
    ) -> str:
        token = signed_token(self._keys, purpose, person.person_id, at, scope)
        return f"{self.settings.base_url}/{path}/{token}"

    def _enclosures(self, order: Order, shown: Disclosure, speech: Speech) -> Enclosures:
        key = (
            order.alert.event_id, order.alert.revision, shown.audience, speech.language,
            speech.time_zone,
        )  # fmt: skip
        if key not in self._kept:
            self._kept[key] = self._drawn(order, shown, speech)
            if len(self._kept) > MAX_ENCLOSURES_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _drawn(self, order: Order, shown: Disclosure, speech: Speech) -> Enclosures:
        """Draw plate and map; a chip that cannot be read costs the pictures, not the message."""
        if not shown.chips:
            return Enclosures()
        letter = self._letter(order, shown)
        try:
            picture = picture_of(
                shown, speech, self._read_chip,
                title=f"{label_of(letter, speech)}, {shown.ref}",
                status=status_line(letter, speech),
            )  # fmt: skip
        except ArchiveError as error:
            logger.warning("no pictures", event_id=order.alert.event_id, reason=error.message)
            return Enclosures()
        map_page = self._maps.alert_map(picture) if shown.tlp in MAP_TLPS else ""
        return Enclosures(self._maps.plate(picture), map_page)

    def _mail(
        self, order: Order, letter: Letter, speech: Speech, enclosures: Enclosures, form: str
    ) -> Mail:
        delivery, domain = order.delivery, self.settings.domain
        cid = plate_cid_of(delivery.delivery_id, domain) if enclosures.plate else ""
        message_id = self._message_id(order.delivery, order.form)
        unsubscribe = letter.links.unsubscribe
        return Mail(
            delivery_id=delivery.delivery_id,
            to=order.person.address,
            subject=subject_of(letter, speech),
            message_id=message_id,
            date=order.at.replace(microsecond=0),
            language=speech.language,
            text=text_of(letter, speech),
            html="" if form == "text" else html_of(letter, speech, cid),
            plate=enclosures.plate,
            attachments=self._attachments(order, letter.disclosure, enclosures, form),
            in_reply_to=order.earlier_ids[-1] if order.earlier_ids else "",
            references=(
                self._keys.thread_root(delivery.event_id, delivery.person_id, domain),
                *order.earlier_ids,
            ),
            list_unsubscribe=(unsubscribe,) if unsubscribe else (),
            marks=_marks(letter),
        )

    def _message_id(self, delivery: Delivery, form: str = "") -> str:
        plain_id = self._keys.message_id(
            delivery.event_id, delivery.revision, delivery.person_id, delivery.channel,
            self.settings.domain,
        )  # fmt: skip
        # Another form of a message that was refused for certain is another message.
        return plain_id.replace("@", ".l@", 1) if form else plain_id

    def _attachments(
        self, order: Order, shown: Disclosure, enclosures: Enclosures, form: str
    ) -> tuple[Attachment, ...]:
        if form != "full" or not order.person.attachments or shown.tlp not in MAP_TLPS:
            return ()
        feature = feature_of(shown, published_at=order.published_at, reason=order.delivery.reason)
        name = f"{shown.ref}-r{shown.revision}.geojson"
        files = [Attachment(name, "application/geo+json", geojson_text(feature).encode())]
        if enclosures.map_page and shown.full:
            files.insert(0, Attachment("map.html", "text/html", enclosures.map_page.encode()))
        return tuple(files)


def _marks(letter: Letter) -> tuple[tuple[str, str], ...]:
    shown = letter.disclosure
    return (
        ("X-Alert-Ref", shown.ref),
        ("X-Alert-Revision", str(shown.revision)),
        ("X-Alert-Seq", str(letter.number)),
        ("X-Alert-Status", shown.status.value),
        ("X-Alert-TLP", shown.tlp.value),
    )
