"""The alert on paper: what was seen, the plate, who decided what, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alerts.alert import AlertEvent
from alerts.evidence.sheets import HEAD_PT, TITLE_PT, Sheets, apart, can_print, printed
from alerts.ports import AlertPicture
from alerts.web.speech import NAMES, SiteSpeech
from monitor.area_job import ArchivedLook

FALLBACK = "en"


def language_on_paper(language: str) -> str:
    """Return the language in which a report can be printed here: English where a font is missing.

    Of the four languages Burmese alone needs a font that does not come with Python's
    packages: Debian's fonts-noto-core.
    """
    return language if language in NAMES and can_print(language) else FALLBACK


def report_pdf(
    picture: AlertPicture, plate: bytes, events: Sequence[AlertEvent],
    looks: Iterable[ArchivedLook], fingerprint: str, *, asked: str = "",
) -> bytes:  # fmt: skip
    """Return the report: A4, in the language of the picture, the same bytes each time.

    Words in scripts that must be shaped (Arabic, Burmese) are drawn as outlines:
    they are read, and cannot be searched. They stand in event.json too.

    Parameters
    ----------
    asked : str
        The language that was asked for, if it is another one: the report says why.
    """
    speech = SiteSpeech(picture.language)
    sealed = speech.say("report.sealed", seal=fingerprint)
    sheets = Sheets(f"{picture.tlp} · Emberwatch · {sealed}", speech.direction)
    sheets.write(picture.tlp, HEAD_PT, weight="bold")
    sheets.write(picture.title, TITLE_PT, weight="bold")
    sheets.write(picture.status_line, HEAD_PT)
    if asked and asked != picture.language:
        sheets.write(speech.say("report.no_font", language=asked))
    sheets.head(speech.say("report.pictures"))
    sheets.picture(plate)
    for label, value in picture.facts:
        sheets.write(f"{label}: {apart(value)}")
    sheets.write(picture.coverage_line)
    sheets.write(picture.attribution)
    _history(sheets, events, speech)
    _imagery(sheets, looks, speech)
    return printed(sheets.figures, f"{picture.tlp} {picture.title}")


def _history(sheets: Sheets, events: Sequence[AlertEvent], speech: SiteSpeech) -> None:
    sheets.head(speech.say("report.decided"))
    for event in events:
        key = next((k for k in _reasons(event.reason) if speech.knows(k)), "")
        said = speech.say(
            "report.act",
            n=event.revision,
            at=speech.minute(event.at),
            actor=event.actor,
            action=speech.say(f"action.{event.action}"),
            reason=speech.say(key) if key else event.reason,
            status=speech.say(f"status.{event.after}"),
        )
        sheets.write(f"{said} — {apart(event.note)}" if event.note else said)


def _reasons(reason: str) -> tuple[str, ...]:
    return f"reason.{reason}", f"class.{reason}"


def _imagery(sheets: Sheets, looks: Iterable[ArchivedLook], speech: SiteSpeech) -> None:
    sheets.head(speech.say("report.imagery"))
    for look in looks:
        sheets.write(
            speech.say(
                "report.look",
                at=speech.minute(look.acquired_at),
                platform=look.platform,
                provider=look.provider,
                scenes=", ".join(look.scene_ids),
                known=speech.minute(look.known_at),
                digest=f"{look.sha256[:16]}…",
            )
        )
