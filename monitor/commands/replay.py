"""replay: what the service would have said in the past."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alerts.alert import Action, Alert, AlertEvent
from alerts.formats.geojson import collection_of, geojson_text
from aoi.area import Aoi
from aoi.interval import Interval
from monitor.app import build_replay, imagery_of
from monitor.commands.call import Call, instant, minutes, plain, verb
from monitor.commands.export import feature, safe_cell
from monitor.errors import ConfigError
from monitor.ledger import without_gaps
from monitor.pipeline import AreaRun
from monitor.replay import replayed, steps
from monitor.service import Service

DATABASE = "replay.sqlite"


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    example = "emberwatch replay --from 2024-01-01 --to 2024-12-31 --out replay-2024"
    verb(app, "replay", example=example)(replay)


def replay(
    call: Call,
    start: Annotated[str, typer.Option("--from", metavar="ISO", help="First instant (UTC).")],
    end: Annotated[str, typer.Option("--to", metavar="ISO", help="Instant to stop before (UTC).")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; new or empty.")],
    aoi_id: Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")] = "",
) -> None:
    """Go through the past in the order in which it became known; nothing is sent.

    Writes alerts.geojson (every event as it stood at the end, unreviewed ones too),
    coverage.csv and runs.csv, from a fresh database that is left beside them.
    """
    with replayed_into(out, call, interval_of(start, end), aoi_id) as done:
        found, runs = done.found, done.runs
    document = {
        "out": str(out), "events": len(found), "runs": len(runs),
        "alerts": [{"event_id": a.event_id, "tier": a.finding.tier.value} for a in found],
    }  # fmt: skip
    lines = [f"{one.ref} {one.kind.value} {plain(one.place.name)}: tier {one.finding.tier.value}, "
             f"opened {minutes(one.opened_at)}" for one in found]  # fmt: skip
    call.say(document, *lines, f"{len(found)} events from {len(runs)} runs, in {plain(out)}")


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A replay that has come to its end; its files are written."""

    past: Service
    """Its own service, on its own database."""

    areas: tuple[Aoi, ...]
    interval: Interval
    found: list[Alert]
    runs: list[AreaRun]


@contextmanager
def replayed_into(out: Path, call: Call, interval: Interval, aoi_id: str) -> Iterator[Replayed]:
    """Replay an interval into a new folder; the replay's service is closed at the end."""
    service = call.service()
    areas = service.registry.group(aoi_id) if aoi_id else service.registry.all()
    if not areas:
        raise ConfigError("there is no area to replay", hint="emberwatch aoi add FILE")
    past = build_replay(service.config, _fresh(out), lambda: interval.end)
    try:
        _copy_areas(service, past, areas, interval.start)
        with call.progress("ticks") as bar:
            task = bar.add_task("", total=None, item="")

            def progress(done: int, total: int, aoi_id: str) -> None:
                bar.update(task, completed=done, total=total, item=aoi_id)

            ticks = steps(imagery_of(service.config), areas, interval)

            def absorb(at: datetime) -> None:
                past.fire_watch.watch(at)
                past.intake.absorb_new(at)

            runs = replayed(past.pipeline, absorb, ticks, progress)
        found = _write(out, past, areas, interval, runs)
        yield Replayed(past, tuple(areas), interval, found, runs)
    finally:
        past.close()


def interval_of(start: str, end: str) -> Interval:
    """Return the interval between two instants that a person wrote.

    Raises
    ------
    ConfigError
        If one is not an instant, or they are in the wrong order.
    """
    first, last = instant(start, "--from"), instant(end, "--to")
    if first >= last:
        raise ConfigError(f"--from {start} is not before --to {end}", hint="swap them")
    return Interval(first, last)


def _fresh(out: Path) -> Path:
    """Return the database of a replay; an older replay is never mixed into a new one."""
    if (out / DATABASE).exists():
        raise ConfigError(
            f"{out} holds a replay already", hint="name another folder, or remove that one"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {out}: {error.strerror}", hint="name a folder you may write to"
        ) from error
    return out


def _copy_areas(service: Service, past: Service, areas: Sequence[Aoi], at: datetime) -> None:
    for group_id in dict.fromkeys(area.group_id or area.aoi_id for area in areas):
        past.registry.add(service.registry.whole(group_id), at, "replay")
        past.registry.add_settlements(
            group_id, service.registry.settlements(group_id), at, "replay"
        )


def _write(
    out: Path, past: Service, areas: Sequence[Aoi], interval: Interval, runs: Sequence[AreaRun]
) -> list[Alert]:
    found = sorted(past.alerts.alerts(), key=lambda one: (one.opened_at, one.event_id))
    features = []
    for one in found:
        body = feature(one, known_at(one, past.alerts.events(one.event_id)))
        body["properties"]["first_seen"] = f"{one.opened_at:%Y-%m-%dT%H:%M:%SZ}"
        features.append(body)
    (out / "alerts.geojson").write_text(geojson_text(collection_of(features)), encoding="utf-8")
    first, last = interval.start.date(), interval.end.date()
    ledger = without_gaps(
        past.store.coverage(since=first, until=last), [a.aoi_id for a in areas], first, last
    )
    _csv(
        out / "coverage.csv",
        ("aoi_id", "day", "state", "clear_fraction", "reason"),
        [(d.aoi_id, d.day, d.state.value, f"{d.clear_fraction:.4f}", d.reason) for d in ledger],
    )
    _csv(
        out / "runs.csv",
        ("aoi_id", "at", "outcome", "reason", "looks", "findings", "clear_fraction"),
        [
            (
                r.aoi_id, f"{r.started_at:%Y-%m-%dT%H:%M:%SZ}", r.outcome.value, r.reason,
                len(r.look_ids), len(r.finding_ids),
                "" if r.clear_fraction is None else f"{r.clear_fraction:.4f}",
            )
            for r in (one.run for one in runs)
        ],
    )  # fmt: skip
    return found


def known_at(alert: Alert, events: Sequence[AlertEvent]) -> datetime:
    """Return when what decided an alert had become available, by the replay's clock.

    That of the step from a first sign to a provisional alert; where there was none,
    that of the first sign.
    """
    raised = [event.at for event in events if event.action is Action.RAISE]
    return min(raised, default=alert.opened_at)


def _csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([safe_cell(cell) for cell in row] for row in rows)
