"""Fetches axe-core, which looks pages over for people with disabilities; for the tests alone.

    python -m tools.axe_core

`npm pack` brings one version, pinned by its digest, into build/, which no one tracks: other
people's scripts are no part of this repository. What is already there is not fetched again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "axe-core", "4.14.1"
INTEGRITY = (
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3N"
    "PjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
"""As the registry states it, so that no other package can take its place."""

SCRIPT = Path(__file__).resolve().parents[1] / "build" / f"{PACKAGE}-{VERSION}" / "axe.min.js"
INSIDE = "package/axe.min.js"
PATIENCE_S = 300


class NotFetched(Exception):
    """npm is missing, refused, or brought something else."""


def main() -> int:
    """Fetch the script unless it is there; return 1 if that failed."""
    try:
        print(SCRIPT if SCRIPT.is_file() else fetched(SCRIPT))
    except NotFetched as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def fetched(script: Path) -> Path:
    """Fetch the package and put its script where the tests look for it.

    Raises
    ------
    NotFetched
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("npm is not installed: install Debian's package npm")
    with tempfile.TemporaryDirectory() as folder:
        asked = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", folder]
        answer = subprocess.run(
            asked, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        packages = list(Path(folder).glob("*.tgz"))
        if answer.returncode or len(packages) != 1:
            raise NotFetched(f"npm pack {PACKAGE}@{VERSION} failed: {answer.stderr.strip()[-400:]}")
        return unpacked(packages[0], script)


def unpacked(package: Path, script: Path, integrity: str = INTEGRITY) -> Path:
    """Take the script out of a package that has the expected digest.

    Raises
    ------
    NotFetched
        If it has another.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if not hmac.compare_digest(found, integrity):
        raise NotFetched(f"{package.name} is {found}, and {integrity} was expected")
    with tarfile.open(package) as archive:
        member = archive.extractfile(INSIDE)
        if member is None:
            raise NotFetched(f"{package.name} holds no {INSIDE}")
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_bytes(member.read())
    return script


if __name__ == "__main__":
    sys.exit(main())
