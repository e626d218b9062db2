"""What a message says, in its fixed order; the text part, and what the HTML part shows."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import Status
from alerts.disclosure import Disclosure, Tlp
from alerts.formats.quoted import quoted_lines
from alerts.words import Speech, plain
from monitor.finding import FindingKind

LINE_LENGTH = 74

PREVIEW_LENGTH = 200
"""Lock screens and lists of mails show so many characters: nothing of the place is in them."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One heading and its sentences, in the reader's language."""

    role: str
    """Name of the part, such as ``"when"``."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a message offers; empty ones are left out."""

    open: str = ""
    feedback: str = ""
    manage: str = ""
    unsubscribe: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message to one person is about."""

    disclosure: Disclosure
    reason: str
    """Why it is sent: ``first escalated confirmed updated retracted repeat notice``."""

    first_status: Status
    """Status that the first message of the lane told; fixes the label of the subject."""

    profiles: tuple[str, ...]
    number: int
    """In the person's own series of messages."""

    last: tuple[int, datetime] | None
    """Number and date of the message before it, None for the first."""

    links: Links
    left_the_list: bool = False
    """True if the person unsubscribed and is owed this one message."""

    follows: bool = False
    test: bool = False


def label_of(letter: Letter, speech: Speech) -> str:
    """Return the name of the event; the same in every message of a lane."""
    return kind_label(letter.disclosure, letter.first_status, speech)


def kind_label(shown: Disclosure, status: Status, speech: Speech) -> str:
    """Return the name of the event; "possible" until a person has confirmed it."""
    reviewed = status in (Status.CONFIRMED, Status.ENDED)
    return speech.say(f"label.{shown.kind}{'' if reviewed else '.unreviewed'}")


def subject_of(letter: Letter, speech: Speech) -> str:
    """Return the subject: label and reference, never a place, a name or a count."""
    shown = letter.disclosure
    ref = f"\u2068{shown.ref}\u2069" if speech.direction == "rtl" else shown.ref
    bare = shown.tlp in (Tlp.AMBER_STRICT, Tlp.RED)
    what = ref if bare else f"{label_of(letter, speech)}, {ref}"
    if letter.reason == "retracted":
        what = speech.say("subject.retracted", label=what)
    elif letter.reason == "notice":
        what = speech.say("subject.desk", label=what)
    return f"{'TEST - ' if letter.test else ''}[{shown.tlp}] {what}"


def paragraphs_of(letter: Letter, speech: Speech) -> list[Paragraph]:
    """Return everything the message says, in reading order, complete without pictures."""
    return [*event_paragraphs(letter, speech), *own_paragraphs(letter, speech)]


def event_paragraphs(letter: Letter, speech: Speech) -> list[Paragraph]:
    """Return what the message says of the event: the same for every reader of an audience."""
    if letter.reason == "retracted":
        return [_status(letter, speech), _retraction(letter, speech), _where(letter, speech)]
    return [
        _status(letter, speech),
        _what(letter, speech),
        _when(letter, speech),
        _where(letter, speech),
        _sure(letter, speech),
        _else(letter, speech),
        _changed(letter, speech),
    ]


def text_of(letter: Letter, speech: Speech) -> str:
    """Return the text part."""
    return event_text(letter, speech) + own_text(own_paragraphs(letter, speech))


def event_text(letter: Letter, speech: Speech) -> str:
    """Return the text on the event: the same for every reader of an audience."""
    return joined_text(preview_of(letter, speech), event_paragraphs(letter, speech)[1:])


def notify_text(letter: Letter, speech: Speech) -> str:
    """Return that something changed, and nothing of what: it is read on the site."""
    shown = letter.disclosure
    lines = [str(shown.tlp), speech.say(f"tlp.{shown.tlp}")]
    return "\n".join([*lines, "", speech.say("nothing.notify", ref=shown.ref)]) + "\n"


def own_text(parts: Sequence[Paragraph]) -> str:
    """Return `own_paragraphs` as text."""
    return "".join(f"\n{_block(part)}\n" for part in parts)


