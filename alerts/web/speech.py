"""The words of the site: one file for each language and group of pages (languages/xx/*.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from alerts.alert import Action, AlertEvent
from alerts.web.sentences import in_words_of
from alerts.words import FIRST_STRONG_ISOLATE, LANGUAGES, POP_ISOLATE, Speech, plain

FOLDER = Path(__file__).parent / "languages"

REASONS = {Action.REJECT: "reason", Action.RETRACT: "class"}
"""Which words a reason is one of, where it is a choice of a person."""

NAMES: Mapping[str, str] = {
    "en": "English",
    "fr": "Français",
    "ar": "العربية",
    "my": "မြန်မာ",
}
"""Each language by its own name; English is the one that the others are translated from."""


@cache
def words_of(language: str) -> Mapping[str, str]:
    """Return every sentence of a language by its key."""
    words: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        words |= tomllib.loads(path.read_text(encoding="utf-8"))
    return words


def language_of(asked: str, accepted: str, otherwise: str) -> str:
    """Return the language of a page.

    Parameters
    ----------
    asked : str
        What the reader chose before; empty if nothing.
    accepted : str
        The header ``Accept-Language``.
    otherwise : str
        Language of the service.
    """
    if asked in NAMES:
        return asked
    weighed = [_weighed(part) for part in accepted.split(",")[:20]]
    for language, _ in sorted(weighed, key=lambda one: -one[1]):
        if language in NAMES:
            return language
    return otherwise


def _weighed(part: str) -> tuple[str, float]:
    tag, _, quality = part.strip().partition(";q=")
    try:
        weight = float(quality or 1)
    except ValueError:
        weight = 0.0
    return tag.split("-")[0].lower(), weight


@dataclass(frozen=True, slots=True)
class SiteSpeech:
    """Says things on pages, in one language."""

    language: str
    time_zone: str = "UTC"

    @property
    def messages(self) -> Speech:
        """The words of messages: kinds, status lines, days."""
        return Speech(self.language, self.time_zone)

    @property
    def direction(self) -> str:
        """``"rtl"`` or ``"ltr"``."""
        return self.messages.direction

    def say(self, key: str, **values: object) -> str:
        """Return a sentence with its values, each a plain line; English where one is missing."""
        sentence = words_of(self.language).get(key) or words_of("en")[key]
        return sentence.format(
            **{name: self._apart(plain(str(v), 2_000)) for name, v in values.items()}
        )

    def told(self, text: str) -> str:
        """Return what the service wrote in English, in this language where it is known."""
        return text if self.language == "en" else in_words_of(self.language, text, self._apart)

    def word(self, prefix: str, code: str) -> str:
        """Return the word for a code of the service; the code itself where there is none."""
        key = f"{prefix}.{code}"
        return self.say(key) if self.knows(key) else code

    def because(self, event: AlertEvent) -> str:
        """Return why an alert was acted on: the reason's own words, then the note."""
        prefix = REASONS.get(event.action, "because")
        reason, note = self.word(prefix, event.reason) if event.reason else "", event.note
        return ". ".join(part for part in (reason, self.told(note)) if part)

    def knows(self, key: str) -> bool:
        """Return True if there is such a sentence."""
        return key in words_of("en")

    def day(self, instant: datetime) -> str:
        """Return the UTC day with its month in words."""
        return self.messages.day(instant)

    def month(self, instant: datetime) -> str:
        """Return the name of a month."""
        months: tuple[str, ...] = LANGUAGES[self.language].MONTHS
        return months[instant.month - 1]

    def minute(self, instant: datetime) -> str:
        """Return the UTC day and minute."""
        return f"{self.messages.instant(instant)} UTC"

    def span(self, length: timedelta) -> str:
        """Return how long something is, in its largest unit."""
        minutes = max(int(length.total_seconds() // 60), 0)
        if minutes < 60:
            return self.say("span.minutes", n=minutes)
        if minutes < 48 * 60:
            return self.say("span.hours", n=minutes // 60)
        return self.say("span.days", n=minutes // (24 * 60))

    def _apart(self, value: str) -> str:
        # Latin names and numbers inside right-to-left text would else be torn apart.
        if self.direction == "ltr":
            return value
        return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"
