"""What was read from an upload and not yet saved: shown first, kept a day, then forgotten.

A draft lies in a file below the data folder. Nothing of it is in the database: who leaves
the page has changed nothing.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alerts.web.errors import DraftGone
from monitor.archive import write_whole

KEPT = timedelta(days=1)
TOKEN = re.compile(r"[0-9a-f]{32}")
GONE = "upload it again: what was read is kept for a day, and for who sent it"


@dataclass(frozen=True, slots=True)
class Draft:
    """One upload, as it would be saved."""

    made_by: str
    subject: str
    """What it would change: ``"areas"``, or ``"settlements"`` with the area they go to."""

    geojson: str
    notices: tuple[str, ...] = ()
    repaired: bool = False
    """True if what was drawn crosses itself, and this is another shape."""


class Drafts:
    """Keeps drafts.

    Parameters
    ----------
    folder : Path
        The data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "drafts"

    def put(self, draft: Draft, now: datetime) -> str:
        """Keep a draft, and return what it is asked for by.

        Raises
        ------
        ArchiveError
            If the disk is full or the folder cannot be written.
        """
        self._forget_old(now)
        token = secrets.token_hex(16)
        write_whole(
            self._path(token), json.dumps({**asdict(draft), "at": now.isoformat()}).encode()
        )
        return token

    def get(self, token: str, made_by: str, subject: str, now: datetime) -> Draft:
        """Return the draft of a person.

        Raises
        ------
        DraftGone
            If there is none, it is too old, or it is another's or for something else.
        """
        # A token names a file, so it may hold nothing but its own signs.
        if TOKEN.fullmatch(token) is None:
            raise DraftGone("there is no such draft", hint=GONE)
        try:
            document = json.loads(self._path(token).read_bytes())
        except FileNotFoundError as error:
            raise DraftGone("there is no such draft", hint=GONE) from error
        at = datetime.fromisoformat(document.pop("at"))
        draft = Draft(**{**document, "notices": tuple(document["notices"])})
        if draft.made_by != made_by or draft.subject != subject or now - at > KEPT:
            raise DraftGone("there is no such draft", hint=GONE)
        return draft

    def drop(self, token: str) -> None:
        """Forget a draft that was saved."""
        self._path(token).unlink(missing_ok=True)

    def _forget_old(self, now: datetime) -> None:
        for path in self._folder.glob("*.json"):
            if path.stat().st_mtime < (now - 2 * KEPT).timestamp():
                path.unlink(missing_ok=True)

    def _path(self, token: str) -> Path:
        return self._folder / f"{token}.json"
