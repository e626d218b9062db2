from __future__ import annotations

import base64
import hashlib
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tools.axe_core import INSIDE, NotFetched, unpacked


def package(folder: Path, name: str = INSIDE) -> Path:
    made = folder / "axe-core.tgz"
    with tarfile.open(made, "w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 3
        archive.addfile(entry, BytesIO(b"axe"))
    return made


def integrity(path: Path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def test_the_script_is_taken_out_of_a_package_with_the_right_digest(tmp_path: Path) -> None:
    made = package(tmp_path)

    found = unpacked(made, tmp_path / "there" / "axe.min.js", integrity(made))

    assert found.read_bytes() == b"axe"


def test_a_package_that_is_not_the_pinned_one_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFetched, match="was expected"):
        unpacked(package(tmp_path), tmp_path / "axe.min.js")

    assert not (tmp_path / "axe.min.js").exists()