def joined_text(preview: str, parts: Sequence[Paragraph]) -> str:
    """Return paragraphs as text, after what may stand on a lock screen."""
    rule = "-" * max(LINE_LENGTH // 2, PREVIEW_LENGTH - len(preview))
    blocks = [preview, *textwrap.wrap(rule, LINE_LENGTH), *map(_block, parts)]
    return "\n\n".join(blocks) + "\n"


def _block(part: Paragraph) -> str:
    lines = [line for sentence in part.lines for line in _wrapped(sentence)]
    return "\n".join([*([part.heading.upper()] if part.heading else []), *lines])


def _wrapped(sentence: str) -> list[str]:
    if "http" in sentence:
        return [sentence]
    return textwrap.wrap(sentence, LINE_LENGTH, break_on_hyphens=False) or [""]


def status_line(letter: Letter, speech: Speech) -> str:
    """Return what the reader must know before anything else."""
    shown = letter.disclosure
    if shown.kind is FindingKind.BLIND and shown.status in (Status.PROVISIONAL, Status.ENDED):
        return speech.say(f"status.blind.{shown.status}")
    revised = shown.status is Status.CONFIRMED and letter.reason in ("updated", "escalated")
    return speech.say("status.revised" if revised else f"status.{shown.status}")


def _status(letter: Letter, speech: Speech) -> Paragraph:
    label = f"{label_of(letter, speech)}, {letter.disclosure.ref}"
    return Paragraph("status", "", (status_line(letter, speech), label))


def preview_of(letter: Letter, speech: Speech) -> str:
    """Return what stands before everything else: label of the TLP, status, event, reference."""
    tlp = letter.disclosure.tlp
    lines = [str(tlp), speech.say(f"tlp.{tlp}"), *_status(letter, speech).lines]
    return "\n".join([*lines, speech.say("preamble")])


def what_line(shown: Disclosure, speech: Speech) -> str:
    """Return what was seen: never who or why."""
    area = f"{shown.area_m2 / 10_000:.1f} ha"
    settled = shown.place is not None and shown.place.settlement_id is not None
    if shown.kind is FindingKind.HOTSPOTS and settled:
        # Heat says where and not how much: there is no share to tell.
        return speech.say("what.hotspots")
    if shown.fraction is None:
        return speech.say(f"what.{shown.kind}.new", area=area)
    return speech.say(f"what.{shown.kind}", share=f"{shown.fraction:.0%}", area=area)


def _what(letter: Letter, speech: Speech) -> Paragraph:
    shown = letter.disclosure
    severity = speech.say(f"severity.{shown.severity}")
    sentences = [what_line(shown, speech)]
    if shown.kind is not FindingKind.BLIND:
        sentences += [severity, *quoted_lines(shown.indicators, speech)]
    return Paragraph("what", speech.say("head.what"), tuple(sentences))


def when_lines(shown: Disclosure, speech: Speech) -> tuple[str, ...]:
    """Return the interval between two looks; a week for those who may not know the day."""
    after, before = shown.observed_after, shown.observed_before
    if shown.kind is FindingKind.BLIND:
        return (speech.say("when.blind", date=speech.day(after)),)
    if not shown.full:
        return (speech.say("when.weeks", after=speech.day(after), before=speech.day(before)),)
    between = speech.say("when.between", after=speech.instant(after), before=speech.instant(before))
    if speech.time_zone == "UTC":
        return (between,)
    return between, f"{speech.local(after)} – {speech.local(before)}"


def _when(letter: Letter, speech: Speech) -> Paragraph:
    return Paragraph("when", speech.say("head.when"), when_lines(letter.disclosure, speech))


def where_lines(shown: Disclosure, speech: Speech) -> tuple[str, ...]:
    """Return the place, at the precision of this audience."""
    if shown.full and shown.place is not None:
        return _exact_place(shown, speech)
    if shown.bounds is not None and shown.step_deg:
        west, south, east, north = (f"{degrees:g}" for degrees in shown.bounds)
        cell = f"{south} to {north} N, {west} to {east} E"
        km = f"{shown.step_deg * 111.32:.3g}"
        return (speech.say("where.cell", cell=cell, km=km),)
    if shown.pcode:
        return (speech.say("where.unit", pcode=shown.pcode),)
    return (speech.say("where.withheld"),)


def _exact_place(shown: Disclosure, speech: Speech) -> tuple[str, ...]:
    place = shown.place
    assert place is not None
    if shown.kind is FindingKind.BLIND:
        return (speech.say("where.area", aoi=place.aoi_name),)
    outline = place.footprint or shown.geometry
    assert outline is not None
    position = f"{outline.centroid.y:.5f}, {outline.centroid.x:.5f}"
    if place.settlement_id is None:
        return (speech.say("where.new", position=position, aoi=place.aoi_name),)
    name = " / ".join(filter(None, (plain(place.name), plain(place.name_local))))
    named = speech.say(
        "where.named", name=name or place.settlement_id, position=position, aoi=place.aoi_name
    )
    return (named, speech.say("where.assumed")) if place.footprint_assumed else (named,)


def _where(letter: Letter, speech: Speech) -> Paragraph:
    return Paragraph("where", speech.say("head.where"), where_lines(letter.disclosure, speech))


def sure_line(shown: Disclosure, speech: Speech) -> str:
    """Return tier, probability and how many looks agree."""
    percent = f"{shown.confidence:.0%}"
    if shown.looks_agreeing is None:
        return speech.say("sure.coarse", tier=shown.tier, percent=percent)
    many = shown.looks_agreeing != 1
    looks = speech.say(f"sure.looks.{'many' if many else 'one'}", count=str(shown.looks_agreeing))
    return speech.say("sure.line", tier=shown.tier, percent=percent, looks=looks)


def coverage_line(shown: Disclosure, speech: Speech) -> str:
    """Return how much of the place the deciding look saw."""
    return speech.say("coverage.line", percent=f"{shown.clear_fraction:.0%}")


def _sure(letter: Letter, speech: Speech) -> Paragraph:
    shown = letter.disclosure
    if shown.kind is FindingKind.BLIND:
        return Paragraph("sure", speech.say("head.sure"), (speech.say("sure.ledger"),))
    lines = (sure_line(shown, speech), coverage_line(shown, speech))
    return Paragraph("sure", speech.say("head.sure"), lines)


def _else(letter: Letter, speech: Speech) -> Paragraph:
    shown = letter.disclosure
    tested = [text for evidence in shown.evidence for text in evidence.confounders]
    lines = (
        speech.say(f"else.{shown.kind}"),
        *(plain(text) for text in dict.fromkeys(tested)),
        speech.say("limits.line"),
    )
    return Paragraph("else", speech.say("head.else"), lines)


def _changed(letter: Letter, speech: Speech) -> Paragraph:
    lines = [speech.say(f"changed.{letter.reason}")]
    if letter.disclosure.note:
        lines.append(plain(letter.disclosure.note, 500))
    if letter.follows:
        lines.append(speech.say("follows"))
    return Paragraph("changed", speech.say("head.changed"), tuple(lines))


def _retraction(letter: Letter, speech: Speech) -> Paragraph:
    shown = letter.disclosure
    lines = [speech.say(f"retraction.{shown.review_reason}")]
    if shown.note:
        lines.append(plain(shown.note, 500))
    lines.append(speech.say("retraction.again"))
    return Paragraph("retraction", speech.say("head.retraction"), tuple(lines))


def own_paragraphs(letter: Letter, speech: Speech) -> list[Paragraph]:
    """Return what is this reader's own: why they get it, its number, and their links."""
    why = [_why(letter, speech)]
    if letter.left_the_list:
        why.append(speech.say("retraction.owed"))
    links = letter.links
    offered = [
        speech.say(f"link.{name}", url=url)
        for name, url in (("open", links.open), ("feedback", links.feedback),
                          ("manage", links.manage), ("unsubscribe", links.unsubscribe))
        if url
    ]  # fmt: skip
    return [
        Paragraph("why", speech.say("head.why"), tuple(why)),
        Paragraph("links", "", (number_line(letter, speech), *offered)),
    ]


def number_line(letter: Letter, speech: Speech) -> str:
    """Return the number of the message, by which a reader can tell that one is missing."""
    return numbered(letter.number, letter.last, speech)


def numbered(number: int, last: tuple[int, datetime] | None, speech: Speech) -> str:
    """Return the number of a message and of the one before it, as a sentence."""
    if last is None:
        key = "number.first" if number == 1 else "number.restored"
        return speech.say(key, number=str(number))
    return speech.say(
        "number.next", number=str(number), last=str(last[0]), date=speech.day(last[1])
    )


def _why(letter: Letter, speech: Speech) -> str:
    if letter.reason == "retracted":
        return speech.say("why.holder")
    if letter.reason == "notice":
        return speech.say("why.desk")
    if not letter.profiles:
        return speech.say("why.told")
    return speech.say("why.profiles", profiles=_listed(letter.profiles))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{plain(name, 80)}”" for name in names)
