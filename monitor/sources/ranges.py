"""Files on web servers, read in byte ranges for rasterio.

GDAL decodes and we fetch: its own network code cannot be given a deadline, believes
every range that a server sends, and tells a lost connection from a damaged file by
text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rasterio._vsiopener import MultiByteRangeResource
from rasterio.abc import MultiByteRangeResourceContainer

from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.answers import is_page
from monitor.sources.cache import Cache
from monitor.sources.deadline import Deadline
from monitor.sources.signing import Signer, Unsigned
from monitor.sources.web import Answer, Request, Unauthorised, WebSettings, fetch, host_of

HEAD_BYTES = 1 << 16
"""Fetched first; the header of a COG of 10,980 x 10,980 px has some 20 kB."""

MERGE_GAP_BYTES = 1 << 16
"""Ranges that lie closer are fetched as one."""

MAX_FETCHED_BYTES = 500_000_000
"""Of one file; a whole Sentinel-2 band has some 200 MB."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class RemoteFiles:
    """How the files of one provider are fetched, for one piece of work."""

    deadline: Deadline
    web: WebSettings = field(default_factory=WebSettings)
    signer: Signer = field(default_factory=Unsigned)
    cache: Cache | None = None

    @contextmanager
    def opened(self, address: str) -> Iterator[RemoteFile]:
        """Give the opener with which rasterio reads `address`.

        Raises
        ------
        SourceError
            If the file cannot be fetched; also instead of the error that GDAL made of it.
        """
        file = RemoteFile(address, self)
        file.fetch_head()
        try:
            yield file
        except SourceError as error:
            if file.failure is None:
                raise
            raise file.failure from error
        if file.failure is not None:
            raise file.failure


