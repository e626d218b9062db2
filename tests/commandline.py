"""The command line as a person calls it: words in; exit status, stdout and stderr out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from monitor.cli import main
from tests.builders import a_square


@dataclass(frozen=True)
class Said:
    """What one call did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Emberwatch = Callable[..., Said]


def call(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    """Call the command line with these words."""
    capsys.readouterr()
    status = 0
    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    heard = capsys.readouterr()
    return Said(status, heard.out, heard.err)


def write_features(path: Path, *features: tuple[BaseGeometry, dict[str, Any]]) -> Path:
    """Write a FeatureCollection of shapes and their properties."""
    body = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": mapping(shape), "properties": properties}
            for shape, properties in features
        ],
    }
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def write_area(path: Path, **properties: Any) -> Path:
    """Write the 2 x 2 km test area."""
    described = {"id": "sd-test", "name": "Test area", "revisit": "1d", **properties}
    return write_features(path, (a_square(2_000), described))


def write_village(path: Path, **properties: Any) -> Path:
    """Write the village of 400 x 400 m in the middle of the test area."""
    described = {"id": "sd-test-0001", "name": "Shagra", "structures": 120, **properties}
    return write_features(path, (a_square(400), described))


def write_settings(folder: Path, more: str = "") -> Path:
    """Write a config.toml that works in this process, without a pool."""
    path = folder / "config.toml"
    path.write_text(
        '[service]\ndata_folder = "data"\n\n[sources.folder]\npath = "imagery"\n\n'
        '[email]\nspool = "spool"\nanalysts = ["desk@example.org"]\n\n'
        f"[engine]\nworkers = 1\n{more}",
        encoding="utf-8",
    )
    (folder / "imagery").mkdir(exist_ok=True)
    return path
