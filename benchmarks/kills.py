"""Kills the service at random times, and counts in the mailboxes what arrived.

    python -m benchmarks.kills [--kills 500] [--seed 1] [--blind] [--kill-postfix]

Needs root and Debian's postfix; docs/reliability.md has the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.kill_harness import run


def main() -> None:
    """Print the count of one run as JSON, with the time it was made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blind", action="store_true", help="do not ask the sent copies")
    parser.add_argument("--kill-postfix", action="store_true")
    parser.add_argument("--longest", type=float, default=0.5, help="seconds a life lasts at most")
    given = parser.parse_args()
    count = run(
        given.kills, given.seed, asks_copies=not given.blind, kills_postfix=given.kill_postfix,
        longest_s=given.longest,
    )  # fmt: skip
    print(json.dumps({"at": datetime.now(UTC).isoformat(), **asdict(count)}, indent=1))


if __name__ == "__main__":
    main()
