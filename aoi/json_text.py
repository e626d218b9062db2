"""A strict reader of JSON, piece by piece, that trusts nothing it reads.

Python's own reader takes NaN, Infinity, a key twice, lone surrogates and
numbers of any length, and dies of deep nesting. This one refuses them, says
where, and holds one feature of a file in memory at a time.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from aoi.errors import InvalidAoi

Json = Any
"""What JSON can hold: dict, list, str, int, float, bool or None."""

CHUNK_BYTES = 1 << 18
MAX_DEPTH = 20
MAX_STRING = 20_000
"""Characters of one string; no property that we read is longer than a name."""

MAX_DIGITS = 40

MAX_PIECE = 12_000_000
"""Characters of one value that is read whole, such as a feature."""

SPACE = re.compile(r"[ \t\n\r]*")
# A whole text, a bracket, or the begin of a text that goes on in the next chunk.
STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)
STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
SCALAR = re.compile(r"[^\s,\[\]{}\":]+")
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

# Formats that people rename, by their first bytes.
OTHERS = (
    (b"\x1f\x8b", "looks like gzip", "unpack it first: gunzip FILE"),
    (b"\xff\xfe", "is in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "is in UTF-16", "save it as UTF-8"),
    (b"{\x00", "is in UTF-16", "save it as UTF-8"),
    (b"\x00{", "is in UTF-16", "save it as UTF-8"),
)


class JsonText:
    """The text of a JSON file, and the place that reading has reached in it."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._read_bytes = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._passed = 0
        self._ended = False
        self._start()

    @property
    def offset(self) -> int:
        """Characters of the file before the place that was reached."""
        return self._passed + self._at

    def peek(self) -> str:
        """Return the next character that is not a space, empty at the end."""
        while True:
            space = SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Step over the character `expected`."""
        found = self.peek()
        if found != expected:
            raise self._fault(f"{_shown(found)} stands where {expected!r} is due")
        self._at += 1

    def members(self) -> Iterator[str]:
        """Yield the keys of an object; the caller reads each value before the next key."""
        self.take("{")
        seen: set[str] = set()
        while self.peek() != "}":
            if seen:
                self.take(",")
            key = self.value()
            if not isinstance(key, str):
                raise self._fault("a key that is not text")
            if key in seen:
                raise InvalidAoi(*_twice(key))
            seen.add(key)
            self.take(":")
            yield key
        self.take("}")

    def elements(self) -> Iterator[int]:
        """Yield the indexes of an array; the caller reads each element before the next."""
        self.take("[")
        index = 0
        while self.peek() != "]":
            if index:
                self.take(",")
            yield index
            index += 1
        self.take("]")

    def value(self, max_depth: int = MAX_DEPTH) -> Json:
        """Read one whole value."""
        first = self.peek()
        if first == "":
            raise self._cut_off()
        start = self.offset
        if first in "[{":
            piece = self._take_nested(max_depth)
        elif first == '"':
            piece = self._take_string()
        else:
            piece = self._take_scalar()
        return parsed(piece, start)

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise InvalidAoi(
                f"something follows the end of the document, at character {self.offset}: "
                f"{_shown(self._text[self._at : self._at + 20])}",
                hint="one file holds one document; remove what follows it",
            )

    def _take_nested(self, max_depth: int) -> str:
        at, depth = self._at, 0
        while True:
            found = STRUCTURE.search(self._text, at)
            if found is None:
                at = len(self._text) - self._at
                self._need_more()
                at += self._at
                continue
            if found[0][0] == '"':
                at = self._end_of_string(found.start(), found.end())
                continue
            at = found.end()
            depth += 1 if found[0] in "[{" else -1
            if depth > max_depth:
                raise InvalidAoi(
                    f"nested more than {max_depth} deep, at character {self._passed + at}",
                    hint="a GeoJSON feature needs no more than 8 levels",
                )
            if depth == 0:
                return self._take_until(at)

    def _take_string(self) -> str:
        return self._take_until(self._end_of_string(self._at))

    def _end_of_string(self, start: int, end: int = 0) -> int:
        """Return where the string that begins at `start` ends, in the text held."""
        if 1 < end - start <= MAX_STRING:
            return end
        while True:
            found = STRING.match(self._text, start)
            length = (found.end() if found else len(self._text)) - start
            if length > MAX_STRING:
                raise InvalidAoi(
                    f"a text of more than {MAX_STRING} characters, at character "
                    f"{self._passed + start}",
                    hint="shorten it; names have at most 200 characters",
                )
            if found:
                return found.end()
            ahead = start - self._at
            self._need_more()
            start = self._at + ahead

    def _take_scalar(self) -> str:
        while True:
            found = SCALAR.match(self._text, self._at)
            if found is None:
                raise self._fault(f"{_shown(self._text[self._at])} stands where a value is due")
            if found.end() < len(self._text) or not self._more():
                return self._take_until(found.end())

    def _take_until(self, end: int) -> str:
        piece = self._text[self._at : end]
        self._at = end
        return piece

    def _need_more(self) -> None:
        if not self._more():
            raise self._cut_off()

    def _more(self) -> bool:
        """Read another chunk behind the text held; False at the end of the file."""
        if self._ended:
            return False
        if len(self._text) - self._at > MAX_PIECE:
            raise InvalidAoi(
                f"one value of more than {MAX_PIECE / 1e6:.0f} million characters",
                hint="simplify the outline; 50,000 vertices are the limit",
            )
        chunk = self._stream.read(CHUNK_BYTES)
        self._read_bytes += len(chunk)
        if self._read_bytes > self._max_bytes:
            raise InvalidAoi(
                f"larger than {self._max_bytes / 1e6:.0f} MB",
                hint="split the file; settlements go to: settlement import",
            )
        self._ended = not chunk
        self._passed += self._at
        self._text = self._text[self._at :] + self._decoded(chunk)
        self._at = 0
        return not self._ended

    def _decoded(self, chunk: bytes) -> str:
        try:
            return self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = self._read_bytes - len(chunk) + error.start
            raise InvalidAoi(
                f"not UTF-8: {error.reason} near byte {at}", hint="save it as UTF-8"
            ) from error

    def _start(self) -> None:
        head = self._stream.read(4)
        for signature, fault, hint in OTHERS:
            if head.startswith(signature):
                raise InvalidAoi(fault, hint=hint)
        self._read_bytes = len(head)
        self._text = self._decoded(head).removeprefix("\ufeff")

    def _fault(self, what: str) -> InvalidAoi:
        if self.peek() == "":
            return self._cut_off()
        return InvalidAoi(
            f"not JSON: {what}, at character {self.offset}",
            hint="open it in a text editor, or export it again",
        )

    def _cut_off(self) -> InvalidAoi:
        length = self._passed + len(self._text)
        if not length:
            return InvalidAoi("empty", hint="export it again")
        return InvalidAoi(
            f"ends in the middle, at character {length}",
            hint="it was cut off: copy or export it again",
        )


def parsed(piece: str, start: int = 0) -> Json:
    """Return the value of `piece`, which begins at character `start` of its file."""
    try:
        value = json.loads(
            piece,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise InvalidAoi(
            f"not JSON: {error.msg}, at character {start + error.pos}",
            hint="open it in a text editor, or export it again",
        ) from error
    if SURROGATE.search(piece):
        _require_whole_characters(value)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InvalidAoi(*_twice(next(key for key in keys if keys.count(key) > 1)))
    return members


def _twice(key: str) -> tuple[str, str]:
    return f"the key {_shown(key)} stands twice in one object", "remove one of them"


def _integer(digits: str) -> int | float:
    if len(digits) > MAX_DIGITS:
        raise InvalidAoi(
            f"a number of {len(digits)} digits", hint="coordinates are degrees, -180 to 180"
        )
    return int(digits)


def _number(text: str) -> float:
    number = float(text)
    if len(text) > MAX_DIGITS or not math.isfinite(number):
        raise InvalidAoi(
            f"the number {text[:MAX_DIGITS]} is too large or too long",
            hint="coordinates are degrees, -180 to 180",
        )
    return number


def _no_constant(word: str) -> Json:
    raise InvalidAoi(f"{word} is not a number in JSON", hint="export the file again without it")


def _require_whole_characters(value: Json) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidAoi(
            "a text holds half a character (a lone surrogate)",
            hint="write the name again; its encoding was damaged",
        ) from error


def _shown(text: str) -> str:
    return json.dumps(text) if text else "the end"
