"""What one audience may see on a map or a plate: a disclosure as an `AlertPicture`."""

from __future__ import annotations

from collections.abc import Callable

from alerts.disclosure import Disclosure
from alerts.formats.text import coverage_line, sure_line, what_line, when_lines, where_lines
from alerts.ports import AlertPicture, Outline
from alerts.words import Speech, plain
from monitor.blocks import ring_of
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
        tlp=str(shown.tlp),
    )


def _pixels(shown: Disclosure, role: str, read_chip: ReadChip) -> Observation | None:
    chip = next((chip for chip in shown.chips if chip.role == role), None)
    return None if chip is None else read_chip(chip.path)


def _outlines(shown: Disclosure) -> list[Outline]:
    outlines: list[Outline] = []
    if shown.place is not None and shown.place.footprint is not None:
        label = plain(shown.place.name) or shown.place.settlement_id or ""
        outlines.append(Outline("ring", label, ring_of(shown.place.footprint)))
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
    """Return who is to be credited for the pixels, and through whom they came."""
    credits = [f"{_credit(chip)} ({chip.provider})" for chip in shown.chips]
    return "; ".join(dict.fromkeys(credits)) or "–"


def _credit(chip: Chip) -> str:
    """Return the credit line that the owner of the imagery asks for."""
    first = chip.scene_ids[0].upper() if chip.scene_ids else ""
    if first.startswith("SIM"):
        return "simulated, not an image of any place"
    if first.startswith(("S1", "S2", "OPERA")):
        return f"contains modified Copernicus Sentinel data {chip.acquired_at:%Y}"
    if first.startswith(("LC", "LE", "LT")):
        return "Landsat, U.S. Geological Survey"
    if first.startswith("HLS"):
        return "Harmonized Landsat Sentinel-2, NASA"
    return "provider"
