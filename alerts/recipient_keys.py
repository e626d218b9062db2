"""Keys of recipients, to whom mails are encrypted: files beside the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from alerts.errors import InvalidAddress
from alerts.formats.openpgp import ARMOUR, pgp_key_of, pgp_sealed_to
from alerts.formats.smime import certificate_of, sealed_to

if TYPE_CHECKING:
    from pysequoia import Cert


@dataclass(frozen=True, slots=True)
class SmimeKey:
    """A certificate of S/MIME."""

    certificate: x509.Certificate
    kind = "S/MIME"

    @property
    def ends_at(self) -> datetime | None:
        return self.certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """Empty: certificates are known by their authority."""
        return ""

    def sealed(self, raw: bytes, subject: str, at: datetime) -> bytes:
        return sealed_to(self.certificate, raw, subject, at)


@dataclass(frozen=True, slots=True)
class PgpKey:
    """A public key of OpenPGP."""

    key: Cert
    kind = "OpenPGP"

    @property
    def ends_at(self) -> datetime | None:
        return self.key.expiration

    @property
    def fingerprint(self) -> str:
        """To be compared with its owner by another way."""
        return self.key.fingerprint

    def sealed(self, raw: bytes, subject: str, at: datetime) -> bytes:
        return pgp_sealed_to(self.key, raw, subject, at)


RecipientKey = SmimeKey | PgpKey


def recipient_key_of(text: bytes) -> RecipientKey:
    """Return the key in a file, of whichever kind it is.

    Raises
    ------
    InvalidAddress
        If nothing can be encrypted to it.
    """
    if text.lstrip().startswith(ARMOUR):
        return PgpKey(pgp_key_of(text))
    return SmimeKey(certificate_of(text))


class RecipientKeys:
    """Keeps one key a person, under their identifier.

    Parameters
    ----------
    folder : Path
        Made when the first key is put into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, person_id: str) -> RecipientKey | None:
        """Return the key of a person, None if mails go to them in clear.

        Raises
        ------
        InvalidAddress
            If there is one that cannot be used: nothing goes in clear then.
        """
        try:
            return recipient_key_of(self._path(person_id).read_bytes())
        except FileNotFoundError:
            return None

    def put(self, person_id: str, text: bytes) -> RecipientKey:
        """Encrypt what is sent to a person from now on.

        Raises
        ------
        InvalidAddress
            If nothing can be encrypted to it, or it cannot be kept.
        """
        key = recipient_key_of(text)
        path = self._path(person_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_suffix(".part")
            part.write_bytes(text)
            part.replace(path)
        except OSError as error:
            raise InvalidAddress(f"the key cannot be kept: {error.strerror}") from error
        return key

    def remove(self, person_id: str) -> bool:
        """Send in clear from now on; say if there was a key."""
        path = self._path(person_id)
        known = path.exists()
        path.unlink(missing_ok=True)
        return known

    def _path(self, person_id: str) -> Path:
        return self._folder / f"{person_id}.pem"
