"""Revisions of the database, oldest first in `versions`; run by `monitor.schema`."""
