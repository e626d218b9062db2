"""Sentences that the service wrote in English, said in the language of a page.

Reasons of the ledger, notes of the service and refusals are kept, or raised, as English
sentences. The languages list them by that English, with ``{..}`` for what changes
(``languages/xx/told``); one that is not listed is shown as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "languages"
PLACE = re.compile(r"\{(\w+)\}")
BETWEEN = ("; ", ". ")
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a language, and how its English is recognised."""

    english: re.Pattern[str]
    said: str


@cache
def told_of(language: str) -> Mapping[str, str]:
    """Return the sentences of a language by their English; none for English itself."""
    words: dict[str, str] = {}
    for path in sorted((FOLDER / language / "told").glob("*.toml")):
        words |= tomllib.loads(path.read_text(encoding="utf-8"))
    return words


@cache
def patterns_of(language: str) -> tuple[Sentence, ...]:
    """Return the sentences with places, those with most words of their own first."""
    told = [(english, said) for english, said in told_of(language).items() if "{" in english]
    told.sort(key=lambda one: -len(PLACE.sub("", one[0])))
    return tuple(Sentence(pattern_of(english), said) for english, said in told)


def pattern_of(english: str) -> re.Pattern[str]:
    """Return what recognises a sentence and takes out its values."""
    pieces = PLACE.split(english)
    return re.compile(
        "".join(
            f"(?P<{piece}>.+?)" if odd % 2 else re.escape(piece) for odd, piece in enumerate(pieces)
        ),
        re.DOTALL,
    )


def in_words_of(language: str, text: str, apart: Callable[[str], str] = str) -> str:
    """Return an English sentence in another language; as it is where it is not known.

    Parameters
    ----------
    apart : callable
        Sets a value apart from the text around it.
    """
    return _translated(language, text, apart, 0) or text


@lru_cache(maxsize=10_000)
def _translated(language: str, text: str, apart: Callable[[str], str], depth: int) -> str:
    """Return a sentence of the language, empty if it is not known."""
    exact = told_of(language).get(text)
    if exact or depth >= DEEPEST:
        return exact or ""
    for sentence in patterns_of(language):
        match = sentence.english.fullmatch(text)
        if match is not None:
            values = {
                name: _translated(language, value, apart, depth + 1) or apart(value)
                for name, value in match.groupdict().items()
            }
            return sentence.said.format(**values)
    for between in BETWEEN:
        parts = text.split(between)
        known = [_translated(language, part, apart, depth + 1) for part in parts]
        if len(parts) > 1 and any(known):
            return between.join(one or part for one, part in zip(known, parts, strict=True))
    return ""
