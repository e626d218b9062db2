from __future__ import annotations

from pathlib import Path

from alerts.ports import MapRenderer
from maps.renderer import FoliumRenderer
from tests.maps.pictures import AFTER_AT, a_picture, an_area

WITHHELD = a_picture(before=None, after=None)


def test_the_renderer_is_what_alerts_ask_for() -> None:
    renderer: MapRenderer = FoliumRenderer()

    assert renderer.alert_map(WITHHELD).startswith("<!DOCTYPE html>")
    assert renderer.plate(WITHHELD).startswith(b"\xff\xd8")
    assert renderer.overview([an_area()], AFTER_AT).startswith("<!DOCTYPE html>")


def test_the_overview_speaks_the_language_that_was_set() -> None:
    assert "Zones surveillées" in FoliumRenderer(language="fr").overview([], AFTER_AT)


def test_the_words_for_the_plate_come_with_it() -> None:
    assert "No satellite picture" in FoliumRenderer().alt_text(WITHHELD)


def test_drawing_writes_no_file(tmp_path: Path) -> None:
    renderer = FoliumRenderer()
    renderer.alert_map(WITHHELD)
    renderer.plate(WITHHELD)

    assert list(tmp_path.iterdir()) == []
