"""Errors of the maps.

ServiceError                      aoi.errors
└── MapError
    ├── UnreadableLand            the file with land outlines cannot be drawn
    └── UnsafeScript              a page's own script could end early: a fault in the escaping
"""

from __future__ import annotations

from aoi.errors import ServiceError


class MapError(ServiceError):
    """Base of the errors of `maps`."""


class UnreadableLand(MapError):
    """The file with land outlines cannot be drawn."""


class UnsafeScript(MapError):
    """A page's own script holds text that would end it early; the page is not written."""
