"""baseline and recalibrate: upkeep of what the burn test rests on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from aoi.area import Aoi
from monitor.app import pipeline_settings
from monitor.area_job import ScoredReading
from monitor.commands.call import Call, add_row, table, verb
from monitor.errors import ConfigError
from monitor.service import Service
from monitor.upkeep import (
    LEAST_YEARS,
    Recalibration,
    quiet_places,
    rebuilt_baselines,
    recalibration_of,
    write_calibration,
)

OneArea = Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    family = typer.Typer(no_args_is_help=True, help="Baselines: what is normal where and when.")
    verb(family, "rebuild", example="emberwatch baseline rebuild --aoi kubum")(rebuild)
    app.add_typer(family, name="baseline")
    verb(app, "recalibrate", example="emberwatch recalibrate --apply")(recalibrate)


def rebuild(call: Call, aoi_id: OneArea = "") -> None:
    """Fit the baselines anew from the archived looks; nothing is fetched.

    After looks were replaced, or a long time without upkeep. What was said stays said.
    """
    service = call.service()
    now = service.now()
    found = []
    for area in _areas(service, aoi_id):
        settlements = service.registry.settlements(area.aoi_id)
        looks = service.store.looks(area.aoi_id)
        folder = service.config.service.data_folder
        found += list(rebuilt_baselines(area, settlements, looks, folder, now))
    call.say([asdict(one) for one in found], *([] if found else ["no looks are archived yet"]))
    if found and not call.as_json:
        shown = table("area", "track", "looks", "baseline")
        for one in found:
            state = "fitted anew" if one.fitted else "as it was: too few looks of these bands"
            add_row(shown, (one.aoi_id, one.track, one.looks, state))
        call.console.print(shown)


def recalibrate(
    call: Call,
    aoi_id: OneArea = "",
    apply: Annotated[bool, typer.Option("--apply", help="Use it from now on.")] = False,
) -> None:
    """Hold the calibration against the quiet times that this service has watched.

    Says how many alarms it raises where nothing was found, and makes one from those
    times. Without --apply nothing changes. With it calibration.json in the data folder
    is used; remove that file to return to the shipped one.
    """
    service = call.service()
    found = _recalibration(service, aoi_id)
    if apply and not found.enough:
        raise ConfigError(
            f"{found.years:.0f} quiet settlement-years are too few to replace the calibration",
            hint=f"{LEAST_YEARS:.0f} are needed: none of 0.01 a year in fewer says nothing",
        )
    folder = service.config.service.data_folder
    written = str(write_calibration(folder, found.new)) if apply else ""
    document = {
        "quiet_settlement_years": round(found.years, 1),
        "clear_looks": found.looks,
        "alarms_of_the_one_in_use": found.raised,
        "alarms_per_settlement_year": round(found.raised_per_year, 4),
        "enough_to_replace_it": found.enough,
        "new_version": found.new.version,
        "written": written,
    }
    more = "" if found.enough else f"; {LEAST_YEARS:.0f} years are needed to replace it"
    call.say(
        document,
        f"{found.years:.1f} quiet settlement-years, {found.looks} clear looks{more}",
        f"the calibration in use raises {found.raised} alarms in them: "
        f"{found.raised_per_year:.4f} per settlement and year",
        f"{found.new.version} is used from now on: {written}" if apply else "nothing was changed",
    )


def _recalibration(service: Service, aoi_id: str) -> Recalibration:
    areas = _areas(service, aoi_id)
    settings = pipeline_settings(service.config)
    since = service.now() - settings.watch.history
    readings: list[ScoredReading] = []
    for area in areas:
        readings += service.store.scored_readings(area.aoi_id, since)
    findings = [f for area in areas for f in service.store.findings(aoi_id=area.aoi_id)]
    words = f"quiet times of {len(areas)} areas up to {service.now():%Y-%m-%d}"
    try:
        return recalibration_of(
            quiet_places(readings, findings), settings.calibration, settings.burn.persistence, words
        )
    except ValueError as error:
        raise ConfigError(str(error), hint="let the service run for some months first") from error


def _areas(service: Service, aoi_id: str) -> list[Aoi]:
    return [service.registry.get(aoi_id)] if aoi_id else service.registry.all()
