"""init, check-config, doctor: getting the service ready, and seeing that it is."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from monitor.app import prepared_database
from monitor.commands.call import Call, add_row, plain, table, verb
from monitor.commands.check_up import check_up
from monitor.config import DEFAULT_FILE, Fault, check_config, describe, load_config
from monitor.errors import ConfigError
from monitor.file_systems import require_lasting
from monitor.master_key import master_key

FAILED = 1

EXAMPLE = "config.toml"
"""In the package a link to the file at the root, in a wheel a copy of it."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    verb(app, "init", example="emberwatch init /srv/emberwatch")(init)
    verb(app, "check-config", example="emberwatch check-config --config config.toml")(check)
    verb(app, "doctor", example="emberwatch doctor")(doctor)


def init(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; default: here.")] = Path(),
) -> None:
    """Write config.toml and an empty data folder; nothing that is there is overwritten."""
    file = folder / DEFAULT_FILE
    written = not file.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if written:
            file.write_text(example_config(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write {file}: {error.strerror}", hint="choose a folder that you may write to"
        ) from error
    config = load_config(file)
    require_lasting(config.database_url, allow_volatile=config.database.allow_volatile)
    config.service.data_folder.mkdir(parents=True, exist_ok=True)
    if "folder" in config.sources.order:
        config.sources.folder.path.mkdir(parents=True, exist_ok=True)
    prepared_database(config.database_url).dispose()
    master_key(config.service.data_folder)
    said = f"wrote {plain(file)}" if written else f"{plain(file)} was there and is as it was"
    call.say(
        {"config": str(file), "written": written, "data_folder": str(config.service.data_folder)},
        said,
        f"data folder: {plain(config.service.data_folder)}",
        "next: emberwatch aoi add FILE, emberwatch settlement import FILE --aoi ID, emberwatch run",
    )


def check(call: Call) -> None:
    """Say everything that is wrong with config.toml at once, else what is in force."""
    faults = check_config(call.config_path)
    if faults:
        _show_faults(call, faults)
        raise typer.Exit(FAILED)
    settings = describe(call.config())
    rows = table("section", "key", "value")
    for section, keys in settings.items():
        for key, value in keys.items():
            add_row(rows, [f"[{section}]", key, value])
    call.show({"ok": True, "settings": settings}, rows)


def doctor(call: Call) -> None:
    """Check database, disk, clock, imagery, keys and mail: ok, or what to do."""
    findings = check_up(call.config())
    rows = table("what", "", "finding", "what to do")
    for one in findings:
        add_row(rows, [one.subject, "ok" if one.ok else "!!", one.sentence, one.remedy])
    document = {
        "ok": all(one.ok for one in findings),
        "findings": [
            {"subject": one.subject, "ok": one.ok, "finding": one.sentence, "remedy": one.remedy}
            for one in findings
        ],
    }
    call.show(document, rows)
    if not all(one.ok for one in findings):
        raise typer.Exit(FAILED)


def example_config() -> str:
    """Return the text of the config.toml that works as it stands."""
    return (files("monitor.commands") / EXAMPLE).read_text(encoding="utf-8")


def _show_faults(call: Call, faults: list[Fault]) -> None:
    if call.as_json:
        call.say({"ok": False, "faults": [_fault_document(fault) for fault in faults]})
        return
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    call.notes.print(f"error: {plain(call.config_path or DEFAULT_FILE)} has {count}")
    for fault in faults:
        line = f"line {fault.line}: " if fault.line else ""
        call.notes.print(f"  {line}{plain(fault)}\n    {plain(fault.remedy)}", soft_wrap=True)


def _fault_document(fault: Fault) -> dict[str, object]:
    return {
        "key": fault.key,
        "problem": fault.problem,
        "remedy": fault.remedy,
        "line": fault.line,
    }
