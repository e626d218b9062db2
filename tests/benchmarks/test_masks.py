from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.masks import (
    Measured,
    as_markdown,
    cold_springs_rows,
    main,
    other_fires_rows,
    romania_rows,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "masks.md"

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::rasterio.errors.NotGeoreferencedWarning"
)


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "data"


def test_the_missed_shadow_of_cold_springs_is_found_and_the_burn_is_kept(real: Path) -> None:
    shadow, outside, other, far, burned, later = cold_springs_rows(real)

    # DETECTION section 9: about 1,000 pixels, 720 of them outside the perimeter.
    assert (shadow.count, outside.count) == (999, 720)
    assert shadow.shadow >= 0.95
    assert shadow.lost >= 0.99
    assert burned.count == 1_071
    assert burned.lost == 0
    assert other.lost <= 0.03
    assert far.lost <= 0.001
    assert later.lost <= 0.005


def test_burned_forest_is_hardly_ever_called_shadow(real: Path) -> None:
    small_fire, _, after, before = other_fires_rows(real)

    assert small_fire.shadow == 0
    assert after.shadow <= 0.025
    assert before.shadow <= 0.001


def test_clear_dates_of_romania_stay_clear(real: Path) -> None:
    dark, _, usual = romania_rows(real)

    assert dark.shadow >= 0.28
    assert usual.shadow <= 0.004
    assert usual.lost <= 0.06


def test_the_document_shows_what_is_measured(real: Path) -> None:
    assert as_markdown(cold_springs_rows(real)) in DOCUMENT.read_text(encoding="utf-8")


def test_the_table_has_a_line_for_each_row() -> None:
    table = as_markdown([Measured("image", "pixels", 1_234, 0.5, 0.75)])

    assert table.splitlines()[-1] == "| image | pixels | 1,234 | 50.00% | 75.00% |"


def test_the_table_is_written_between_its_marks(tmp_path: Path, real: Path) -> None:
    document = tmp_path / "masks.md"
    document.write_text("a\n<!-- measured: begin -->\nstale\n<!-- measured: end -->\nz\n")

    main(["--real", str(real), "--write", str(document)])

    text = document.read_text()
    assert text.startswith("a\n<!-- measured: begin -->\n| image |")
    assert text.endswith("\n<!-- measured: end -->\nz\n")
    assert "stale" not in text
