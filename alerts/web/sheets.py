"""Tables for spreadsheets, in which nothing that somebody wrote is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi.responses import Response

from alerts.words import plain

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
"""What makes a spreadsheet read a cell as a formula (ALERTS T22)."""

MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine."""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV (RFC 4180), every cell safe to open."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return MARK + sheet.getvalue()


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a table as a file to be saved."""
    return Response(
        csv_text(head, rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def cell(value: object) -> object:
    """Return a value as it may stand in a cell; numbers stay numbers."""
    if isinstance(value, int | float):
        return value
    raw = str(value)
    text = plain(raw, 2_000)
    return f"'{text}" if raw.startswith(FORMULA) or text.startswith(FORMULA) else text
