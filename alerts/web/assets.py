"""Scripts, styles and pictures of the site: read once, asked for by name and digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

FOLDER = Path(__file__).parent / "static"

LEAFLET = files("xstatic.pkg.leaflet") / "data"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    media_type: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return every file by its name; a request chooses among these and opens no path."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in MEDIA_TYPES:
            found[path.name] = _asset(path.read_bytes(), path.suffix)
    for name in ("leaflet.js", "leaflet.css"):
        # Without the address of a source map, which browsers would ask for.
        text = (LEAFLET / name).read_text(encoding="utf-8").partition("//# source")[0]
        found[name] = _asset(text.encode(), Path(name).suffix)
    return found


def _asset(content: bytes, suffix: str) -> Asset:
    return Asset(content, MEDIA_TYPES[suffix], hashlib.sha256(content).hexdigest()[:12])


def asset_path(name: str) -> str:
    """Return the address of a file; it changes with the content, so browsers may keep it."""
    return f"/static/{name}?v={assets()[name].digest}"
