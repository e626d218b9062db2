"""The base error of the service, and the errors of this room.

ServiceError                      expected: shown as `error: ...`, with a hint, exit 1
├── AoiError
│   ├── InvalidAoi                an area or settlement cannot be used as it is written
│   ├── UnknownAoi                no area or settlement has that identifier
│   └── GridMismatch              two rasters that must share a grid do not
└── DatabaseUnavailable           the database is locked, full, read-only or missing
"""

from __future__ import annotations


class ServiceError(Exception):
    """A failure that its message explains.

    The command line shows it without a traceback; every other exception is a
    bug and keeps its traceback.

    Parameters
    ----------
    message : str
        What went wrong, with the value that was refused. One line.
    hint : str, optional
        What the person can do about it. One line.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[ServiceError], tuple[str, str]]:
        # Errors cross process boundaries; the default would lose the hint.
        return type(self), (self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class AoiError(ServiceError):
    """Base of the errors of `aoi`."""


class InvalidAoi(AoiError):
    """An area of interest or a settlement cannot be used as it is written."""


class UnknownAoi(AoiError):
    """No area of interest or settlement has that identifier."""


class GridMismatch(AoiError):
    """Two rasters that must share a grid do not."""


class DatabaseUnavailable(ServiceError):
    """The database is locked, full, read-only, damaged or missing."""
