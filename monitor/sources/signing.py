"""Addresses of assets that a store opens only with a signature.

Planetary Computer hands out tokens to everybody; the object store of Copernicus
(CDSE) wants a request signed with a key of one's own.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from pydantic import SecretStr

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline
from monitor.sources.web import Request, WebSettings, fetch, host_of

# A read that begins with a token must be able to end with it.
RENEW_BEFORE = timedelta(minutes=5)
PRESIGNED_FOR_S = 3_600
SIGNED_HEADERS = "host"


class Signer(Protocol):
    """Turns the address that a catalogue gives into one that its store answers. Picklable."""

    def signed(self, address: str, deadline: Deadline) -> str:
        """Return the address to ask."""
        ...

    def forget(self, address: str) -> bool:
        """Drop what `address` was signed with; False if signing again cannot help."""
        ...

    def require_key(self) -> None:
        """Raise `SourceRefused` if signing needs a key that is not set."""
        ...


@dataclass(frozen=True, slots=True)
class Unsigned:
    """For stores that are open to everybody."""

    def signed(self, address: str, deadline: Deadline) -> str:
        """Return the address as it is."""
        if address.startswith("s3://"):
            raise SourceRefused(
                f"the object {address.rsplit('/', 1)[-1]} lies in a store that asks for a key",
                hint="use a catalogue whose files have web addresses",
            )
        return address

    def forget(self, address: str) -> bool:
        """Return False: there is no signature."""
        return False

    def require_key(self) -> None:
        """Do nothing: no key is needed."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    expires_at: datetime


_TOKENS: dict[str, _Token] = {}
_ASKING = Lock()


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """Tokens of Planetary Computer: one a container, for every file in it."""

    token_url: str
    """Address below which a token is got, as ``{token_url}/{account}/{container}``."""

    host_suffix: str = ".blob.core.windows.net"
    """Hosts that want a token; others are asked without."""

    web: WebSettings = field(default_factory=WebSettings)

    def signed(self, address: str, deadline: Deadline) -> str:
        """Return the address with a token that is still good for some minutes."""
        if not host_of(address).endswith(self.host_suffix):
            return address
        endpoint = self._endpoint(address)
        # One thread asks, the others wait for its answer.
        with _ASKING:
            token = _TOKENS.get(endpoint)
            if token is None or token.expires_at - RENEW_BEFORE <= datetime.now(UTC):
                token = _TOKENS[endpoint] = self._asked(endpoint, deadline)
        return f"{address}{'&' if '?' in address else '?'}{token.text}"

    def forget(self, address: str) -> bool:
        """Drop the token of the container of `address`; return True if there was one."""
        return _TOKENS.pop(self._endpoint(address), None) is not None

    def require_key(self) -> None:
        """Do nothing: everybody gets a token."""

    def _endpoint(self, address: str) -> str:
        parts = urlsplit(address)
        account = (parts.hostname or "").split(".")[0]
        container = parts.path.strip("/").split("/")[0]
        return f"{self.token_url.rstrip('/')}/{account}/{container}"

    def _asked(self, endpoint: str, deadline: Deadline) -> _Token:
        what = f"{host_of(endpoint)}, token for assets"
        told = fetch(Request(endpoint, what), self.web, deadline).json(what)
        try:
            expires_at = datetime.fromisoformat(told["msft:expiry"])
            token = _Token(str(told["token"]), expires_at.astimezone(UTC))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailable(f"{what}: the answer holds no token and expiry") from error
        return token


@dataclass(frozen=True, slots=True)
class ObjectStoreSigner:
    """Signatures of an S3-compatible store (AWS Signature Version 4, in the address)."""

    endpoint: str
    """Address of the store, such as ``"https://eodata.dataspace.copernicus.eu"``."""

    access_key: str = ""
    secret_key: SecretStr | None = None
    region: str = "default"

    def signed(self, address: str, deadline: Deadline) -> str:
        """Return ``s3://bucket/key`` as a web address that is good for an hour."""
        if not address.startswith("s3://"):
            return address
        self.require_key()
        return self.presigned(address, datetime.now(UTC))

    def require_key(self) -> None:
        """Raise `SourceRefused` if the store's key or its secret is not set."""
        if not (self.access_key and self.secret_key):
            raise SourceRefused(
                f"{host_of(self.endpoint)} gives its files only to those with a key",
                hint="set access_key and secret_key in [sources.stac], or use another catalogue",
            )

    def forget(self, address: str) -> bool:
        """Return False: a fresh signature is made for each request."""
        return False

    def presigned(self, address: str, now: datetime, expires_s: int = PRESIGNED_FOR_S) -> str:
        """Return the signed address as it is made at `now`.

        References
        ----------
        .. [1] Amazon Simple Storage Service API reference, "Authenticating requests:
           using query parameters (AWS Signature Version 4)".
        """
        secret = self.secret_key.get_secret_value() if self.secret_key else ""
        day, moment = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
        scope = f"{day}/{self.region}/s3/aws4_request"
        path = quote("/" + address.removeprefix("s3://"))
        query = urlencode(
            {
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": f"{self.access_key}/{scope}",
                "X-Amz-Date": moment,
                "X-Amz-Expires": expires_s,
                "X-Amz-SignedHeaders": SIGNED_HEADERS,
            },
            quote_via=quote,
            safe="",
        )
        host = urlsplit(self.endpoint).netloc
        canonical = "\n".join(
            ("GET", path, query, f"host:{host}", "", SIGNED_HEADERS, "UNSIGNED-PAYLOAD")
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        to_sign = "\n".join(("AWS4-HMAC-SHA256", moment, scope, digest))
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        return f"{self.endpoint.rstrip('/')}{path}?{query}&X-Amz-Signature={signature}"
