"""Draft the revision that the tables of the program need: python -m tools.draft_migration WORDS."""

from __future__ import annotations

import sys

import monitor.app  # noqa: F401  (puts the tables of every room on METADATA)
from aoi.database import open_database
from monitor.schema import draft, upgrade


def main() -> None:
    """Compare the revisions so far with the tables, and write the difference."""
    engine = open_database("sqlite://")
    upgrade(engine)
    draft(engine, " ".join(sys.argv[1:]))
    engine.dispose()


if __name__ == "__main__":
    main()
