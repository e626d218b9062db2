"""What one audience may see on a map or a plate: a disclosure as an `AlertPicture`."""

from __future__ import annotations

from collections.abc import Callable

from alerts.disclosure import Disclosure
from alerts.formats.text import coverage_line, sure_line, what_line, when_lines, where_lines
from alerts.ports import AlertPicture, Outline
from alerts.words import Speech, plain
from monitor.finding import Chip
from monitor.observation import Observation

ReadChip = Callable[[str], Observation]
"""Reads an archived chip by its path below the data folder."""


def picture_of(
    shown: Disclosure, speech: Speech, read_chip: ReadChip, *, title: str, status: str
) -> AlertPicture:
    """Return the picture of an alert for one audience.

    Raises
    ------
    ArchiveError
        If a chip cannot be read.
    """
    before = _pixels(shown, "before", read_chip)
    after = _pixels(shown, "after", read_chip)
    return AlertPicture(
        title=title,
        status_line=status,
        kind=shown.kind.value,
        severity=shown.severity.value,
        outlines=_outlines(shown),
        before=before,
        after=after,
        facts=_facts(shown, speech),
        attribution=speech.say("attribution", providers=_providers(shown)),
        coverage_line=coverage_line(shown, speech),
        language=speech.language,
    )


def _pixels(shown: Disclosure, role: str, read_chip: ReadChip) -> Observation | None:
    chip = next((chip for chip in shown.chips if chip.role == role), None)
    return None if chip is None else read_chip(chip.path)


def _outlines(shown: Disclosure) -> list[Outline]:
    outlines: list[Outline] = []
    if shown.place is not None and shown.place.footprint is not None:
        label = plain(shown.place.name) or shown.place.settlement_id or ""
        outlines.append(Outline("settlement", label, shown.place.footprint))
    if shown.geometry is not None:
        role = "burned" if shown.full else "cell"
        outlines.append(Outline(role, shown.ref, shown.geometry))
    return outlines


def _facts(shown: Disclosure, speech: Speech) -> list[tuple[str, str]]:
    facts = [
        (speech.say("head.what"), what_line(shown, speech)),
        (speech.say("head.when"), " ".join(when_lines(shown, speech))),
        (speech.say("head.where"), " ".join(where_lines(shown, speech))),
        (speech.say("head.sure"), sure_line(shown, speech)),
    ]
    return [*facts, *((speech.say(chip.role), _chip_line(chip)) for chip in shown.chips)]


def _chip_line(chip: Chip) -> str:
    return f"{chip.acquired_at:%Y-%m-%d %H:%M} UTC, {', '.join(chip.scene_ids)}"


def _providers(shown: Disclosure) -> str:
    return ", ".join(dict.fromkeys(chip.provider for chip in shown.chips)) or "–"
