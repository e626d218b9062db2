"""backup: everything in one sealed file, and back again without anybody told twice."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from alerts.restoring import Restored, Restorer
from monitor.backup import Place, examined, unpack, write_backup
from monitor.commands.call import Call, Instant, minutes, plain, utc_now, verb
from monitor.commands.serve import LOCK
from monitor.config import Config
from monitor.errors import BackupRefused, ConfigError
from monitor.process_lock import process_lock

backup = typer.Typer(help="Backups: everything in one sealed file, and back again.")

PassphraseFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Its first line is the passphrase; else [backup], or asked."),
]


def add_to(app: typer.Typer) -> None:
    """Register the family of verbs."""
    app.add_typer(backup, name="backup", no_args_is_help=True)


@verb(backup, "create", example="emberwatch backup create /mnt/backup/2026-11-23.backup")
def create(
    call: Call,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; must be new.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write database, keys and archive into one encrypted file; the service may go on running.

    The file is read to its end before it counts. Imagery that can be fetched again is
    left out, and so is the journal: that one must stay where it is.
    """
    config = call.config()
    place = place_of(config)
    made = write_backup(place, out, _passphrase(call, config, passphrase_file), utc_now())
    call.say(
        {"written": str(out), "files": made.files, "bytes": made.bytes, "made_at": made.made_at},
        f"{plain(out)}: the database and {made.files} files, {made.bytes / 1e6:.1f} MB",
        "keep the passphrase elsewhere: without it nobody opens the file",
        f"keep the journal too: {plain(config.journal_folder)}",
    )


@verb(backup, "verify", example="emberwatch backup verify /mnt/backup/2026-11-23.backup")
def verify(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Read a backup to its end, and say what it holds; nothing is written."""
    found = examined(file, _passphrase(call, call.config(), passphrase_file))
    call.say(
        {"made_at": found.made_at, "program": found.program, "files": found.files,
         "bytes": found.bytes},
        f"whole: made at {minutes(found.made_at)} by version {plain(found.program)}, "
        f"{found.files} files, {found.bytes / 1e6:.1f} MB",
    )  # fmt: skip


@verb(backup, "restore", example="emberwatch backup restore /mnt/backup/2026-11-23.backup")
def restore(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    journal: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The journal of the service that was lost."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    now: Instant = None,
) -> None:
    """Bring a backup back into an empty data folder, and tell it what happened since.

    Who left, what was taken back and who was reached since the backup comes from the
    journal. Without it nothing is sent until you say: emberwatch backup release.
    """
    config = call.config()
    place = place_of(config)
    with process_lock(place.folder / LOCK):
        made = unpack(file, _passphrase(call, config, passphrase_file), place)
        _bring_journal(journal, config.journal_folder)
        service = call.service(now)
        done = _restorer_of(service.restorer).restore(service.now(), made_at=made.made_at)
    _say(call, done, f"restored what was backed up at {minutes(made.made_at)}")


@verb(backup, "resume", example="emberwatch backup resume")
def resume(call: Call, now: Instant = None) -> None:
    """Take up work on a database that was put back by other means: a snapshot, a copy, a dump.

    Nothing is sent from such a database before.
    """
    service = call.service(now)
    restorer = _restorer_of(service.restorer)
    if not restorer.is_put_back():
        raise BackupRefused(
            "this is the database that sent last: there is nothing to take up",
            hint="to put back a backup, move the data folder away and use: backup restore",
        )
    with process_lock(service.config.service.data_folder / LOCK):
        done = restorer.restore(service.now())
    _say(call, done, "taken up")


@verb(backup, "release", example="emberwatch backup release")
def release(call: Call, now: Instant = None) -> None:
    """Send what was held since a restore, once you have seen who may have it already."""
    service = call.service(now)
    count = _restorer_of(service.restorer).release(service.now())
    call.say({"released": count}, f"{count} deliveries are sent with the next round")


def place_of(config: Config) -> Place:
    """Return what is backed up.

    Raises
    ------
    BackupRefused
        If the database is on a server, which has means of its own.
    """
    url = make_url(config.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise BackupRefused(
            "the database is on a server, or in memory",
            hint="dump it with the server's own tools and copy data_folder; after it was put "
            "back: emberwatch backup resume",
        )
    folder = config.service.data_folder
    return Place(
        folder, Path(url.database),
        (
            folder / LOCK, folder / "cache", config.journal_folder, config.email.spool,
            config.sources.folder.path,
        ),
    )  # fmt: skip


def _bring_journal(source: Path | None, target: Path) -> None:
    if source is None or source.absolute() == target:
        return
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise BackupRefused(
            f"the journal {source} cannot be copied", hint="copy it to where [backup] says"
        ) from error


def _restorer_of(known: Restorer | None) -> Restorer:
    if known is None:
        raise BackupRefused("a database in memory is never restored")
    return known


def _passphrase(call: Call, config: Config, file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the passphrase in {file}") from error
    if config.backup.passphrase is not None:
        return config.backup.passphrase.get_secret_value()
    if not sys.stdin.isatty():
        raise ConfigError(
            "no passphrase is known", hint="set [backup] passphrase_file, or --passphrase-file"
        )
    return str(typer.prompt("Passphrase", hide_input=True, err=True))


def _say(call: Call, done: Restored, what: str) -> None:
    retold = done.retold
    document = {
        "generation": done.generation,
        "journal": retold is not None,
        "people": retold.people if retold else 0,
        "alerts": retold.alerts if retold else 0,
        "reached": retold.reached if retold else 0,
        "in_doubt": retold.in_doubt if retold else 0,
        "newcomers": retold.newcomers if retold else 0,
        "wishes": retold.wishes if retold else 0,
        "strangers": retold.strangers if retold else 0,
        "held": done.held,
        "asked": done.asked,
    }
    lines = [f"{what}; this is generation {done.generation}"]
    if retold is None:
        lines.append("no journal was found: nothing is sent until: emberwatch backup release")
    else:
        lines.append(
            f"from the journal: {retold.reached} messages had left, {retold.people} people had "
            f"changed, {retold.alerts} alerts were decided on"
        )
    if retold and (retold.newcomers or retold.wishes):
        lines.append(
            f"{retold.newcomers} people came since and are known, {retold.wishes} profiles changed"
        )
    if retold and retold.strangers:
        lines.append(f"{retold.strangers} people came since; ask them to subscribe again")
    if done.held and retold:
        lines.append(f"{done.held} messages may have left; to send them: emberwatch backup release")
    call.say(document, *lines)
