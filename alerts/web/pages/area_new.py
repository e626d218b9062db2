"""A new area: drawn, written or uploaded, looked over by the doctor, and then saved or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import File, Form, UploadFile
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.doctor import checkup
from alerts.web.drafts import Draft, Drafts
from alerts.web.errors import NotPermitted
from alerts.web.guard import guarded_router, needs
from alerts.web.outlines import map_layers
from alerts.web.page import Page, PageOf
from alerts.web.uploads import (
    ENCODINGS,
    areas_from_text,
    areas_of,
    checked_encoding,
    drafted_areas,
    landed,
    read_repaired,
    repaired_from_text,
)
from alerts.web.watched import loaded, named_groups
from aoi.area import AoiState, Sensitivity
from aoi.drawn import changed_by
from aoi.errors import InvalidAoi
from aoi.files import AREA_LIMITS, ReadAreas, read_areas
from aoi.text import slug

router = guarded_router()

WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)
OUTLINES = 300
"""Areas that are drawn beside a new one."""

MAX_CORNERS_TEXT = 500_000
CROSSES = "crosses itself"

Line = Annotated[str, Form(max_length=300)]
Corners = Annotated[str, Form(max_length=MAX_CORNERS_TEXT)]
Upload = Annotated[UploadFile | None, File()]


@router.get("/aois/new", include_in_schema=False)
@needs(Role.OPERATOR)
def new_area(page: PageOf) -> Response:
    """Show the three ways to name an area."""
    require_all_areas(page)
    return _form(page)


@router.post("/aois/new")
@needs(Role.OPERATOR)
def preview_areas(
    page: PageOf, file: Upload = None, bbox: Line = "", outline: Corners = "", name: Line = "",
    aoi_id: Line = "", sensitivity: Line = "", revisit: Line = "", encoding: Line = "",
) -> Response:  # fmt: skip
    """Show what would be watched; nothing is saved."""
    require_all_areas(page)
    typed = {"bbox": bbox, "outline": outline, "name": name, "aoi_id": aoi_id,
             "sensitivity": sensitivity, "revisit": revisit, "encoding": encoding}  # fmt: skip
    try:
        read, repaired = _read(file, bbox, outline, checked_encoding(encoding))
        called = aoi_id.strip()
        if not (file and file.filename):
            called = called or _called_after(name)
        read = _named(read, name.strip(), called, sensitivity, revisit.strip())
    except InvalidAoi as error:
        return _form(page, typed, error)
    draft = drafted_areas(read, page.visitor.name, repaired=repaired is not None)
    return _preview(page, read, draft, repaired)


@router.post("/aois")
@needs(Role.OPERATOR)
def save_areas(page: PageOf, draft: Line, repaired: Line = "") -> Response:
    """Save what was shown, all of it or nothing."""
    require_all_areas(page)
    drafts = Drafts(page.parts.settings.data_folder)
    kept = drafts.get(draft, page.visitor.name, "areas", page.now)
    read = areas_of(kept)
    try:
        _require_agreed(kept, repaired)
        page.parts.registry.add_all(read.areas, page.now, page.visitor.name)
    except InvalidAoi as error:
        return _preview(page, read, kept, error if kept.repaired else None, error)
    drafts.drop(draft)
    if len(read.areas) > 1:
        return page.go("/aois", said="areas_added")
    return page.go(f"/aois/{quote(read.areas[0].aoi_id, safe='')}", said="area_added")


def require_all_areas(page: Page) -> None:
    """Refuse somebody who sees some areas only: a new one would be none of theirs.

    Raises
    ------
    NotPermitted
    """
    if page.visitor.areas is not None:
        raise NotPermitted(
            "a new area would be none of those that you may see", hint="ask an admin to add it"
        )


def _require_agreed(draft: Draft, repaired: str) -> None:
    if draft.repaired and not repaired:
        raise InvalidAoi(
            "the repaired shape was not agreed to",
            hint="tick the box under the map, or draw the outline anew",
        )


def _read(
    file: UploadFile | None, bbox: str, outline: str, encoding: str
) -> tuple[ReadAreas, InvalidAoi | None]:
    """Return what was sent, and why it had to be repaired; only crossings can be."""
    given = [bool(file and file.filename), bool(bbox.strip()), bool(outline.strip())]
    if sum(given) != 1:
        raise InvalidAoi(
            f"{sum(given)} of the three ways were used",
            hint="choose a file, or draw an outline, or write a box: one of them",
        )
    if file is None or not file.filename:
        return _or_repaired(
            lambda: areas_from_text(outline, bbox), lambda: repaired_from_text(outline)
        )
    with landed(file) as path:
        return _or_repaired(
            lambda: read_areas(path, encoding=encoding), lambda: read_repaired(path, encoding)
        )


def _or_repaired(
    read: Callable[[], ReadAreas], read_mended: Callable[[], ReadAreas]
) -> tuple[ReadAreas, InvalidAoi | None]:
    try:
        return read(), None
    except InvalidAoi as error:
        if CROSSES not in error.message:
            raise
        return read_mended(), error


def _named(read: ReadAreas, name: str, aoi_id: str, sensitivity: str, revisit: str) -> ReadAreas:
    """Return the areas with what the form says instead of the file."""
    if (aoi_id or name) and len(read.areas) != 1:
        raise InvalidAoi(
            f"the file holds {len(read.areas)} areas, and a name and an id are for one",
            hint="write id and name into the properties of each",
        )
    return replace(
        read,
        areas=tuple(
            changed_by(area, aoi_id=aoi_id, name=name, sensitivity=sensitivity, revisit=revisit)
            for area in read.areas
        ),
    )


def _called_after(name: str) -> str:
    """Return the identifier of an area that was drawn.

    Raises
    ------
    InvalidAoi
    """
    if not name.strip():
        raise InvalidAoi("the area has no name", hint="give it a name that readers will know")
    found = slug(name)
    if not found:
        raise InvalidAoi(
            f"no identifier can be made of the name {name[:60]!r}",
            hint="write an id of Latin letters, digits and - into its field",
        )
    return found


def _form(
    page: Page, typed: dict[str, str] | None = None, error: InvalidAoi | None = None
) -> Response:
    # Those around are drawn to be seen beside, as many as a form can bear.
    named = named_groups(page.parts.database, page.visitor, WATCHED)
    areas = loaded(page.parts.database, named[:OUTLINES])
    return page.render(
        "area_new.html",
        200 if error is None else 422,
        typed=typed
        or dict.fromkeys(
            ("bbox", "outline", "name", "aoi_id", "sensitivity", "revisit", "encoding"), ""
        ),
        message=error.message if error else "",
        hint=error.hint if error else "",
        sensitivities=[one.value for one in Sensitivity],
        encodings=ENCODINGS,
        layers=map_layers([("area", area.name, area.whole.geometry) for area in areas]),
        max_mb=min(page.parts.settings.max_upload_bytes, AREA_LIMITS.max_bytes) // 1_000_000,
    )


def _preview(
    page: Page, read: ReadAreas, draft: Draft, repaired: InvalidAoi | None,
    error: InvalidAoi | None = None,
) -> Response:  # fmt: skip
    known = page.parts.registry.all()
    found = [checkup(page.parts, area, known, page.now.date()) for area in read.areas[:20]]
    token = Drafts(page.parts.settings.data_folder).put(draft, page.now)
    near = {one.aoi_id: one for check in found for one in check.neighbours}
    return page.render(
        "area_preview.html",
        200 if error is None else 422,
        draft=token,
        read=read,
        found=found,
        repaired=repaired,
        fault=error,
        layers=map_layers(
            [
                *(("area", area.name, area.geometry) for area in near.values()),
                *(("draft", check.area.name, check.area.geometry) for check in found),
                *(("heat", "", place) for check in found for place in check.heat or ()),
            ]
        ),
    )
