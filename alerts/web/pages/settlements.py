"""Settlements of an area from a file: every row that is wrong is shown, and nothing half-saved."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from urllib.parse import quote

from fastapi import File, Form, UploadFile
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.drafts import Draft, Drafts
from alerts.web.expected import expected_alerts
from alerts.web.guard import guarded_router, needs
from alerts.web.outlines import map_layers
from alerts.web.page import Page, PageOf
from alerts.web.uploads import (
    ENCODINGS,
    ReadRows,
    checked_encoding,
    drafted_settlements,
    landed,
    read_rows,
    settlements_of,
)
from alerts.web.watched import Group, own_group_of
from aoi.errors import InvalidAoi
from aoi.properties import SETTLEMENT_KEYS
from aoi.settlement import Settlement

router = guarded_router()

SHOWN = 100
FIELDS = tuple(key for key in SETTLEMENT_KEYS if key not in ("radius_m", "footprint"))

Line = Annotated[str, Form(max_length=1_000)]
Upload = Annotated[UploadFile | None, File()]


@router.get("/aois/{aoi_id}/settlements")
@needs(Role.OPERATOR)
def import_page(page: PageOf, aoi_id: str) -> Response:
    """Show the form."""
    return _form(page, own_group_of(page.parts.registry, page.visitor, aoi_id))


@router.post("/aois/{aoi_id}/settlements/preview")
@needs(Role.OPERATOR)
def preview_settlements(
    page: PageOf, aoi_id: str, file: Upload = None, fields: Line = "", encoding: Line = ""
) -> Response:
    """Show what would be imported, or each row that is wrong; nothing is saved."""
    group = own_group_of(page.parts.registry, page.visitor, aoi_id)
    typed = {"fields": fields, "encoding": encoding}
    try:
        named, names = _named_fields(fields), checked_encoding(encoding)
        with landed(_chosen(file)) as path:
            rows = read_rows(path, group.whole, group.tiles, named, names)
    except InvalidAoi as error:
        return _form(page, group, typed, error)
    if rows.faults:
        return page.render(
            "settlements_faults.html", 422, group=group, rows=rows,
            good=len(rows.settlements),
        )  # fmt: skip
    return _preview(page, group, rows)


@router.post("/aois/{aoi_id}/settlements")
@needs(Role.OPERATOR)
def import_settlements(page: PageOf, aoi_id: str, draft: Line, replace_them: Line = "") -> Response:
    """Import what was shown, all of it or nothing."""
    group = own_group_of(page.parts.registry, page.visitor, aoi_id)
    drafts = Drafts(page.parts.settings.data_folder)
    kept = drafts.get(draft, page.visitor.name, f"settlements of {group.aoi_id}", page.now)
    read = settlements_of(kept, group.whole)
    try:
        page.parts.registry.add_settlements(
            group.aoi_id, read.settlements, page.now, page.visitor.name,
            replace=bool(replace_them),
        )  # fmt: skip
    except InvalidAoi as error:
        return _form(page, group, error=error)
    drafts.drop(draft)
    return page.go(f"/aois/{quote(group.aoi_id, safe='')}", said="settlements_added")


def _chosen(file: UploadFile | None) -> UploadFile:
    if file is None or not file.filename:
        raise InvalidAoi("no file was chosen", hint="choose one, then send it again")
    return file


def _form(
    page: Page, group: Group, typed: dict[str, str] | None = None, error: InvalidAoi | None = None
) -> Response:
    return page.render(
        "settlements_import.html",
        200 if error is None else 422,
        group=group,
        count=len(page.parts.registry.settlements(group.aoi_id)),
        typed=typed or {"fields": "", "encoding": ""},
        encodings=ENCODINGS,
        keys=FIELDS,
        message=error.message if error else "",
        hint=error.hint if error else "",
    )


def _preview(page: Page, group: Group, rows: ReadRows) -> Response:
    standing = {one.settlement_id: one for one in page.parts.registry.settlements(group.aoi_id)}
    changes = Counter(_change(one, standing) for one in rows.settlements)
    draft: Draft = drafted_settlements(rows, page.visitor.name, group.aoi_id)
    return page.render(
        "settlements_preview.html",
        group=group,
        rows=rows,
        shown=[(one, _change(one, standing)) for one in rows.settlements[:SHOWN]],
        changes=changes,
        alerts=expected_alerts(page.parts.settings.rates, len(standing) + changes["new"]),
        draft=Drafts(page.parts.settings.data_folder).put(draft, page.now),
        layers=map_layers(
            [("area", group.name, group.whole.geometry)],
            [(one.name, one.footprint) for one in rows.settlements[:2_000]],
        ),
    )


def _change(one: Settlement, standing: dict[str, Settlement]) -> str:
    there = standing.get(one.settlement_id)
    if there is None:
        return "new"
    same = (there.name, there.kind, there.structures, there.admin_pcode, there.name_local) == (
        one.name, one.kind, one.structures, one.admin_pcode, one.name_local,
    ) and there.footprint.equals(one.footprint)  # fmt: skip
    return "same" if same else "changed"


def _named_fields(text: str) -> dict[str, str]:
    """Return our names with the file's, written as ``name=NOM, structures=NB``.

    Raises
    ------
    InvalidAoi
    """
    named = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        ours, _, theirs = (word.strip() for word in pair.partition("="))
        if ours not in FIELDS or not theirs:
            raise InvalidAoi(
                f"{pair[:60]!r} names no field",
                hint=f"write ours=theirs, such as name=NOM; ours are {', '.join(FIELDS)}",
            )
        named[ours] = theirs
    return named
