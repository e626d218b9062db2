from __future__ import annotations

import csv
import io

import pytest

from alerts.web.sheets import cell, csv_text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\0", " ="])
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(sign: str) -> None:
    assert str(cell(f"{sign}HYPERLINK(1)")).startswith("'")


@pytest.mark.parametrize(("value", "expected"), [(-3, -3), (0.5, 0.5), ("Tama", "Tama"), ("", "")])
def test_numbers_stay_numbers_and_names_names(value: object, expected: object) -> None:
    assert cell(value) == expected


def test_a_table_is_read_back_as_it_was_whatever_is_in_its_cells() -> None:
    text = csv_text(("name", "n"), [('a "b", c', 1), ("two\nlines", 2), ("قرية", 3)])

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == [["name", "n"], ['a "b", c', "1"], ["two lines", "2"], ["قرية", "3"]]
