"""KML (OGC 07-147, and Google's 2.0 to 2.2), read without a DTD and without a network."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from aoi.errors import InvalidAoi
from aoi.feature import Feature, named, place
from aoi.geojson import HEIGHT_DROPPED, Limits, shape_of

NAMESPACES = (
    "http://www.opengis.net/kml/2.2",
    "http://earth.google.com/kml/2.0",
    "http://earth.google.com/kml/2.1",
    "http://earth.google.com/kml/2.2",
)
EXTENSION = "http://www.google.com/kml/ext/2.2"
MAX_DEPTH = 64
MAX_TEXT = 20_000
"""Characters of a name or a value; coordinates may be longer."""

BYTES_PER_POSITION = 60
CHUNK_BYTES = 1 << 16

DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']""")

LINK_IGNORED = "a NetworkLink is ignored: nothing is fetched"

Json = object


class _Placemark:
    """What has been read of the placemark that is open."""

    def __init__(self) -> None:
        self.properties: dict[str, object] = {}
        self.polygons: list[list[list[list[float]]]] = []
        self.points: list[list[float]] = []
        self.others: list[str] = []


class _Reader:
    """Takes the events of one document, and keeps the placemarks that are complete."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.finished: list[_Placemark] = []
        self.links = 0
        self.count = 0
        self._path: list[str] = []
        self._open: _Placemark | None = None
        self._text: list[str] = []
        self._length = 0
        self._key = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._tag(name)
        self._path.append(tag)
        if len(self._path) > MAX_DEPTH:
            raise InvalidAoi(
                f"nested more than {MAX_DEPTH} deep", hint="move the placemarks out of folders"
            )
        self._text, self._length = [], 0
        if tag == "Placemark":
            self._open = _Placemark()
        elif tag == "NetworkLink":
            self.links += 1
        elif self._open is not None:
            self._begin_inside(self._open, tag, attributes)

    def characters(self, text: str) -> None:
        wanted = self._path[-1] in ("coordinates", "name", "value", "SimpleData", "coord")
        if self._open is None or not wanted:
            return
        limit = MAX_TEXT
        if self._path[-1] == "coordinates":
            limit = self.limits.max_vertices * BYTES_PER_POSITION
        self._length += len(text)
        if self._length > limit:
            raise InvalidAoi(
                f"feature {self.count}: <{self._path[-1]}> has more than {limit:,} characters",
                hint="simplify the outline" if limit > MAX_TEXT else "shorten it",
            )
        self._text.append(text)

    def end(self, _: str) -> None:
        tag = self._path.pop()
        placemark = self._open
        if placemark is None:
            return
        text = "".join(self._text)
        self._text, self._length = [], 0
        if tag == "Placemark":
            self.finished.append(placemark)
            self._open = None
            self.count += 1
        elif tag == "name" and self._path[-1] == "Placemark":
            placemark.properties["name"] = text.strip(" \t\r\n")
        elif tag in ("value", "SimpleData") and self._key:
            placemark.properties.setdefault(self._key, text.strip(" \t\r\n"))
        elif tag == "coordinates":
            with named(place(self.count, placemark.properties)):
                self._add_positions(placemark, positions_of(text))

    def _begin_inside(self, placemark: _Placemark, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("Data", "SimpleData"):
            self._key = attributes.get("name", "")
        elif tag == "Polygon":
            placemark.polygons.append([])
        elif tag in ("LineString", "Track", "MultiTrack", "Model"):
            placemark.others.append(tag)

    def _add_positions(self, placemark: _Placemark, positions: list[list[float]]) -> None:
        if "Polygon" in self._path and placemark.polygons:
            rings = placemark.polygons[-1]
            # The outer ring comes first in a polygon, whatever the order in the file.
            rings.insert(0 if "outerBoundaryIs" in self._path else len(rings), positions)
        elif "Point" in self._path:
            placemark.points += positions

    def _tag(self, name: str) -> str:
        namespace, _, tag = name.rpartition(" ")
        if not self._path and (tag != "kml" or namespace not in NAMESPACES):
            raise InvalidAoi(
                f"not KML: its root is <{tag[:40]}> of the namespace {namespace[:80]!r}",
                hint=f"KML has the namespace {NAMESPACES[0]!r}",
            )
        # What other vocabularies mean is not known; gx:Track is.
        return tag if namespace in NAMESPACES or namespace == EXTENSION else f"other:{tag}"


def features(stream: BinaryIO, limits: Limits, said: list[str]) -> Iterator[Feature]:
    """Yield the placemarks of a KML document; append what concerns all of it to `said`.

    Raises
    ------
    InvalidAoi
        If the document has a DTD, is not KML, or breaks a limit.
    """
    reader = _Reader(limits)
    parser = _parser(reader, _encoding_of(stream, limits, said))
    index = 0
    for chunk in _chunks(stream, limits):
        _feed(parser, chunk)
        for placemark in reader.finished:
            if index >= limits.max_features:
                raise InvalidAoi(
                    f"more than {limits.max_features:,} placemarks", hint=limits.beyond_features
                )
            yield _feature(index, placemark, limits)
            index += 1
        reader.finished.clear()
    if not index:
        raise InvalidAoi(
            "no placemark in the file" + (", only links to other files" if reader.links else ""),
            hint="nothing is fetched from a NetworkLink; save the places themselves",
        )
    if reader.links:
        said.append(LINK_IGNORED)


def positions_of(text: str) -> list[list[float]]:
    """Return the positions of a <coordinates> element: ``lon,lat[,height] ...``."""
    positions = []
    for group in text.split():
        numbers = group.split(",")
        if not 2 <= len(numbers) <= 3:
            raise InvalidAoi(
                f"{len(numbers)} values in the position {group[:60]!r}",
                hint="write 25.3,13.6: a point in each number, a comma between them, no space",
            )
        try:
            positions.append([float(number) for number in numbers])
        except ValueError as error:
            raise InvalidAoi(
                f"the position {group[:60]!r} is not made of numbers",
                hint="write 25.3,13.6: a point in each number, a comma between them, no space",
            ) from error
    return positions


def _feature(index: int, placemark: _Placemark, limits: Limits) -> Feature:
    with named(place(index, placemark.properties)):
        geometry, flat = shape_of(_geometry_of(placemark), limits.max_vertices)
    # Most KML has a height of 0 in every position: nothing is lost.
    notices = () if flat or _all_on_ground(placemark) else (HEIGHT_DROPPED,)
    return Feature(index, geometry, placemark.properties, notices)


def _geometry_of(placemark: _Placemark) -> dict[str, Json] | None:
    if placemark.others:
        raise InvalidAoi(
            f"it is a line or a track ({placemark.others[0]})",
            hint="areas are polygons; points go to: settlement import",
        )
    if placemark.polygons and placemark.points:
        raise InvalidAoi("it holds polygons and points", hint="make one placemark of each")
    if placemark.polygons:
        return {"type": "MultiPolygon", "coordinates": placemark.polygons}
    if placemark.points:
        return {"type": "MultiPoint", "coordinates": placemark.points}
    return None


def _all_on_ground(placemark: _Placemark) -> bool:
    rings = [ring for polygon in placemark.polygons for ring in polygon]
    return not any(any(position[2:]) for ring in (placemark.points, *rings) for position in ring)


def _encoding_of(stream: BinaryIO, limits: Limits, said: list[str]) -> str | None:
    """Return ``"utf-8"`` where a file declares one byte a character, and is UTF-8 all the same."""
    declared = DECLARED.search(stream.read(1024))
    stream.seek(0)
    if declared is None or not declared[1].lower().startswith((b"iso-8859", b"windows-")):
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        for chunk in _chunks(stream, limits):
            is_ascii &= decoder.decode(chunk, final=not chunk).isascii()
    except UnicodeDecodeError:
        is_ascii = True
    stream.seek(0)
    if is_ascii:
        return None
    said.append(
        f"it declares the encoding {declared[1].decode()}, but is UTF-8, and was read so: "
        "look at the names"
    )
    return "utf-8"


def _parser(reader: _Reader, encoding: str | None) -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding, " ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise InvalidAoi(
        "it has a document type declaration (DTD), which may hide an attack",
        hint="KML needs none: remove <!DOCTYPE ...>, or save it again from the program",
    )


def _feed(parser: expat.XMLParserType, chunk: bytes) -> None:
    try:
        parser.Parse(chunk, not chunk)
    except expat.ExpatError as error:
        raise InvalidAoi(
            f"not XML: {expat.ErrorString(error.code)}, line {error.lineno}",
            hint="it may be cut off: export it again",
        ) from error
    except (LookupError, ValueError) as error:
        raise InvalidAoi(
            f"its encoding cannot be read: {error}", hint="save it as UTF-8"
        ) from error


def _chunks(stream: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """Yield the bytes of `stream`, and at last an empty chunk: its end."""
    read = 0
    while chunk := stream.read(CHUNK_BYTES):
        read += len(chunk)
        if read > limits.max_bytes:
            raise InvalidAoi(f"larger than {limits.max_bytes / 1e6:.0f} MB", hint="split the file")
        yield chunk
    yield b""
