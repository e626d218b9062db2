"""Log events as JSON lines on stderr, in this process and in workers: stdout is for results."""

from __future__ import annotations

import sys

import structlog


def log_to_stderr(level: str = "warning") -> None:
    """Write events of `level` and above to stderr."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # The stderr of this moment, not of the time of this call: both may be replaced.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
