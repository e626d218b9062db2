"""Deliveries become bytes: what one person reads of one revision, rendered once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from jinja2 import TemplateError

from alerts.alert import Alert
from alerts.disclosure import AUDIENCES, Disclosure, Gazetteer, Tlp
from alerts.errors import NotCleared
from alerts.formats.dkim import signed
from alerts.formats.geojson import feature_of, geojson_text
from alerts.formats.html import NEUTRAL_COLOUR, event_page, foot_of, own_foot, page_of
from alerts.formats.mail import (
    Attachment,
    Body,
    Mail,
    MailSettings,
    mail_bytes,
    plate_cid_of,
)
from alerts.formats.text import (
    Letter,
    Links,
    event_text,
    joined_text,
    label_of,
    notify_text,
    numbered,
    own_paragraphs,
    own_text,
    status_line,
    subject_of,
)
from alerts.formats.webhook import Post, webhook_body
from alerts.keys import Keyring
from alerts.notes import NoteOrder
from alerts.order import Order, Written
from alerts.outbox import Delivery
from alerts.pictures import ReadChip, picture_of
from alerts.ports import MapRenderer
from alerts.recipient_keys import RecipientKey
from alerts.subscription import Person, PersonState
from alerts.tokens import Purpose, signed_token
from alerts.words import Speech
from monitor.errors import ArchiveError

logger = structlog.get_logger(__name__)

KeyOf = Callable[[str], RecipientKey | None]
"""Returns the key of a person, None if mails go to them in clear."""

WEBHOOK = "webhook"
"""Name of the channel whose messages are JSON."""

UNSUBSCRIBE = "unsub"
"""Local part of the address that takes people off the list."""

CHAT = "chat"
"""Name of the channel whose messages are notices."""

MAX_SHARED_KEPT = 16

TEXT_FORMS = ("text", "notify")
NO_PAGE = ("", "")

MAP_TLPS = (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER)
"""Labels whose map may lie in a mailbox; stricter ones are read on the site."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all readers of a revision get who may see the same in the same words."""

    shown: Disclosure
    subject: str
    text: str = field(repr=False)
    page: tuple[str, str] = field(repr=False)
    """Before and after the reader's own foot; empty where there is no HTML."""

    plate: bytes = field(repr=False)
    files: tuple[Attachment, ...] = field(repr=False)


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
        key_of: KeyOf = lambda person_id: None,
    ) -> None:
        self._maps = maps
        self._read_chip = read_chip
        self._keys = keys
        self.settings = settings
        self._gazetteer = gazetteer
        self._key_of = key_of
        self._report = report or (lambda fault: logger.error("words missing", fault=fault))
        self._kept: OrderedDict[tuple[str, ...], Shared] = OrderedDict()

    def write(self, order: Order) -> Written:
        """Return the message of an order: the same bytes for the same order.

        What cannot be said in the reader's language is said in English, and reported.

        Raises
        ------
        NotCleared
            If the person may not see the alert: nothing is written.
        """
        try:
            return self._write(order)
        except (TemplateError, ValueError) as fault:
            return self._write(replace(order, person=self._in_english(order.person, fault)))

    def _write(self, order: Order) -> Written:
        if order.delivery.channel == WEBHOOK:
            return self._posted(order, self.shown(order.alert, order.delivery.audience))
        if order.delivery.channel == CHAT:
            return self._noticed(order)
        speech = Speech(order.person.language, order.person.time_zone, self._report)
        shared = self._shared(order, speech)
        letter = self._letter(order, shared.shown)
        mail = self._mail(order, letter, speech, shared)
        bare = f"[{shared.shown.tlp}] {shared.shown.ref}"
        raw = self._bytes_of(mail, order.person, bare)
        if len(raw) > self.settings.max_message_bytes:
            raw = self._bytes_of(replace(mail, attachments=()), order.person, bare)
        return Written(raw, mail.message_id)

    def _noticed(self, order: Order) -> Written:
        """Return a notice for a chat service: label and reference, and where to read on."""
        shown = self.shown(order.alert, order.delivery.audience)
        if shown.tlp not in MAP_TLPS:
            raise NotCleared(f"{shown.tlp} goes to no chat service")
        speech = Speech(order.person.language, order.person.time_zone, self._report)
        letter = self._letter(order, shown)
        lines = [
            subject_of(letter, speech), notify_text(letter, speech), f"r{shown.revision}",
            letter.links.open,
        ]  # fmt: skip
        return Written("\n".join(lines).encode(), self.message_id_of(order.delivery))

    def _bytes_of(self, mail: Mail, person: Person, bare_subject: str) -> bytes:
        """Return the mail, encrypted to the reader's key where there is one."""
        key = self._key_of(person.person_id)
        if key is None:
            return mail_bytes(mail, self.settings)
        clear = mail_bytes(mail, replace(self.settings, dkim=None))
        sealed = key.sealed(clear, bare_subject, mail.date)
        dkim = self.settings.dkim
        return sealed if dkim is None else signed(sealed, dkim, mail.date)

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
        try:
            return self._write_note(order)
        except (TemplateError, ValueError) as fault:
            return self._write_note(replace(order, person=self._in_english(order.person, fault)))

    def _in_english(self, person: Person, fault: TemplateError | ValueError) -> Person:
        if person.language == "en":
            raise fault
        self._report(f"{person.language}: {type(fault).__name__}: the message was sent in English")
        return replace(person, language="en")

    def _write_note(self, order: NoteOrder) -> Written:
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
        foot = "\n" + "\n".join((number, *offered)) + "\n"
        preview = "\n".join([str(note.tlp), speech.say(f"tlp.{note.tlp}"), *status.lines])
        before, after = page_of(
            speech, tlp=note.tlp, colour=NEUTRAL_COLOUR, title=note.subject,
            status=" ".join(status.lines), parts=parts,
        )  # fmt: skip
        html = Body(before, foot_of(speech, (number,), links), after)
        message_id = self.message_id_of(order.delivery)
        mail = Mail(
            delivery_id=order.delivery.delivery_id,
            to=person.address,
            subject=f"{'TEST - ' if self.settings.exercise else ''}[{note.tlp}] {note.subject}",
            message_id=message_id,
            date=order.at.replace(microsecond=0),
            language=speech.language,
            text=Body(joined_text(preview, parts), foot),
            html=None if person.form in TEXT_FORMS else html,
            list_unsubscribe=self._ways_out(links.unsubscribe),
            marks=(("X-Alert-Seq", str(order.number)), ("X-Alert-TLP", note.tlp.value)),
        )
        return Written(self._bytes_of(mail, person, f"[{note.tlp}]"), message_id)

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
            test=self.settings.exercise,
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

    def _ways_out(self, link: str) -> tuple[str, ...]:
        """Return the ways off the list: the one-click link, and a mail with its token."""
        if not link:
            return ()
        if not self.settings.unsubscribe_mailbox:
            return (link,)
        token = link.rpartition("/")[2]
        return link, f"mailto:{UNSUBSCRIBE}@{self.settings.domain}?subject={token}"

    def _tokened(
        self, path: str, purpose: Purpose, person: Person, at: datetime, scope: str = ""
    ) -> str:
        token = signed_token(self._keys, purpose, person.person_id, at, scope)
        return f"{self.settings.base_url}/{path}/{token}"

    def _shared(self, order: Order, speech: Speech) -> Shared:
        delivery = order.delivery
        key = (
            delivery.event_id, str(delivery.revision), delivery.audience, delivery.reason,
            order.first_status.value, _form_of(order), speech.language, speech.time_zone,
        )  # fmt: skip
        if key not in self._kept:
            self._kept[key] = self._made(order, speech)
            if len(self._kept) > MAX_SHARED_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _made(self, order: Order, speech: Speech) -> Shared:
        """Make what the readers share; a chip that cannot be read costs the pictures only."""
        shown = self.shown(order.alert, order.delivery.audience)
        letter, form = self._letter(order, shown), _form_of(order)
        if form == "notify" or shown.tlp is Tlp.RED:
            text = notify_text(letter, speech)
            return Shared(shown, subject_of(letter, speech), text, NO_PAGE, b"", ())
        draws = form == "full" and order.delivery.reason != "retracted" and bool(shown.chips)
        plate, map_page = self._drawn(order, letter, speech) if draws else (b"", "")
        cid = plate_cid_of(self.settings.domain) if plate else ""
        return Shared(
            shown=shown,
            subject=subject_of(letter, speech),
            text=event_text(letter, speech),
            page=NO_PAGE if form in TEXT_FORMS else event_page(letter, speech, cid),
            plate=plate,
            files=self._files(order, shown, map_page) if form == "full" else (),
        )

    def _drawn(self, order: Order, letter: Letter, speech: Speech) -> tuple[bytes, str]:
        shown = letter.disclosure
        try:
            picture = picture_of(
                shown, speech, self._read_chip,
                title=f"{label_of(letter, speech)}, {shown.ref}",
                status=status_line(letter, speech),
            )  # fmt: skip
        except ArchiveError as error:
            logger.warning("no pictures", event_id=order.alert.event_id, reason=error.message)
            return b"", ""
        map_page = self._maps.alert_map(picture) if shown.tlp in MAP_TLPS else ""
        return self._maps.plate(picture), map_page

    def _mail(self, order: Order, letter: Letter, speech: Speech, shared: Shared) -> Mail:
        delivery, domain = order.delivery, self.settings.domain
        unsubscribe = letter.links.unsubscribe
        before, after = shared.page
        own = own_paragraphs(letter, speech)
        return Mail(
            delivery_id=delivery.delivery_id,
            to=order.person.address,
            subject=shared.subject,
            message_id=self.message_id_of(order.delivery, order.form),
            date=order.at.replace(microsecond=0),
            language=speech.language,
            text=Body(shared.text, own_text(own)),
            html=Body(before, own_foot(own, letter, speech), after) if before else None,
            plate=shared.plate,
            attachments=shared.files if order.person.attachments else (),
            in_reply_to=order.earlier_ids[-1] if order.earlier_ids else "",
            references=(
                self._keys.thread_root(delivery.event_id, delivery.person_id, domain),
                *order.earlier_ids,
            ),
            list_unsubscribe=self._ways_out(unsubscribe),
            marks=_marks(letter),
        )

    def message_id_of(self, delivery: Delivery, form: str = "") -> str:
        """Return the Message-ID of a delivery: the same however often it is written."""
        plain_id = self._keys.message_id(
            delivery.event_id, delivery.revision, delivery.person_id, delivery.channel,
            self.settings.domain,
        )  # fmt: skip
        # Another form of a message that was refused for certain is another message.
        return plain_id.replace("@", ".l@", 1) if form else plain_id

    def _files(self, order: Order, shown: Disclosure, map_page: str) -> tuple[Attachment, ...]:
        if shown.tlp not in MAP_TLPS:
            return ()
        feature = feature_of(shown, published_at=order.published_at, reason=order.delivery.reason)
        name = f"{shown.ref}-r{shown.revision}.geojson"
        files = [Attachment(name, "application/geo+json", geojson_text(feature).encode())]
        if map_page and shown.full:
            files.insert(0, Attachment("map.html", "text/html", map_page.encode()))
        return tuple(files)


def _form_of(order: Order) -> str:
    return order.form or order.person.form


def _marks(letter: Letter) -> tuple[tuple[str, str], ...]:
    shown = letter.disclosure
    return (
        ("X-Alert-Ref", shown.ref),
        ("X-Alert-Revision", str(shown.revision)),
        ("X-Alert-Seq", str(letter.number)),
        ("X-Alert-Status", shown.status.value),
        ("X-Alert-TLP", shown.tlp.value),
    )
