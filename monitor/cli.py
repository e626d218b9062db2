"""The command line. Each verb parses, calls one method, prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from aoi.errors import ServiceError
from monitor.commands.call import META, ConfigOption, JsonOption, plain
from monitor.commands.verbs import VerbGroup
from monitor.logs import log_to_stderr

FAILED = 1

app = typer.Typer(
    cls=VerbGroup,
    help="Watches settlements from space and tells the people who can act.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"emberwatch {version('emberwatch')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    version_wanted: Annotated[
        bool,
        typer.Option("--version", help="Say which version.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """Take the options that every verb has, also before its name."""
    context.meta[META] = {"config_path": config, "as_json": as_json}


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
