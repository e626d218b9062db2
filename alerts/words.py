"""Sentences in the reader's language, with English where a translation fails."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from zoneinfo import ZoneInfo

from alerts.languages import ar, en, fr, my

LANGUAGES: Mapping[str, ModuleType] = {"en": en, "fr": fr, "ar": ar, "my": my}

RIGHT_TO_LEFT = frozenset({"ar"})

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"

# Controls that turn the direction of text around what follows: never from outside.
_DROPPED = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x200F, 0xFEFF], None
)

MAX_NAME_LENGTH = 200
MAX_MARKS = 4
"""Combining marks kept on one letter: scripts in use need fewer."""


def plain(text: str, limit: int = MAX_NAME_LENGTH) -> str:
    """Return untrusted text as one line without controls, at most `limit` characters.

    U+200C and U+200D stay: Persian, Kurdish and emoji need them.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        # Nothing in it can be harmful: most texts, and asked for dozens of times a message.
        return " ".join(text.split())
    kept: list[str] = []
    marks = 0
    for character in text.translate(_DROPPED)[: limit * 4]:
        if character in "\u200c\u200d":
            kept.append(character)
            continue
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character if character.isprintable() else " ")
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


@dataclass(frozen=True, slots=True)
class Speech:
    """Says things in one language and one time zone."""

    language: str = "en"
    time_zone: str = "UTC"
    report: Callable[[str], None] = lambda fault: None
    """Told of each sentence that had to be said in English instead."""

    @property
    def direction(self) -> str:
        """``"rtl"`` or ``"ltr"``."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    def say(self, key: str, **values: str) -> str:
        """Return a sentence with its values, each a plain line, isolated where it must be.

        A sentence that is missing, or whose translation asks for a value that
        there is not, is said in English and reported.
        """
        safe = {name: self._set_apart(plain(value, 2_000)) for name, value in values.items()}
        words = LANGUAGES[self.language].WORDS if self.language in LANGUAGES else {}
        try:
            return str(words[key]).format(**safe)
        except (KeyError, IndexError, ValueError) as fault:
            self.report(f"{self.language}: {key}: {type(fault).__name__}")
            return en.WORDS[key].format(**safe)

    def day(self, instant: datetime) -> str:
        """Return the UTC day with the month in words: no reader takes it for another."""
        module = LANGUAGES.get(self.language, en)
        return f"{instant.day} {module.MONTHS[instant.month - 1]} {instant.year}"

    def instant(self, instant: datetime) -> str:
        """Return the UTC day and minute."""
        return f"{self.day(instant)} {instant:%H:%M}"

    def local(self, instant: datetime) -> str:
        """Return day and minute in the reader's own time zone."""
        local = instant.astimezone(ZoneInfo(self.time_zone))
        return f"{self.day(local)} {local:%H:%M} ({self.time_zone})"

    def _set_apart(self, value: str) -> str:
        # Latin names and numbers inside right-to-left text would else be torn apart.
        if self.direction == "ltr":
            return value
        return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"
