"""What every verb shares: --config, --json, an example in its help, and the service itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from monitor.config import Config, load_config
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.service import Service

META = "emberwatch"

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file. [default: ./config.toml, else built in]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Instant = Annotated[
    str | None,
    typer.Option("--now", metavar="ISO", help="Act as if it were this instant (UTC)."),
]


class Call:
    """One call of a verb: where its settings are, and how it prints."""

    def __init__(self, context: typer.Context, config_path: Path | None, as_json: bool) -> None:
        self._context = context
        self.config_path = config_path
        self.as_json = as_json
        self.console = Console(highlight=False)
        self.notes = Console(highlight=False, stderr=True)

    def config(self) -> Config:
        """Return the settings.

        Raises
        ------
        ConfigError
            If the named file is missing, or anything in it cannot be used.
        """
        return load_config(self.config_path)

    def service(self, now: str | None = None) -> Service:
        """Return the service on these settings; it is closed when the verb ends."""
        # Imported here: maps and numbers take seconds to load, and --help needs neither.
        from monitor.app import build_service

        service = build_service(self.config(), clock(now))
        self._context.call_on_close(service.close)
        return service

    def say(self, document: object, *lines: str) -> None:
        """Print a result: the document as JSON, or the lines for a person."""
        if self.as_json:
            print(json.dumps(document, indent=2, ensure_ascii=False, default=_plain))
            return
        for line in lines:
            self.console.print(line, soft_wrap=True)

    def show(self, document: object, table: Table, empty: str = "") -> None:
        """Print a result: the document as JSON, or the table; `empty` if it has no row."""
        if self.as_json:
            self.say(document)
        elif table.row_count:
            self.console.print(table)
        else:
            self.console.print(empty)

    def progress(self, doing: str) -> Progress:
        """Return a progress bar on stderr that goes away when it is done."""
        return Progress(
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[item]}"),
            TimeElapsedColumn(),
            console=self.notes,
            transient=True,
            disable=self.as_json or not self.notes.is_terminal,
        )


def verb(
    app: typer.Typer, name: str, *, example: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a verb: its first argument is the `Call`.

    Parameters
    ----------
    app : Typer
    name : str
        The word that people type.
    example : str
        A command line for the end of its help.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        own = list(inspect.signature(function).parameters.values())[1:]

        @wraps(function)
        def called(context: typer.Context, **values: Any) -> None:
            given = context.meta.get(META, {})
            path = values.pop("config_path") or given.get("config_path")
            as_json = values.pop("as_json") or given.get("as_json", False)
            function(Call(context, path, as_json), **values)

        parameters = [
            _parameter("context", typer.Context),
            *(_parameter(one.name, hints[one.name], one.default) for one in own),
            _parameter("config_path", ConfigOption, None),
            _parameter("as_json", JsonOption, False),
        ]
        # Typer reads the options of a verb from its signature.
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        app.command(name, help=_flowing(function), epilog=f"Example: {example}")(called)
        return function

    return register


def _flowing(function: Callable[..., None]) -> str:
    """Return the docstring with its lines joined: the terminal breaks them."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _parameter(
    name: str, annotation: object, default: object = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def utc_now() -> datetime:
    return datetime.now(UTC)


def clock(now: str | None) -> Callable[[], datetime]:
    """Return the clock of this machine, or one that stands at the instant of ``--now``."""
    return utc_now if now is None else _fixed(instant(now, "--now"))


def instant(text: str, option: str) -> datetime:
    """Return an instant that a person wrote; without a zone it is UTC.

    Raises
    ------
    ConfigError
        If it is not ISO 8601.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{option} {text!r} is not an instant",
            hint="write it like 2026-11-23T06:00Z, or 2026-11-23 for midnight UTC",
        ) from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def table(*columns: str) -> Table:
    """Return an empty table with these headings."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # The last column is the sentence: it alone is broken into lines.
        made.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    return made


def add_row(to: Table, cells: Sequence[object]) -> None:
    """Add a row of plain text: names from files may hold markup and control characters."""
    to.add_row(*(plain(cell) for cell in cells))


def plain(value: object) -> str:
    """Return text that a terminal shows as it is: no markup, no escape sequences."""
    text = "" if value is None else str(value)
    return escape("".join(c if c.isprintable() else " " for c in text))


def minutes(at: datetime | None) -> str:
    """Return an instant for people, to the minute."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}Z"


def _fixed(at: datetime) -> Callable[[], datetime]:
    return lambda: at


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
