"""simulate: an imagery folder, areas, settlements and truth from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aoi.interval import Interval
from monitor.commands.call import Call, instant, plain, verb
from monitor.errors import ConfigError
from monitor.simulation.catalogue import write
from monitor.simulation.presets import PRESETS, WorldSettings, preset
from monitor.simulation.world import build


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    verb(app, "simulate", example="emberwatch simulate sandbox --seed 7 --preset ci")(simulate)


def simulate(
    call: Call,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write; new or empty.")],
    seed: Annotated[int, typer.Option(help="Same seed, same world.")],
    name: Annotated[str, typer.Option("--preset", metavar="NAME", help=" ".join(PRESETS))] = "demo",
    start: Annotated[str, typer.Option("--from", metavar="ISO", help="Default: all.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="ISO", help="Default: all.")] = "",
) -> None:
    """Write a simulated region as a provider would deliver it, with the truth beside it.

    A scene has some 8 MB, and an area some 140 scenes a year: give --from and --to.
    """
    settings = preset(name)
    interval = _interval(settings, start, end)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is there already and not empty", hint="name a new folder")
    with call.progress("scenes") as bar:
        task = bar.add_task("", total=None, item="")
        written = write(
            build(settings, seed),
            interval,
            out,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    call.say(
        {
            "folder": str(out), "imagery": str(written.imagery), "scenes": written.scene_count,
            "hotspots": written.hotspot_count, "areas": str(written.areas),
            "settlements": str(written.settlements), "truth": str(written.truth),
        },
        f"{written.scene_count} scenes and {written.hotspot_count} hotspots in "
        f"{plain(written.imagery)}",
        f"areas {plain(written.areas)}, settlements {plain(written.settlements)}, "
        f"truth {plain(written.truth)}",
    )  # fmt: skip


def _interval(settings: WorldSettings, start: str, end: str) -> Interval:
    first = instant(start, "--from") if start else settings.span.start
    last = instant(end, "--to") if end else settings.span.end
    if first >= last:
        raise ConfigError(f"--from {first} is not before --to {last}", hint="swap them")
    wanted = Interval(first, last)
    asked = settings.span.intersection(wanted)
    if asked is None:
        raise ConfigError(
            f"the preset {settings.name!r} exists {settings.span}, not {wanted}",
            hint="choose --from and --to within it",
        )
    return asked
