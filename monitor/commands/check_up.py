"""What `doctor` looks at. Each check says one sentence, and what to do if it is not well."""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from aoi.database import open_database, reading, writing
from aoi.errors import ServiceError
from monitor.config import Config
from monitor.errors import ConfigError
from monitor.file_systems import require_lasting
from monitor.master_key import master_key
from monitor.schema import is_current, require_known
from monitor.sources.in_order import provider_states
from monitor.store import MonitorStore

LEAST_FREE_GB = 2.0
NOT_BEFORE = datetime(2024, 1, 1, tzinfo=UTC)
"""The program is younger: a clock that says less is wrong."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One line of `doctor`."""

    subject: str
    ok: bool
    sentence: str
    remedy: str = ""


def check_up(config: Config) -> list[Checked]:
    """Return the state of everything that the service needs."""
    checks: tuple[tuple[str, Callable[[Config], Checked]], ...] = (
        ("database", database),
        ("disk", disk),
        ("clock", clock),
        ("imagery", imagery),
        ("keys", keys),
        ("mail", mail),
    )
    found = [_guarded(subject, check, config) for subject, check in checks]
    return [*found, *providers(config)]


def _guarded(subject: str, check: Callable[[Config], Checked], config: Config) -> Checked:
    try:
        return check(config)
    except ServiceError as error:
        return Checked(subject, False, error.message, error.hint)


def database(config: Config) -> Checked:
    """Open the database, write to it and take it back, and compare its tables."""
    folder = config.service.data_folder
    if not folder.is_dir():
        return Checked("database", False, f"there is no data folder {folder}", "emberwatch init")
    require_lasting(config.database_url, allow_volatile=config.database.allow_volatile)
    engine = open_database(config.database_url)
    try:
        require_known(engine)
        if not is_current(engine):
            remedy = "the next start brings it up to date, or: emberwatch init"
            return Checked("database", False, "its tables are older than the program", remedy)
        with writing(engine) as connection:
            connection.execute(text("CREATE TABLE doctor_was_here (x INTEGER)"))
            connection.execute(text("DROP TABLE doctor_was_here"))
        with reading(engine) as connection:
            if engine.dialect.name == "sqlite":
                sound = connection.execute(text("PRAGMA quick_check(1)")).scalar()
                if sound != "ok":
                    remedy = "restore it from a backup; keep the damaged file"
                    return Checked("database", False, f"it is damaged: {sound}", remedy)
    finally:
        engine.dispose()
    return Checked("database", True, f"{engine.url.render_as_string()} can be read and written")


def disk(config: Config) -> Checked:
    """Return how much room the data folder has."""
    folder = config.service.data_folder
    if not os.access(folder, os.W_OK):
        return Checked("disk", False, f"{folder} cannot be written", "see the folder's rights")
    free_gb = shutil.disk_usage(folder).free / 1e9
    sentence = f"{free_gb:.1f} GB free in {folder}"
    return Checked(
        "disk",
        free_gb >= LEAST_FREE_GB,
        sentence,
        "" if free_gb >= LEAST_FREE_GB else "free space, or move [service] data_folder",
    )


def clock(config: Config) -> Checked:
    """Return whether the clock can be right."""
    now = datetime.now(UTC)
    if now < NOT_BEFORE:
        return Checked("clock", False, f"the clock says {now:%Y-%m-%d}", "set it, and run NTP")
    engine = open_database(config.database_url)
    try:
        latest = MonitorStore(engine).runs(limit=1)
    finally:
        engine.dispose()
    if latest and latest[0].started_at > now:
        ran = latest[0].started_at
        said = f"the clock says {now:%Y-%m-%d %H:%M}Z, the latest run was {ran:%Y-%m-%d %H:%M}Z"
        return Checked("clock", False, said, "set it, and run NTP")
    return Checked("clock", True, f"{now:%Y-%m-%d %H:%M}Z")


def imagery(config: Config) -> Checked:
    """Return whether the imagery folder is there, if it is a source."""
    order = f"sources by preference: {', '.join(config.sources.order)}"
    if "folder" not in config.sources.order:
        return Checked("imagery", True, order)
    folder = config.sources.folder.path
    if not folder.is_dir():
        sentence = f"the imagery folder {folder} does not exist"
        return Checked("imagery", False, sentence, "set [sources.folder] path in config.toml")
    count = sum(1 for _ in folder.rglob("*.json"))
    return Checked("imagery", True, f"{order}; {count} catalogue files in {folder}")


def providers(config: Config) -> list[Checked]:
    """Return how each provider on the network is doing; no place is named to them."""
    states = provider_states(config.sources, config.service.data_folder)
    return [Checked(one.name, one.ok, one.sentence, one.remedy) for one in states]


def keys(config: Config) -> Checked:
    """Return whether the master key is there and nobody else can read it."""
    path = config.service.data_folder / "keys" / "master"
    if not path.exists():
        return Checked("keys", False, f"there is no key {path}", "emberwatch init makes one")
    master_key(config.service.data_folder)
    return Checked("keys", True, f"{path} is there, for the service alone")


def mail(config: Config) -> Checked:
    """Return whether the mail server answers; nothing is sent."""
    email = config.email
    if email.channel == "spool":
        return Checked("mail", True, f"written to {email.spool}; nothing is sent")
    try:
        _greet(config)
    except (smtplib.SMTPException, OSError) as error:
        raise ConfigError(
            f"the mail server {email.host}:{email.port} cannot be used: {error}",
            hint="see [email] host, port, security, username in config.toml",
        ) from error
    return Checked("mail", True, f"{email.host}:{email.port} answers ({email.security})")


def _greet(config: Config) -> None:
    email = config.email
    context = ssl.create_default_context()
    timeout_s = min(email.timeout_s, 15.0)
    if email.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            email.host, email.port, timeout=timeout_s, context=context
        )
    else:
        server = smtplib.SMTP(email.host, email.port, socket.getfqdn(), timeout=timeout_s)
    with server:
        if email.security == "starttls":
            server.starttls(context=context)
        if email.username:
            secret = email.password.get_secret_value() if email.password else ""
            server.login(email.username, secret)
        server.noop()
