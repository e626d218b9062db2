"""demo: a complete run offline, from a simulated region to maps and mails."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import default
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from alerts.alert import Alert, Status
from alerts.enrolment import Wish
from alerts.web.accounts import Accounts
from aoi.files import read_areas, read_settlements
from aoi.interval import Interval
from monitor.app import build_service, imagery_of
from monitor.area_job import ArchivedLook
from monitor.commands.call import Call, minutes, plain, verb
from monitor.commands.pictures import alert_page, overview_page
from monitor.commands.serve import run_until_stopped
from monitor.config import load_config
from monitor.engine import SerialEngine
from monitor.errors import ConfigError
from monitor.finding import Finding, FindingKind
from monitor.logs import log_to_stderr
from monitor.replay import steps
from monitor.service import Service
from monitor.shelf import shelved
from monitor.simulation.catalogue import write
from monitor.simulation.looks import looks
from monitor.simulation.presets import DEMO_FROM, WorldSettings, preset
from monitor.simulation.world import build

MARK = "demo.txt"
"""Says that a folder holds a demo and nothing else, so that the next one may replace it."""

PRESET = "demo"
ANALYST = "analyst@demo.example"
PARTNER = "partner@demo.example"
PROCESSES = 2

SETTINGS = f"""\
# Written by `emberwatch demo`: a simulated region; mails are written to files.
[service]
data_folder = "data"

[sources.folder]
path = "region/imagery"

[database]
allow_volatile = true

[email]
channel = "spool"
spool = "mail"
analysts = ["{ANALYST}"]

[alerts]
group_wait = "0s"

