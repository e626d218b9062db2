"""Properties of a feature, as people write them, to the fields of areas and settlements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from aoi.errors import InvalidAoi
from aoi.text import cleaned, is_slug, slug

Choice = TypeVar("Choice", bound=StrEnum)

AREA_KEYS = ("id", "name", "sensitivity", "revisit", "detectors")
SETTLEMENT_KEYS = (
    "id", "name", "name_local", "kind", "structures", "radius_m", "admin_pcode", "footprint",
)  # fmt: skip

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
UNITS["w"] = timedelta(weeks=1)
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=90)

COORDINATES = re.compile(r"\d{1,3}[.,]\d{3,}|\d{1,3} ?°")

# A dBASE table, the older half of a Shapefile, cuts names of fields there.
DBF_NAME = 10


class Properties:
    """Reads the properties of one feature, and notes what it changed or did not use."""

    def __init__(self, properties: Mapping[str, object], known: Sequence[str]) -> None:
        self.notices: list[str] = []
        self._values: dict[str, object] = {}
        for key, value in properties.items():
            name = _known_name(key, known)
            if name and self._values.get(name) in (None, ""):
                self._values[name] = value
            elif not name:
                self._suspect(key, known)

    def text(self, key: str) -> str:
        """Return a cleaned text, empty if there is none."""
        value = self._values.get(key)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidAoi(f"its {key} is {value!r:.60}", hint=f"{key} is a text")
        kept, changed = cleaned(str(value), key)
        if changed:
            self.notices.append(f"control or invisible characters removed from the {key}")
            if not kept:
                raise InvalidAoi(
                    f"the {key} holds nothing but control or invisible characters",
                    hint="write it again",
                )
        if key.startswith("name") and COORDINATES.search(kept):
            self.notices.append(f"the {key} seems to hold coordinates: whoever reads it, has them")
        return kept

    def identifier(self) -> str:
        """Return the id as a slug, empty if there is none."""
        text = self.text("id")
        if not text or is_slug(text):
            return text
        written = slug(text)
        if not written:
            raise InvalidAoi(
                f"the id {text!r} has no Latin letter or digit",
                hint="an id is made of a-z, 0-9, '.', '_' and '-', such as sd-nyala-0042",
            )
        self.notices.append(f"the id {text!r} is written {written!r} here")
        return written

    def choice(self, key: str, kind: type[Choice], default: Choice) -> Choice:
        """Return one of the words of `kind`."""
        word = self.text(key).lower()
        if not word:
            return default
        if word not in list(kind):
            raise InvalidAoi(f"its {key} is {word!r}", hint=f"{key} is one of {', '.join(kind)}")
        return kind(word)

    def number(self, key: str, low: float, high: float) -> float | None:
        """Return a number from `low` to `high`, None if there is none."""
        value = self._values.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        number = _number(value)
        if number is None or not low <= number <= high:
            raise InvalidAoi(
                f"its {key} is {value!r:.60}", hint=f"{key} is a number, {low:g} to {high:g}"
            )
        return number

    def count(self, key: str, high: int) -> int | None:
        """Return a whole number from 0 to `high`, None if there is none."""
        number = self.number(key, 0, high)
        if number is not None and number != int(number):
            raise InvalidAoi(f"its {key} is {number:g}", hint=f"{key} is a whole number")
        return None if number is None else int(number)

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of words, written as a list or with commas."""
        value = self._values.get(key)
        if isinstance(value, list):
            words = [word for word in value if isinstance(word, str)]
            if len(words) < len(value):
                raise InvalidAoi(f"its {key} are {value!r:.60}", hint=f"{key} are words")
        else:
            words = self.text(key).split(",")
        return tuple(dict.fromkeys(word.strip().lower() for word in words if word.strip()))

    def duration(self, key: str, default: timedelta) -> timedelta:
        """Return a span of time, written ``1d``, ``12h`` or ``P1D``."""
        text = self.text(key)
        return duration(text, key) if text else default

    def _suspect(self, key: str, known: Sequence[str]) -> None:
        close = _meant(key[:40].lower(), tuple(known))
        if close:
            self.notices.append(f"the property {key[:40]!r} is not used; meant {close!r}?")


def duration(text: str, what: str) -> timedelta:
    """Return the span of time that `text` names: ``1d``, ``12h``, ``90m``, ``2w``, ``PT12H``."""
    plain = text.strip().lower()
    plain = plain.removeprefix("pt") if plain.startswith("pt") else plain.removeprefix("p")
    found = re.fullmatch(r"(\d{1,4}) ?([mhdw])[a-z]*", plain)
    span = int(found[1]) * UNITS[found[2]] if found else timedelta(0)
    if not SHORTEST <= span <= LONGEST:
        raise InvalidAoi(
            f"the {what} is {text!r}", hint=f"{what} is from 1h to 90d, such as 12h, 1d or 2w"
        )
    return span


# The same few keys come back in every feature of a file.
@lru_cache(maxsize=1024)
def _meant(key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key, known, n=1, cutoff=0.85)
    return close[0] if close else ""


def _known_name(key: str, known: Sequence[str]) -> str:
    plain = key.strip().lower()
    for name in known:
        if plain == name or (len(plain) == DBF_NAME and plain == name[:DBF_NAME]):
            return name
    return ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None
