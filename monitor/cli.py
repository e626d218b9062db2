"""The command line. Each verb parses, calls one method, prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from aoi.errors import ServiceError
from monitor.commands import alerts, areas, backtest, demo, replay, runs, serve, setup, simulate
from monitor.commands.call import META, ConfigOption, JsonOption, plain
from monitor.logs import log_to_stderr

FAILED = 1

app = typer.Typer(
    help="Watches settlements from space and tells the people who can act.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def common(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    show_version: Annotated[bool, typer.Option("--version", help="Say which version.")] = False,
) -> None:
    """Take the options that every verb has, also before its name."""
    context.meta[META] = {"config_path": config, "as_json": as_json}
    if show_version:
        typer.echo(version("emberwatch"))
        raise typer.Exit


for family in (setup, demo, runs, replay, backtest, simulate, serve):
    family.add_to(app)
app.add_typer(areas.aoi, name="aoi", no_args_is_help=True)
app.add_typer(areas.settlement, name="settlement", no_args_is_help=True)
app.add_typer(alerts.alert, name="alert", no_args_is_help=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; show expected failures in two lines, without a traceback."""
    log_to_stderr()
    try:
        app(arguments)
    except ServiceError as error:
        print(f"error: {one_line(error.message)}", file=sys.stderr)
        if error.hint:
            print(f"  {one_line(error.hint)}", file=sys.stderr)
        sys.exit(FAILED)


def one_line(text: str) -> str:
    """Return text as one line that a terminal shows as it is."""
    return " ".join(plain(text).replace("\\[", "[").split())


if __name__ == "__main__":
    main()
