"""run, coverage, replay: what was looked at, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from aoi.area import Aoi, AoiState
from monitor.commands.call import Call, Instant, add_row, plain, table, verb
from monitor.coverage import CoverageDay
from monitor.health import reported
from monitor.ledger import without_gaps
from monitor.pipeline import AreaRun
from monitor.service import Service

LATELY = timedelta(days=2)
"""How far back each run compares who should have received what with the outbox."""

NOT_SEEN = 3
"""Exit status: done, but some areas could not be seen."""

WHERE_TO_LOOK = "`emberwatch coverage` says why, `emberwatch doctor` asks every provider"

OnlyArea = Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    verb(app, "run", example="emberwatch run --now 2026-11-23T06:00Z")(run)
    verb(app, "coverage", example="emberwatch coverage --days 30")(coverage)


def run(
    call: Call,
    now: Instant = None,
    aoi_id: OnlyArea = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
) -> None:
    """Do everything that is due, once: look, find, alert, publish, send.

    Ends with status 3 if an area could not be seen: its run failed, all was cloud, a
    scene could not be read, or it had no clear look for as long as a run looks back.
    """
    service = call.service(now)
    if dry_run:
        _preview(call, service, aoi_id)
        return
    with call.progress("areas") as bar:
        task = bar.add_task("", total=None, item="")

        def progress(done: int, total: int, item: str) -> None:
            bar.update(task, completed=done, total=total, item=item)

        only = service.registry.group(aoi_id) if aoi_id else None
        with reported(service.config.service.health_url):
            runs = service.tick(progress, only)
            service.reconcile(LATELY)
    _show(call, service, runs)
    unseen = sum(not one.could_see for one in runs)
    if unseen:
        if not call.as_json:
            call.notes.print(f"{unseen} of {len(runs)} areas could not be seen", highlight=False)
            call.notes.print(f"  {WHERE_TO_LOOK}", highlight=False, soft_wrap=True)
        raise typer.Exit(NOT_SEEN)


def coverage(
    call: Call,
    aoi_id: OnlyArea = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 14,
    now: Instant = None,
) -> None:
    """Say for every area and day what was seen, and why not."""
    service = call.service(now)
    areas = service.registry.group(aoi_id) if aoi_id else service.registry.all()
    last = service.now().date()
    first = last - timedelta(days=days - 1)
    known = service.store.coverage(since=first, until=last)
    ledger = without_gaps(known, [area.aoi_id for area in areas], first, last)
    rows = table("area", "day", "state", "clear", "reason")
    for day in ledger:
        add_row(
            rows, [day.aoi_id, day.day, day.state.value, f"{day.clear_fraction:.0%}", day.reason]
        )
    call.show({"coverage": [_coverage_document(day) for day in ledger]}, rows, "no area yet")


def _preview(call: Call, service: Service, aoi_id: str) -> None:
    now = service.now()
    due = _areas(service, aoi_id) if aoi_id else service.registry.due(now)
    lines = [f"would run {plain(area.aoi_id)}" for area in due] or ["nothing is due"]
    call.say({"dry_run": True, "due": [area.aoi_id for area in due]}, *lines)


def _areas(service: Service, aoi_id: str) -> Sequence[Aoi]:
    return [area for area in service.registry.group(aoi_id) if area.state is AoiState.ACTIVE]


def _show(call: Call, service: Service, runs: Sequence[AreaRun]) -> None:
    rows = table("area", "outcome", "looks", "findings", "reason")
    for one in runs:
        made = one.run
        counts = len(made.look_ids), len(made.finding_ids)
        add_row(rows, [made.aoi_id, made.outcome.value, *counts, made.reason])
    document = {
        "now": service.now(),
        "runs": [_run_document(one) for one in runs],
        "could_see_all": all(one.could_see for one in runs),
    }
    call.show(document, rows, "nothing is due")


def _run_document(one: AreaRun) -> dict[str, object]:
    made = one.run
    return {
        "aoi_id": made.aoi_id,
        "run_id": made.run_id,
        "outcome": made.outcome.value,
        "reason": made.reason,
        "could_see": one.could_see,
        "scene_ids": made.scene_ids,
        "look_ids": made.look_ids,
        "finding_ids": made.finding_ids,
        "clear_fraction": made.clear_fraction,
    }


def _coverage_document(day: CoverageDay) -> dict[str, object]:
    return {
        "aoi_id": day.aoi_id,
        "day": day.day.isoformat(),
        "state": day.state.value,
        "clear_fraction": round(day.clear_fraction, 4),
        "reason": day.reason,
    }
