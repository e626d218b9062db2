"""Features: what every format is read into before anything is believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from aoi.errors import InvalidAoi


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a file: numbers checked, shape and properties not yet."""

    index: int
    """Place in the file, from 0."""

    geometry: BaseGeometry
    """EPSG:4326, longitude first, two dimensions."""

    properties: Mapping[str, object] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """What was changed while reading, in words for the person who wrote the file."""

    @property
    def where(self) -> str:
        """Name of the feature in messages."""
        return place(self.index, self.properties)


def place(index: int, properties: Mapping[str, object]) -> str:
    """Return the name of a feature in messages: its index, and its id or name."""
    for key in ("id", "name"):
        value = properties.get(key)
        if isinstance(value, str | int) and value != "":
            return f"feature {index} ({key} {str(value)[:60]!r})"
    return f"feature {index}"


@contextmanager
def named(where: str) -> Iterator[None]:
    """Put `where` before the message of what is refused inside."""
    try:
        yield
    except InvalidAoi as error:
        if not where:
            raise
        raise InvalidAoi(f"{where}: {error.message}", hint=error.hint) from error


def gathered(notices: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return notices of (where, what) as sentences, one for each thing said of many features."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for where, what in notices:
        places[what].append(where)
    return tuple(_sentence(what, where) for what, where in places.items())


def _sentence(what: str, where: list[str]) -> str:
    if len(where) <= 2:
        return f"{', '.join(where)}: {what}"
    return f"{where[0]} and {len(where) - 1} more: {what}"
