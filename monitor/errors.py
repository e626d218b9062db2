"""Errors of the monitor.

ServiceError                      aoi.errors
└── MonitorError
    ├── ConfigError               config.toml cannot be used
    ├── BackupRefused             a backup cannot be made, opened, or brought back here
    ├── ArchiveError              an archived look, chip or state cannot be read or written
    └── SourceError               an imagery or hotspot source failed
        ├── SourceUnavailable     temporary: the next run tries again
        └── SourceRefused         permanent: credentials, quota, a file that is damaged
"""

from __future__ import annotations

from aoi.errors import ServiceError


class MonitorError(ServiceError):
    """Base of the errors of `monitor`."""


class ConfigError(MonitorError):
    """config.toml cannot be used."""


class BackupRefused(MonitorError):
    """A backup cannot be made or opened, or must not be brought back where it was asked to."""


class ArchiveError(MonitorError):
    """An archived look, chip or baseline cannot be read or written."""


class SourceError(MonitorError):
    """An imagery or hotspot source failed."""


class SourceUnavailable(SourceError):
    """The source did not answer; the next run tries again."""


class SourceRefused(SourceError):
    """The source refused, or what it holds cannot be used; trying again will not help."""
