"""backtest: a replay, held against what truly happened."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from aoi.area import Aoi
from aoi.settlement import Settlement
from monitor.app import hotspots_of, pipeline_settings
from monitor.archive import load_look
from monitor.area_job import ArchivedLook
from monitor.backtest import ReplayedArea, scored_area
from monitor.calibration import shipped_calibration
from monitor.camp_backtest import replayed_camps
from monitor.camp_skill import CampResult
from monitor.commands.call import Call, add_row, plain, table, utc_now, verb
from monitor.commands.replay import Replayed, interval_of, replayed_into
from monitor.comparison import Comparison, compared
from monitor.detector_scores import FULL
from monitor.errors import ConfigError
from monitor.goals import written
from monitor.looks import Look
from monitor.report import Chapter, Report, report_table, role_of, write_report
from monitor.scene import Hotspot, Sensor
from monitor.skill import TrueEvent
from monitor.truth import origin_of, read_camp_truth, read_confounders, read_truth
from monitor.world_scores import WorldScores

CONFOUNDERS = "confounders.geojson"


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    example = "emberwatch backtest --truth truth.csv --from 2024-01-01 --to 2024-12-31 --out tested"
    verb(app, "backtest", example=example)(backtest)


def backtest(
    call: Call,
    truth: Annotated[Path, typer.Option(metavar="FILE", help="truth.csv: what really happened.")],
    start: Annotated[str, typer.Option("--from", metavar="ISO", help="First instant (UTC).")],
    end: Annotated[str, typer.Option("--to", metavar="ISO", help="Instant to stop before (UTC).")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; new or empty.")],
    aoi_id: Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")] = "",
) -> None:
    """Replay the past, then compare with the truth: the detector and six rival rules.

    Writes what `replay` writes, and report.json and report.html: recall, false alarms
    per settlement-year, lag and calibration, with confidence intervals and by stratum.
    """
    interval = interval_of(start, end)
    events = read_truth(truth, _watched_ids(call, aoi_id))
    origin = origin_of(truth.parent)
    with replayed_into(out, call, interval, aoi_id) as past:
        worlds = _scored(past, events, read_confounders(truth.parent / CONFOUNDERS), origin)
        camps = _camps(past, truth)
    comparison = compared([], worlds)
    report = Report(
        title="Backtest",
        made_at=utc_now(),
        version=f"emberwatch {version('emberwatch')}, calibration {shipped_calibration().version}",
        chapters=(Chapter(f"{interval.start:%Y-%m-%d} to {interval.end:%Y-%m-%d}", comparison),),
        camps=camps,
    )
    paths = write_report(report, out)
    if not call.as_json:
        call.show({}, _table(comparison))
        if camps:
            call.show({}, _camp_table(camps))
    call.say(report_table(report), *(f"wrote {plain(path)}" for path in paths))


def _watched_ids(call: Call, aoi_id: str) -> set[str]:
    registry = call.service().registry
    areas = registry.group(aoi_id) if aoi_id else registry.all()
    found = {place.settlement_id for area in areas for place in registry.settlements(area.aoi_id)}
    if not found:
        raise ConfigError(
            "no settlement is watched, so nothing can be compared",
            hint="emberwatch settlement import FILE --aoi ID",
        )
    return found


def _scored(
    past: Replayed, events: Sequence[TrueEvent], confounders: Sequence[TrueEvent], origin: str
) -> list[WorldScores]:
    burn = pipeline_settings(past.past.config).burn
    return [
        scored_area(_area(past, aoi), past.interval, events, confounders, burn, origin)
        for aoi in past.areas
    ]


def _camps(past: Replayed, truth: Path) -> tuple[CampResult, ...]:
    service = past.past
    settlements = [s for a in past.areas for s in service.registry.settlements(a.aoi_id)]
    events = read_camp_truth(truth, {s.settlement_id for s in settlements}, past.areas[0].epsg)
    findings = [
        finding
        for area in past.areas
        for finding in service.store.findings(aoi_id=area.aoi_id, since=past.interval.start)
    ]
    return replayed_camps(past.areas, settlements, findings, events, past.interval)


def _area(past: Replayed, aoi: Aoi) -> ReplayedArea:
    service, interval = past.past, past.interval
    folder = service.config.service.data_folder
    archived = [look for look in service.store.looks(aoi.aoi_id) if look.acquired_at < interval.end]
    readings = service.store.scored_readings(aoi.aoi_id, interval.start)
    settlements: tuple[Settlement, ...] = tuple(service.registry.settlements(aoi.aoi_id))
    return ReplayedArea(
        aoi=aoi,
        settlements=settlements,
        looks=_comparable(archived, folder, aoi),
        readings=[scored.reading for scored in readings],
        findings=service.store.findings(aoi_id=aoi.aoi_id, since=interval.start),
        hotspots=_hotspots(past, aoi, archived),
    )


def _comparable(archived: Sequence[ArchivedLook], folder: Path, aoi: Aoi) -> Iterator[Look]:
    """Yield the looks that rules for Sentinel can use, oldest first, one in memory at a time."""
    blocks = aoi.blocks
    for one in archived:
        look = load_look(folder / one.path)
        if look.blocks == blocks and (look.sensor is Sensor.SENTINEL_1 or "nir08" in look.bands):
            yield look


def _hotspots(past: Replayed, aoi: Aoi, archived: Sequence[ArchivedLook]) -> list[Hotspot]:
    first = min((look.acquired_at for look in archived), default=past.interval.start)
    interval = past.interval.union(type(past.interval)(first, past.interval.end))
    sources = hotspots_of(past.past.config)
    return [hotspot for source in sources[:1] for hotspot in source.hotspots(aoi, interval)]


def _table(comparison: Comparison) -> Table:
    made = table("rule", "role", "recall, dry", "recall, wet", "false per settlement-year")
    for rule in sorted(comparison.rules, key=lambda r: r.rule != FULL):
        native = rule.native
        cells = [written(native.recall_dry), written(native.recall_wet)]
        add_row(made, [rule.rule, role_of(rule.rule), *cells, written(native.false_per_year)])
    return made


def _camp_table(camps: Sequence[CampResult]) -> Table:
    made = table("camps", "events", "found", "in time", "median lag", "false")
    for one in camps:
        cells = [str(one.events), written(one.found), written(one.found_in_time)]
        lag = "–" if math.isnan(one.median_lag_days) else f"{one.median_lag_days:.0f} d"
        add_row(made, [one.kind, *cells, lag, written(one.false_rate)])
    return made
