"""All verbs by name, each loaded when it is called: `--help` waits for none of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

PACKAGE = "monitor.commands"

VERBS: dict[str, tuple[str, str]] = {
    "init": ("setup", "Write config.toml and an empty data folder; nothing is overwritten."),
    "demo": ("demo", "Watch a simulated region for some months: imagery, alerts, maps, mails."),
    "check-config": ("setup", "Say everything that is wrong with config.toml, else what is set."),
    "doctor": ("setup", "Check database, disk, clock, imagery, keys and mail."),
    "aoi": ("areas", "Areas of interest: what is watched, how often, for whom."),
    "settlement": ("areas", "Settlements: the places that alerts are about."),
    "run": ("runs", "Do everything that is due, once: look, find, alert, publish, send."),
    "serve": ("serve", "Run the schedule, send what waits, and show the web site, until stopped."),
    "replay": ("replay", "Go through the past as it became known; nothing is sent."),
    "backtest": ("backtest", "Replay the past, then compare with the truth."),
    "simulate": ("simulate", "Write a simulated region as a provider would deliver it."),
    "alert": ("alerts", "Alerts: what was found, why, and what people say of it."),
    "subscriber": ("subscribers", "Subscribers: who receives alerts, of what, and how."),
    "user": ("users", "People of the web site: who may sign in, and as what."),
    "evidence": ("evidence", "Evidence: what an alert rests on, sealed, and checked without us."),
    "delivery": ("outbox", "Deliveries: what was sent, what waits, and what was given up."),
    "incident": ("outbox", "Incidents: what keeps messages from people until somebody acts."),
    "silence": ("outbox", "Silences: what is held back for a while, with a reason."),
    "reconcile": ("outbox", "Compare who should have received what with what was sent."),
    "forget": ("outbox", "Delete texts that are older than they are needed; say what is kept."),
    "backup": ("backup", "Backups: everything in one sealed file, and back again."),
    "baseline": ("upkeep", "Baselines: what is normal, fitted anew from archived looks."),
    "recalibrate": ("upkeep", "Hold the calibration against the quiet times watched here."),
    "coverage": ("runs", "Say for every area and day what was seen, and why not."),
}
"""Module of each verb, and its line in the list of all."""


class VerbGroup(TyperGroup):
    """Loads the module of a verb when the verb is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in VERBS and cmd_name not in self.commands:
            return TyperCommand(cmd_name, help=VERBS[cmd_name][1])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in VERBS:
            self.commands[args[0]] = loaded(args[0])
        return super().resolve_command(ctx, args)


def loaded(name: str) -> Any:
    """Return a verb, or a family of verbs."""
    app = typer.Typer()
    import_module(f"{PACKAGE}.{VERBS[name][0]}").add_to(app)
    return get_group(app).commands[name]
