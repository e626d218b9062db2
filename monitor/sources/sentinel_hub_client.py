"""The transport of `sentinelhub`, bounded in time and tries.

The library builds requests and follows pages. Its own transport waits without end for
the identity server and after a 429, and gives up on an expired token (DEPENDENCIES 11);
ours replaces it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr
from sentinelhub.config import SHConfig
from sentinelhub.download.models import DownloadRequest, DownloadResponse
from sentinelhub.download.sentinelhub_client import SentinelHubDownloadClient

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline
from monitor.sources.web import Request, Unauthorised, WebSettings, fetch, host_of

MAX_REQUESTS = 500
"""Of one search or one scene; pages that never end are stopped here."""

RENEW_BEFORE = timedelta(minutes=1)

_TOKENS: dict[tuple[str, str], tuple[str, datetime]] = {}
_ASKING = Lock()


@dataclass(frozen=True, slots=True)
class Credentials:
    """An OAuth client of Sentinel Hub, and where it gets its tokens."""

    token_url: str
    client_id: str
    client_secret: SecretStr

    def token(self, web: WebSettings, deadline: Deadline) -> str:
        """Return a token that is still good for a minute.

        Raises
        ------
        SourceRefused
            If the identity server does not know the client, or would be told its
            secret unencrypted.
        SourceUnavailable
            If it cannot answer in time.
        """
        # One thread asks, the others wait for its answer.
        with _ASKING:
            text, expires_at = _TOKENS.get(self._key, ("", datetime.min.replace(tzinfo=UTC)))
            if not text or expires_at - RENEW_BEFORE <= datetime.now(UTC):
                text, expires_at = _TOKENS[self._key] = self._asked(web, deadline)
            return text

    def forget(self) -> None:
        """Drop the token: the service says that it has expired."""
        _TOKENS.pop(self._key, None)

    @property
    def _key(self) -> tuple[str, str]:
        return self.token_url, self.client_id

    def _asked(self, web: WebSettings, deadline: Deadline) -> tuple[str, datetime]:
        what = f"{host_of(self.token_url)}, token for Sentinel Hub"
        if not self.token_url.startswith("https://"):
            raise SourceRefused(
                f"{what}: the secret would cross the network unencrypted",
                hint="set [sources.sentinel_hub] token_url to an https address",
            )
        secret = self.client_secret.get_secret_value()
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": secret,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode(form).encode()
        request = Request(self.token_url, what, "POST", headers, content, (secret,))
        try:
            told = fetch(request, web, deadline).json(what)
            token, seconds = str(told["access_token"]), float(told["expires_in"])
        except SourceRefused as error:
            hint = "check client_id and client_secret in [sources.sentinel_hub]"
            raise SourceRefused(error.message, hint) from error
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailable(f"{what}: the answer holds no token") from error
        return token, datetime.now(UTC) + timedelta(seconds=seconds)


class DeadlineClient(SentinelHubDownloadClient):
    """Sends what the library asks for; every request ends in an answer or a `SourceError`."""

    def __init__(
        self, config: SHConfig, credentials: Credentials, web: WebSettings, deadline: Deadline
    ) -> None:
        super().__init__(config=config)
        self._credentials = credentials
        # Retry-After of Sentinel Hub counts milliseconds.
        self._web = replace(web, milliseconds=True)
        self._deadline = deadline
        self._asked: set[str] = set()

    def _execute_download(self, request: DownloadRequest) -> DownloadResponse:
        question = f"{request.url} {json.dumps(request.post_values, sort_keys=True)}"
        if question in self._asked or len(self._asked) >= MAX_REQUESTS:
            raise SourceUnavailable("sentinel-hub: catalogue loop, its pages go round in a circle")
        self._asked.add(question)
        try:
            return self._sent(request)
        except Unauthorised:
            # The token may have expired on the way: once more with a fresh one.
            self._credentials.forget()
            return self._sent(request)

    def _sent(self, request: DownloadRequest) -> DownloadResponse:
        token = self._credentials.token(self._web, self._deadline)
        service = str(request.url).rsplit("/", 1)[-1]
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        content = json.dumps(request.post_values).encode() if request.post_values else b""
        asked = Request(
            str(request.url),
            f"sentinel-hub, {service}",
            request.request_type.value,
            headers,
            content,
            (token,),
        )
        answer = fetch(asked, self._web, self._deadline)
        told: dict[str, Any] = dict(answer.headers)
        return DownloadResponse(request, answer.body, told, answer.status)