[engine]
workers = 1
"""


@dataclass(frozen=True, slots=True)
class HistoryJob:
    """A part of the past that is archived as looks, without scenes."""

    settings: WorldSettings
    seed: int
    interval: Interval
    folder: Path


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    verb(app, "demo", example="emberwatch demo --out demo-out --serve")(demo)


def demo(
    call: Call,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")] = Path("demo-out"),
    seed: Annotated[int, typer.Option(help="Another seed, another region.")] = 7,
    serve: Annotated[bool, typer.Option("--serve", help="Show the site afterwards.")] = False,
) -> None:
    """Watch a simulated region for some months: imagery, looks, alerts, maps, mails.

    A village burns, another burns in part, bush fires and harvest must not alert. No
    network is used and nothing is sent. Results on simulated land say nothing of accuracy.
    """
    _make_room(out)
    # A scene with a wrong offset is part of the region: its warning is in the mail and the ledger.
    log_to_stderr("error")
    settings = preset(PRESET)
    watched = Interval(DEMO_FROM, settings.span.end)
    with call.progress("demo") as bar:
        looks_made = _write_region(bar, settings, seed, watched, out)
        service, ended_at = _watched(bar, out, watched, looks_made)
    try:
        _finish(call, service, out, ended_at)
        if serve:
            call.console.print(let_in(service))
            run_until_stopped(service, call.console.print)
    finally:
        service.close()


def let_in(service: Service) -> str:
    """Make somebody who may sign in to the site, and return how."""
    accounts, name = Accounts(service.database), "demo"
    password = secrets.token_urlsafe(12)
    if any(account.name == name for account in accounts.all()):
        accounts.reset(name, password, service.now())
    else:
        accounts.add(name, "admin", password, service.now())
    return f"sign in as {name} with the password {password}"


def archive_history(job: HistoryJob) -> list[ArchivedLook]:
    """Archive the looks of a part of the past."""
    world = build(job.settings, job.seed)
    return [
        shelved(look, world.aoi, job.folder, look.available_at, "simulation", scored=False)
        for look in looks(world, job.interval)
    ]


def _make_room(out: Path) -> None:
    if (out / MARK).is_file():
        shutil.rmtree(out)
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(
            f"{out} is there already and holds no demo", hint="name a new folder with --out"
        )
    try:
        (out / "data").mkdir(parents=True)
        (out / MARK).write_text("Written by `emberwatch demo`, and replaced by the next one.\n")
        (out / "config.toml").write_text(SETTINGS, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write to {out}: {error.strerror}", hint="name another folder with --out"
        ) from error


def _write_region(
    bar: Progress, settings: WorldSettings, seed: int, watched: Interval, out: Path
) -> list[ArchivedLook]:
    """Write the imagery of the watched time, and archive the looks of the time before it."""
    history = Interval(settings.span.start, watched.start)
    middle = history.start + history.length / PROCESSES
    parts = [Interval(history.start, middle), Interval(middle, history.end)]
    jobs = [HistoryJob(settings, seed, part, out / "data") for part in parts]
    task = bar.add_task("", total=None, item="imagery of four months, looks of the years before")
    with ProcessPoolExecutor(
        PROCESSES, mp_context=get_context("spawn"), initializer=log_to_stderr
    ) as pool:
        archived = [pool.submit(archive_history, job) for job in jobs]
        write(
            build(settings, seed),
            watched,
            out / "region",
            lambda done, total: bar.update(task, completed=done, total=total),
            radar=False,  # no detector of the demo reads it
        )
        return [look for part in archived for look in part.result()]


def _watched(
    bar: Progress, out: Path, watched: Interval, history: Sequence[ArchivedLook]
) -> tuple[Service, datetime]:
    """Let the service tick through the watched time, with an analyst at the desk."""
    clock = [watched.start]
    config = load_config(out / "config.toml")
    service = build_service(config, lambda: clock[0], SerialEngine())
    for area in read_areas(out / "region" / "areas.geojson").areas:
        service.registry.add(area, watched.start)
        villages = read_settlements(out / "region" / "settlements.geojson", area)
        service.registry.add_settlements(area.aoi_id, villages.settlements, watched.start)
        wish = Wish(aois=(area.aoi_id,), clearance="partner-full", organisation="Demo partner")
        service.enrolment.add(PARTNER, wish, watched.start, confirmed=True)
    service.store.add_history(history)
    areas = service.registry.all()
    plan = list(steps(imagery_of(config), areas, watched))
    task = bar.add_task("", total=len(plan), item="")
    for step in plan:
        clock[0] = step.at
        service.tick(only=areas)
        _review(service)
        bar.update(task, advance=1, item=f"{step.at:%d %b %Y}")
    return service, clock[0]


def _review(service: Service) -> None:
    """Do as an analyst who opens the queue after each tick and agrees with the evidence."""
    for alert in service.alerts.alerts(states=[Status.PROVISIONAL]):
        service.desk.confirm(
            alert.event_id,
            "demo analyst",
            service.now(),
            note="agreed by the demo, not by a person",
        )
    service.deliver()


def _finish(call: Call, service: Service, out: Path, at: datetime) -> None:
    """Write the maps, and say what was found and which files to open."""
    maps = out / "maps"
    maps.mkdir(exist_ok=True)
    alerts = sorted(service.alerts.alerts(), key=lambda alert: alert.opened_at)
    pages = {alert.ref: maps / f"{alert.ref}.html" for alert in alerts}
    for alert in alerts:
        pages[alert.ref].write_text(alert_page(service, alert), encoding="utf-8")
    overview = maps / "overview.html"
    overview.write_text(overview_page(service, at), encoding="utf-8")
    mails = sorted((out / "mail").glob("*.eml"))
    aoi_id = service.registry.all()[0].aoi_id
    days = [day for day in service.store.coverage(aoi_id) if day.day >= DEMO_FROM.date()]
    seen = [day for day in days if day.state.value == "seen"]
    lines = [_line(alert, pages[alert.ref]) for alert in alerts] or ["no alert"]
    call.say(
        {
            "out": str(out),
            "alerts": [_document(alert, pages[alert.ref]) for alert in alerts],
            "overview": str(overview),
            "mails": [str(mail) for mail in mails],
            "days_seen": len(seen),
        },
        f"[bold]{len(alerts)} alerts[/bold]; seen on {len(seen)} of {len(days)} days",
        *lines,
        "",
        f"map of the area   {plain(overview)}",
        *(f"mail              {plain(mail)}" for mail in mails if _has_map(mail)),
        f"weekly digests    {sum(not _has_map(mail) for mail in mails)} beside them",
        f"imagery folder    {plain(out / 'region' / 'imagery')}",
        f"settings          {plain(out / 'config.toml')}",
        f"next: emberwatch alert explain {alerts[0].ref if alerts else 'ID'} --config "
        f"{plain(out / 'config.toml')}",
    )


def _mail_lines(mails: Sequence[Path], refs: Sequence[str]) -> list[str]:
    """Name the mails about alerts, and count the weekly ones that say what was seen."""
    lines = []
    for mail in mails:
        with mail.open("rb") as file:
            headers = BytesHeaderParser(policy=default).parse(file)
        if any(ref in str(headers["Subject"]) for ref in refs):
            said = f"to {headers['To']}: {headers['Subject']}"
            lines.append(f"mail              {plain(mail)}\n                  {plain(said)}")
    weekly = len(mails) - len(lines)
    return [*lines, f"                  and {weekly} weekly mails that say what was seen"]


def _line(alert: Alert, page: Path) -> str:
    happened = alert.finding.happened
    return (
        f"  {alert.ref}  {alert.kind.value}, {alert.status.value}, tier "
        f"{alert.finding.tier.value}: {plain(alert.place.name)}, {_said(alert.finding)}, between "
        f"{minutes(happened.start)} and {minutes(happened.end)}\n        map {plain(page)}"
    )


def _said(finding: Finding) -> str:
    """Return what a finding says, in a few words."""
    ground = f"{finding.area_m2 / 1e4:.1f} ha"
    share = f"{finding.settlement_fraction or 0.0:.0%} of the settlement"
    return {
        FindingKind.BURN: f"burn signature over {share}",
        FindingKind.CAMP_NEW: f"new shelters over {ground}",
        FindingKind.CAMP_GROWTH: f"the camp grew by {ground}",
        FindingKind.CAMP_EMPTYING: f"shelters gone over {share}",
    }.get(finding.kind, "heat detected")


def _document(alert: Alert, page: Path) -> dict[str, object]:
    return {
        "event_id": alert.event_id,
        "ref": alert.ref,
        "kind": alert.kind.value,
        "status": alert.status.value,
        "tier": alert.finding.tier.value,
        "settlement_id": alert.settlement_id,
        "map": str(page),
    }


def _has_map(mail: Path) -> bool:
    """Return True for the mail of an alert; digests carry no map."""
    return b".html" in mail.read_bytes()
