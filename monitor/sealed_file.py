"""Files that only a passphrase opens, written and read in one pass, of any size.

Chunks are sealed one by one with a counter, and the last one is marked as such: what
was altered, dropped, repeated, put in another order or cut short is noticed.
"""

from __future__ import annotations

import io
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from monitor.errors import BackupRefused

MAGIC = b"EMBERWATCH SEALED 1\n"
SALT_BYTES = 16
CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
COST = 1 << 15
"""Of scrypt: 32 MB and a tenth of a second for each guess."""


class SealedWriter(io.RawIOBase):
    """Encrypts what is written to it; `finish` writes the end, without which nothing counts.

    Parameters
    ----------
    file : binary file
        Where it goes.
    passphrase : str
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(SALT_BYTES)
        self._file = file
        self._cipher = AESGCM(_key(passphrase, salt))
        self._buffer = bytearray()
        self._number = 0
        file.write(MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, content: object, /) -> int:
        piece = bytes(content)  # type: ignore[call-overload]
        self._buffer += piece
        # One chunk stays behind: the last one is sealed as the last.
        while len(self._buffer) > CHUNK_BYTES:
            self._seal(bytes(self._buffer[:CHUNK_BYTES]), last=False)
            del self._buffer[:CHUNK_BYTES]
        return len(piece)

    def finish(self) -> None:
        """Write what is left, as the last chunk."""
        self._seal(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Decrypts what `SealedWriter` wrote.

    Parameters
    ----------
    file : binary file
    passphrase : str

    Raises
    ------
    BackupRefused
        Here and while it is read: another passphrase, another kind of file, or damage.
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupRefused("it is no backup of this service, or of a newer one")
        self._cipher = AESGCM(_key(passphrase, file.read(SALT_BYTES)))
        self._file = file
        self._ahead = file.read(CHUNK_BYTES + TAG_BYTES)
        self._buffer = b""
        self._number = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = -1 if size is None else size
        pieces = [self._buffer]
        held = len(self._buffer)
        while (wanted < 0 or held < wanted) and self._ahead:
            pieces.append(self._opened())
            held += len(pieces[-1])
        content = b"".join(pieces)
        cut = len(content) if wanted < 0 else wanted
        self._buffer = content[cut:]
        return content[:cut]

    def _opened(self) -> bytes:
        sealed, self._ahead = self._ahead, self._file.read(CHUNK_BYTES + TAG_BYTES)
        nonce = _nonce(self._number, last=not self._ahead)
        try:
            chunk = self._cipher.decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError) as error:
            first = "the passphrase is another one, or the backup is damaged"
            later = "the backup was cut short or altered"
            raise BackupRefused(later if self._number else first) from error
        self._number += 1
        return chunk


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())


def _nonce(number: int, *, last: bool) -> bytes:
    # The key is of this file alone: a counter never repeats under it.
    return number.to_bytes(11, "big") + bytes([last])