class RemoteFile(MultiByteRangeResourceContainer):  # type: ignore[misc]  # rasterio has no types
    """One file, opened by rasterio as often as it likes.

    GDAL calls it from C, where an exception is lost: a failure is kept, and from
    then on there are no bytes.
    """

    def __init__(self, address: str, files: RemoteFiles) -> None:
        self.failure: SourceError | None = None
        self.size_bytes = 0
        self._address = address
        self._files = files
        self._what = f"raster {name_of(address)}"
        self._version = ""
        self._spans: list[tuple[int, bytes]] = []
        self._fetched_bytes = 0

    def fetch_head(self) -> None:
        """Fetch the beginning of the file, which says how long it is."""
        answer = self._answer(0, HEAD_BYTES)
        if is_page(answer.headers.get("content-type", ""), answer.body):
            raise SourceUnavailable(
                f"{self._what}: a web page came instead of an image",
                hint="an error or login page with status 200; the next run tries again",
            )
        self._version = answer.headers.get("etag") or answer.headers.get("last-modified", "")
        self._spans.append((0, self._checked(answer, 0, HEAD_BYTES)))

    def bytes_at(self, start: int, size: int) -> bytes:
        """Return up to `size` bytes from `start`; none after a failure."""
        size = max(0, min(size, self.size_bytes - start))
        if self.failure is not None or size == 0:
            return b""
        known = self._known(start, size)
        if known is not None:
            return known
        try:
            self._fetch(start, max(size, HEAD_BYTES))
        except SourceError as error:
            self.failure = error
            return b""
        return self._known(start, size) or b""

    def fetch_all(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Fetch ranges (start, end) as far as the file goes, near ones in one request."""
        within = sorted((start, min(end, self.size_bytes)) for start, end in ranges)
        missing = [(s, e) for s, e in within if s < e and self._known(s, e - s) is None]
        try:
            for start, end in merged_ranges(missing):
                self._fetch(start, end - start)
        except SourceError as error:
            self.failure = error

    def exactly(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return ranges (start, end); a file that ends before one of them has failed.

        GDAL would decode whatever its memory held before as the missing rest.
        """
        found = [self.bytes_at(start, end - start) for start, end in ranges]
        if self.failure is None and max(end for _, end in ranges) > self.size_bytes:
            self.failure = SourceRefused(
                f"{self._what} is damaged: it is cut short at {self.size_bytes} bytes",
                hint="fetch the file again, or remove its item",
            )
        return found

    def _known(self, start: int, size: int) -> bytes | None:
        for first, content in reversed(self._spans):
            if first <= start and start + size <= first + len(content):
                return content[start - first : start - first + size]
        return None

    def _fetch(self, start: int, size: int) -> None:
        end = min(start + size, self.size_bytes)
        # The head is at hand, and data often begins in it.
        _, head = self._spans[0]
        known = head[start:end]
        first, missing = start + len(known), end - start - len(known)
        self._fetched_bytes += missing
        if self._fetched_bytes > MAX_FETCHED_BYTES:
            raise SourceRefused(f"{self._what}: more than {MAX_FETCHED_BYTES} bytes are needed")
        if missing:
            known += self._cached(first, missing)
        self._spans.append((start, known))

    def _cached(self, start: int, size: int) -> bytes:
        """Return exactly these bytes, from the cache if it has them."""
        cache, key = self._files.cache, f"{self._address}|{self._version}|{start}+{size}"
        if cache is None or not self._version:
            return self._checked(self._answer(start, size), start, size)
        content = cache.get(key)
        if content is None:
            content = self._checked(self._answer(start, size), start, size)
            cache.put(key, content)
        return content

    def _answer(self, start: int, size: int) -> Answer:
        signer = self._files.signer
        try:
            return self._asked(start, size)
        except Unauthorised:
            # A signature may have expired on the way: once more with a fresh one.
            if not signer.forget(self._address):
                raise
            return self._asked(start, size)

    def _asked(self, start: int, size: int) -> Answer:
        url = self._files.signer.signed(self._address, self._files.deadline)
        wanted = f"bytes={start}-{start + size - 1}"
        headers = {"Range": wanted, "Accept-Encoding": "identity"}
        request = Request(url, self._what, headers=headers)
        web = self._files.web
        web = replace(web, max_bytes=max(web.max_bytes, size))
        return fetch(request, web, self._files.deadline)

    def _checked(self, answer: Answer, start: int, size: int) -> bytes:
        """Return the bytes that were asked for, if they are what came."""
        if answer.status != 206:
            # A server that knows no ranges sends the whole file: taken if it is short enough.
            self.size_bytes = len(answer.body)
            return answer.body if start == 0 else answer.body[start : start + size]
        told = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        first, last, total = (int(number) for number in told.groups()) if told else (-1, -1, 0)
        version = answer.headers.get("etag") or answer.headers.get("last-modified", "")
        if version != self._version or (self.size_bytes and total != self.size_bytes):
            raise SourceUnavailable(
                f"{self._what}: it changed while it was read", hint="the next run reads it anew"
            )
        due = min(start + size, total)
        if first != start or last + 1 != due or len(answer.body) != due - start:
            raise SourceUnavailable(
                f"{self._what}: bytes {start}-{due - 1} were asked for, but "
                f"{answer.headers.get('content-range') or 'no range'} came",
                hint="the server or a proxy does not answer byte ranges as it should",
            )
        self.size_bytes = total
        return answer.body

    # What rasterio asks of a container of files.

    def open(self, path: str, mode: str = "r", **_: object) -> _Handle:
        """Return a handle on the file."""
        return _Handle(self)

    def isfile(self, path: str) -> bool:
        """Return True: there is one file."""
        return True

    def isdir(self, path: str) -> bool:
        """Return False."""
        return False

    def ls(self, path: str) -> list[str]:
        """Return nothing: no file lies beside it."""
        return []

    def mtime(self, path: str) -> int:
        """Return 0: unknown."""
        return 0

    def rm(self, path: str) -> None:
        """Do nothing."""

    def size(self, path: str) -> int:
        """Return the size of the file in bytes."""
        return self.size_bytes


class _Handle(MultiByteRangeResource):  # type: ignore[misc]  # rasterio has no types
    """A position in a remote file."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._place = 0

    def __enter__(self) -> _Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        size = self._file.size_bytes - self._place if size < 0 else size
        content = self._file.bytes_at(self._place, size)
        self._place += len(content)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, counted from the start, from here or from the end."""
        self._place = offset + (0, self._place, self._file.size_bytes)[whence]
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def close(self) -> None:
        """Do nothing: the file may be opened again."""

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        """Return several ranges, fetched together."""
        ranges = [(start, start + size) for start, size in zip(offsets, sizes, strict=True)]
        self._file.fetch_all(ranges)
        return self._file.exactly(ranges)


def merged_ranges(
    ranges: Sequence[tuple[int, int]], gap: int = MERGE_GAP_BYTES
) -> list[tuple[int, int]]:
    """Return sorted ranges (start, end) with those joined that lie less than `gap` apart."""
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start - merged[-1][1] < gap:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def name_of(address: str) -> str:
    """Return host and last part of an address: what messages say of it."""
    path = address.split("?")[0].split("#")[0]
    return f"{host_of(address)}/…/{path.rsplit('/', 1)[-1]}"
