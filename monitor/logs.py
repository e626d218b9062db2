"""Log events as JSON lines on stderr, in this process and in workers: stdout is for results."""

from __future__ import annotations

import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Degrees with three decimals and more, and eastings and northings in metres: both say where
# a village lies. Instants and counts have neither.
_POSITION = re.compile(r"(?<![\d:.])-?\d{1,3}\.\d{3,}|(?<![\w.])-?\d{6,7}(?:\.\d+)?(?=[,)\s]|$)")
_ADDRESS = re.compile(r"[^\s<>\"'(,;:=]+@[^\s<>\"'),;:]+\.[^\s<>\"'),;:]+")
MASK = "#"


def log_to_stderr(level: str = "warning") -> None:
    """Write events of `level` and above to stderr."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            without_positions,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # stderr is looked up at each event: whoever captures it may have given it back since.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def without_positions(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask what may be a position or a mail address in every text, tracebacks included."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _ADDRESS.sub(MASK, _POSITION.sub(MASK, value))
    return event
