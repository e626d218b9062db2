from __future__ import annotations

from io import BytesIO

import pytest

from monitor.errors import BackupRefused
from monitor.sealed_file import (
    CHUNK_BYTES,
    MAGIC,
    SALT_BYTES,
    TAG_BYTES,
    SealedReader,
    SealedWriter,
)

WORDS = "five words are good here"
HEAD = len(MAGIC) + SALT_BYTES


def sealed(content: bytes, piece: int = 300_000) -> bytes:
    file = BytesIO()
    writer = SealedWriter(file, WORDS)
    for start in range(0, len(content), piece):
        writer.write(content[start : start + piece])
    writer.finish()
    return file.getvalue()


def opened(file: bytes, words: str = WORDS) -> bytes:
    return SealedReader(BytesIO(file), words).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 7])
def test_what_goes_in_comes_out(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    file = sealed(content[:size])

    assert opened(file) == content[:size]
    assert b"\x01\x02\x03\x04\x05" not in file


def test_it_is_read_in_pieces_of_any_size() -> None:
    reader = SealedReader(BytesIO(sealed(b"abcdefgh")), WORDS)

    assert [reader.read(3), reader.read(3), reader.read(3), reader.read(3)] == [
        b"abc", b"def", b"gh", b"",
    ]  # fmt: skip


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(BackupRefused, match="passphrase"):
        opened(sealed(b"secret"), "another passphrase")


def test_two_files_of_one_content_have_nothing_in_common() -> None:
    assert sealed(b"x" * 100)[len(MAGIC) :] != sealed(b"x" * 100)[len(MAGIC) :]


@pytest.mark.parametrize("at", [HEAD, HEAD + CHUNK_BYTES + 3, -1])
def test_a_bit_that_flipped_is_noticed(at: int) -> None:
    file = bytearray(sealed(b"y" * (2 * CHUNK_BYTES)))
    file[at] ^= 1

    with pytest.raises(BackupRefused):
        opened(bytes(file))


def test_what_was_cut_off_or_moved_is_noticed() -> None:
    file = sealed(b"z" * (3 * CHUNK_BYTES))
    step = CHUNK_BYTES + TAG_BYTES
    first, second = file[HEAD : HEAD + step], file[HEAD + step : HEAD + 2 * step]
    swapped = file[:HEAD] + second + first + file[HEAD + 2 * step :]

    for damaged in (file[: HEAD + step], file[: HEAD + 2 * step], file[:-1], swapped):
        with pytest.raises(BackupRefused):
            opened(damaged)


def test_another_file_is_refused() -> None:
    with pytest.raises(BackupRefused, match="no backup"):
        opened(b"PK\x03\x04 something else")
