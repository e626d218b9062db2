"""aoi and settlement: what is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from shapely.geometry import mapping

from aoi.area import Aoi, AoiState, Sensitivity
from aoi.drawn import area_from_bbox, area_from_wkt, changed_by
from aoi.errors import InvalidAoi
from aoi.export import areas_geojson
from aoi.files import ReadAreas, read_areas, read_settlements
from aoi.settlement import Settlement
from monitor.area_job import WatchSettings
from monitor.budget import sentinel_hub_cost, stac_cost
from monitor.clear_sky_file import read_sky, write_sky
from monitor.commands.call import (
    Call,
    Instant,
    add_row,
    clock,
    minutes,
    plain,
    table,
    verb,
)
from monitor.commands.fires import fires_document, fires_lines
from monitor.commands.radar import radar_document, radar_lines
from monitor.commands.sky import (
    YEAR_DAYS,
    SkyDesk,
    question_document,
    question_line,
    sky_document,
    sky_lines,
)
from monitor.config import Config
from monitor.durations import duration_text

HISTORY = WatchSettings().history

aoi = typer.Typer(help="Areas of interest: what is watched, how often, for whom.")
settlement = typer.Typer(help="Settlements: the places that alerts are about.")


def add_to(app: typer.Typer) -> None:
    """Register both families of verbs."""
    app.add_typer(aoi, name="aoi", no_args_is_help=True)
    app.add_typer(settlement, name="settlement", no_args_is_help=True)


AreaId = Annotated[str, typer.Argument(metavar="ID", help="Identifier of the area.")]
OfArea = Annotated[str, typer.Option("--aoi", metavar="ID", help="Identifier of the area.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON, GeoPackage, KML ...")]
Encoding = Annotated[
    str, typer.Option(help="Of names in a Shapefile that does not say it, such as cp1256.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Change one that is there already.")]


@verb(aoi, "add", example="emberwatch aoi add areas.geojson --revisit 1d")
def add(
    call: Call,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="May hold many.")] = None,
    bbox: Annotated[str, typer.Option(metavar="W,S,E,N", help="A box in degrees.")] = "",
    wkt: Annotated[str, typer.Option(help="A polygon in degrees, longitude first.")] = "",
    aoi_id: Annotated[str, typer.Option("--id", help="Identifier, for one area.")] = "",
    name: Annotated[str, typer.Option(help="Name, for one area.")] = "",
    sensitivity: Annotated[Sensitivity | None, typer.Option(help="Who may see it.")] = None,
    revisit: Annotated[str, typer.Option(help="Least time between two runs, as 1d.")] = "",
    encoding: Encoding = "",
    replace_area: Replace = False,
) -> None:
    """Add areas from a file, a box or a polygon; all of a file, or none."""
    read = _with_options(_read(file, bbox, wkt, encoding), aoi_id, name, sensitivity, revisit)
    service = call.service()
    added: list[Aoi] = []
    for area in read.areas:
        added.extend(service.registry.add(area, service.now(), replace=replace_area))
    costs = _costs(service.config, added)
    lines = [f"note: {plain(notice)}" for notice in read.notices]
    lines += [f"cost: {cost}" for cost in costs]
    lines += [f"added {plain(area.aoi_id)} ({plain(area.name)})" for area in added]
    document = {"added": [_document(area) for area in added], "notices": read.notices}
    call.say({**document, "costs": costs}, *lines)


@verb(aoi, "check", example="emberwatch aoi check areas.geojson --sky")
def check(
    call: Call,
    file: File,
    encoding: Encoding = "",
    sky: Annotated[
        bool, typer.Option("--sky", help="Also ask how often it was clear; takes units.")
    ] = False,
    now: Instant = None,
) -> None:
    """Say what a file holds, what is wrong with it and what it will cost; nothing is stored."""
    read = read_areas(file, encoding=encoding)
    config = call.config()
    desk = SkyDesk(config, clock(now))
    skies = [desk.answer(desk.question(area, YEAR_DAYS)) if sky else None for area in read.areas]
    costs = _costs(config, read.areas)
    lines = [f"note: {plain(notice)}" for notice in read.notices]
    lines += [f"cost: {cost}" for cost in costs]
    documents = []
    for area, found in zip(read.areas, skies, strict=True):
        documents.append({**_document(area), **({"sky": sky_document(found)} if sky else {})})
        lines.append(f"{plain(area.aoi_id)}: {plain(area.name)}, can be added")
        lines += sky_lines(found)
    call.say({"areas": documents, "notices": read.notices, "costs": costs}, *lines)


@verb(aoi, "sky", example="emberwatch aoi sky sd-south-darfur --estimate")
def sky(
    call: Call,
    aoi_id: AreaId,
    days: Annotated[int, typer.Option(min=30, max=1_830, help="How far back.")] = YEAR_DAYS,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what it costs.")] = False,
    now: Instant = None,
) -> None:
    """Count how often an area was clear, day by day, without fetching an image.

    Sentinel Hub counts; the processing units are estimated before, entered in the ledger, and
    bounded by the monthly budget. What it says is kept, and shown by `aoi show`.
    """
    service = call.service(now)
    area = service.registry.whole(aoi_id)
    desk = SkyDesk(service.config, service.now)
    question = desk.question(area, days)
    planned = {"aoi_id": area.aoi_id, "question": question_document(question)}
    line = question_line(plain(area.aoi_id), question)
    if estimate:
        call.say({**planned, "sky": None}, line)
        return
    found = desk.answer(question)
    write_sky(service.config.service.data_folder, area.aoi_id, found)
    spent = f"{found.units:.2f} processing units were spent"
    call.say({**planned, "sky": sky_document(found)}, line, *sky_lines(found), f"  {spent}")


@verb(aoi, "list", example="emberwatch aoi list --json")
def list_(
    call: Call,
    everything: Annotated[bool, typer.Option("--all", help="Also archived areas.")] = False,
) -> None:
    """List the areas, with their last run and when they were last seen."""
    service = call.service()
    seen = service.store.last_seen()
    states = tuple(AoiState) if everything else (AoiState.ACTIVE, AoiState.PAUSED)
    rows = table("id", "name", "state", "revisit", "sensitivity", "last run", "last seen")
    documents = []
    for area in service.registry.all(states):
        ran = service.registry.last_run_at(area.aoi_id)
        last = seen.get(area.aoi_id)
        documents.append({**_document(area), "last_run_at": ran, "last_seen": last})
        every = duration_text(area.revisit)
        cells = (area.aoi_id, area.name, area.state.value, every, area.sensitivity.value)
        add_row(rows, [*cells, minutes(ran), minutes(last)])
    call.show({"areas": documents}, rows, "no area yet: emberwatch aoi add FILE")


@verb(aoi, "show", example="emberwatch aoi show sd-south-darfur")
def show(call: Call, aoi_id: AreaId) -> None:
    """Show one area: its settlements, its last runs and why they ended as they did.

    Of fires it says how long the archive is, and which static heat has no weight.
    """
    service = call.service()
    area = service.registry.whole(aoi_id)
    parts = service.registry.group(aoi_id)
    runs = [run for part in parts for run in service.store.runs(part.aoi_id, limit=5)]
    problems = [one for part in parts for one in service.store.problems(part.aoi_id)[:5]]
    count = len(service.registry.settlements(aoi_id))
    fires = [fires_document(service.config, part) for part in parts]
    radar = [radar_document(service.config, part) for part in parts]
    known_sky = read_sky(service.config.service.data_folder, area)
    document = {
        **_document(area),
        "fires": fires,
        "radar": radar,
        "sky": sky_document(known_sky),
        "parts": [part.aoi_id for part in parts],
        "settlements": count,
        "geometry": mapping(area.geometry),
        "runs": [
            {"at": run.started_at, "outcome": run.outcome.value, "reason": run.reason}
            for run in runs
        ],
        "problems": [{"scene_id": one.scene_id, "reason": one.reason} for one in problems],
    }
    lines = [
        f"{plain(area.aoi_id)}: {plain(area.name)}",
        f"  {area.state.value}, every {duration_text(area.revisit)}, {area.sensitivity.value},"
        f" detectors {', '.join(area.detectors)}, {count} settlements, {len(parts)} part(s)",
    ]
    lines += [f"  {minutes(r.started_at)} {r.outcome.value}: {plain(r.reason)}" for r in runs]
    lines += [line for one in fires for line in fires_lines(one)]
    lines += [line for one in radar for line in radar_lines(one)]
    lines += sky_lines(known_sky)
    lines += [f"  scene {plain(one.scene_id)}: {plain(one.reason)}" for one in problems]
    call.say(document, *lines)


@verb(aoi, "pause", example="emberwatch aoi pause sd-south-darfur")
def pause(call: Call, aoi_id: AreaId) -> None:
    """Stop watching an area for a while."""
    service = call.service()
    service.registry.pause(aoi_id, service.now())
    call.say({"aoi_id": aoi_id, "state": "paused"}, f"{plain(aoi_id)} is paused")


@verb(aoi, "resume", example="emberwatch aoi resume sd-south-darfur")
def resume(call: Call, aoi_id: AreaId) -> None:
    """Watch an area again; what it missed is made up for at its next run."""
    service = call.service()
    service.registry.resume(aoi_id, service.now())
    call.say({"aoi_id": aoi_id, "state": "active"}, f"{plain(aoi_id)} is watched again")


@verb(aoi, "rm", example="emberwatch aoi rm sd-south-darfur")
def remove(call: Call, aoi_id: AreaId) -> None:
    """Stop watching an area for good; its record stays."""
    service = call.service()
    sentence = service.registry.remove(aoi_id, service.now())
    call.say({"aoi_id": aoi_id, "state": "archived", "note": sentence}, plain(sentence))


@verb(aoi, "export", example="emberwatch aoi export > areas.geojson")
def export(
    call: Call, aoi_id: Annotated[str, typer.Argument(metavar="[ID]", help="Default: all.")] = ""
) -> None:
    """Print areas as GeoJSON, in the form that `aoi add` reads."""
    service = call.service()
    names = [aoi_id] if aoi_id else sorted({a.group_id or a.aoi_id for a in service.registry.all()})
    # GeoJSON is what a person wants here too, so --json changes nothing.
    print(areas_geojson(service.registry.whole(one) for one in names), end="")


@verb(settlement, "import", example="emberwatch settlement import villages.geojson --aoi ID")
def import_(
    call: Call,
    file: File,
    aoi_id: OfArea,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="OURS=THEIRS", help="As name=NOM_VILLAGE; may repeat."),
    ] = None,
    encoding: Encoding = "",
    replace_them: Replace = False,
) -> None:
    """Add settlements to an area: footprints, or points that become discs."""
    service = call.service()
    area = service.registry.whole(aoi_id)
    read = read_settlements(file, area, fields=_named_fields(fields or []), encoding=encoding)
    notices = service.registry.add_settlements(
        aoi_id, read.settlements, service.now(), replace=replace_them
    )
    said = (*read.notices, *notices)
    count = len(read.settlements)
    call.say(
        {"aoi_id": aoi_id, "imported": count, "notices": said},
        *(f"note: {plain(notice)}" for notice in said),
        f"{count} settlements imported into {plain(aoi_id)}",
    )


@verb(settlement, "list", example="emberwatch settlement list --aoi sd-south-darfur")
def list_settlements(call: Call, aoi_id: OfArea) -> None:
    """List the settlements of an area."""
    found = call.service().registry.settlements(aoi_id)
    rows = table("id", "name", "kind", "structures", "footprint")
    for one in found:
        drawn = "assumed" if one.footprint_assumed else "mapped"
        add_row(rows, [one.settlement_id, one.name, one.kind.value, one.structures, drawn])
    documents = [_settlement_document(one) for one in found]
    call.show({"settlements": documents}, rows, "no settlement yet: emberwatch settlement import")


def _read(file: Path | None, bbox: str, wkt: str, encoding: str) -> ReadAreas:
    given = [bool(file), bool(bbox), bool(wkt)]
    if sum(given) != 1:
        raise typer.BadParameter("give one of FILE, --bbox and --wkt")
    if file is not None:
        return read_areas(file, encoding=encoding)
    return area_from_bbox(bbox) if bbox else area_from_wkt(wkt)


def _named_fields(pairs: list[str]) -> dict[str, str]:
    named = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(ours and theirs for ours, theirs in named.items()):
        raise typer.BadParameter("--field wants OURS=THEIRS, such as name=NOM_VILLAGE")
    return named


def _costs(config: Config, areas: Sequence[Aoi]) -> list[str]:
    """Return what the providers on the network will be asked for in a month, in words."""
    asked = {"stac": stac_cost, "sentinel_hub": sentinel_hub_cost}
    said = []
    for name in config.sources.order:
        if name not in asked:
            continue
        runs = 30 * timedelta(days=1) / config.schedule.every
        costs = [asked[name](area, runs_a_month=runs, history=HISTORY) for area in areas]
        scenes = sum(cost.scenes_a_month for cost in costs)
        gigabytes = sum(cost.bytes_a_month for cost in costs) / 1e9
        units = sum(c.units_a_month for c in costs)
        line = f"{name}: some {scenes:.0f} scenes and {gigabytes:.1f} GB a month"
        said.append(line + (f", {units:.0f} processing units" if units else ""))
    return said


def _with_options(
    read: ReadAreas, aoi_id: str, name: str, sensitivity: Sensitivity | None, revisit: str
) -> ReadAreas:
    if (aoi_id or name) and len(read.areas) != 1:
        raise InvalidAoi(
            f"the file holds {len(read.areas)} areas, and --id and --name are for one",
            hint="write id and name into the properties of each",
        )
    options = {
        "aoi_id": aoi_id,
        "name": name,
        "sensitivity": "" if sensitivity is None else sensitivity.value,
        "revisit": revisit,
    }
    return replace(read, areas=tuple(changed_by(area, **options) for area in read.areas))


def _properties(area: Aoi) -> dict[str, object]:
    return {
        "id": area.aoi_id,
        "name": area.name,
        "sensitivity": area.sensitivity.value,
        "revisit": duration_text(area.revisit),
        "detectors": list(area.detectors),
    }


def _document(area: Aoi) -> dict[str, object]:
    return {**_properties(area), "state": area.state.value}


def _settlement_document(one: Settlement) -> dict[str, object]:
    return {
        "id": one.settlement_id,
        "aoi_id": one.aoi_id,
        "name": one.name,
        "name_local": one.name_local,
        "kind": one.kind.value,
        "structures": one.structures,
        "footprint": "assumed" if one.footprint_assumed else "mapped",
        "admin_pcode": one.admin_pcode,
        "geometry": mapping(one.footprint),
    }
