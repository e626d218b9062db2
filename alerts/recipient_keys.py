"""Certificates of recipients, to whom mails are encrypted: files beside the database."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from alerts.errors import InvalidAddress
from alerts.formats.smime import certificate_of


class RecipientKeys:
    """Keeps one certificate a person, under their identifier.

    Parameters
    ----------
    folder : Path
        Made when the first certificate is put into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, person_id: str) -> x509.Certificate | None:
        """Return the certificate of a person, None if mails go to them in clear.

        Raises
        ------
        InvalidAddress
            If there is one that cannot be used: nothing goes in clear then.
        """
        try:
            return certificate_of(self._path(person_id).read_bytes())
        except FileNotFoundError:
            return None

    def put(self, person_id: str, pem: bytes) -> x509.Certificate:
        """Encrypt what is sent to a person from now on.

        Raises
        ------
        InvalidAddress
            If it is no certificate that can be encrypted to, or cannot be kept.
        """
        certificate = certificate_of(pem)
        path = self._path(person_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_suffix(".part")
            part.write_bytes(pem)
            part.replace(path)
        except OSError as error:
            raise InvalidAddress(f"the certificate cannot be kept: {error.strerror}") from error
        return certificate

    def remove(self, person_id: str) -> bool:
        """Send in clear from now on; say if there was a certificate."""
        path = self._path(person_id)
        known = path.exists()
        path.unlink(missing_ok=True)
        return known

    def _path(self, person_id: str) -> Path:
        return self._folder / f"{person_id}.pem"
