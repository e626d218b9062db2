"""Writes docs/reference from the program itself: python -m tools.reference."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.commands.verbs import VERBS, loaded
from monitor.config import Config
from monitor.settings import Section

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Made by `python -m tools.reference`; a test holds it. -->\n"


def commands() -> str:
    """Return the reference of the command line."""
    parts = [NOTE, "# Commands\n"]
    parts.append(
        "Every command takes `--config PATH` and `--json`. Exit status: `0` done, `1` failed with "
        "one line and a hint, `2` wrong usage, `3` done, but some areas could not be seen.\n"
    )
    for name in VERBS:
        command = loaded(name)
        members = getattr(command, "commands", None)
        if members is None:
            parts.append(_verb(name, command))
        else:
            parts.append(f"## {name}\n\n{VERBS[name][1]}\n")
            parts += [_verb(f"{name} {verb}", member, "###") for verb, member in members.items()]
    return "\n".join(parts)


def settings() -> str:
    """Return the reference of config.toml."""
    parts = [NOTE, "# Settings\n"]
    parts.append(
        "Any key can come from the environment as `EMBERWATCH_SECTION__KEY`; secrets only from "
        "there or from `*_file` keys. Unknown keys are errors.\n"
    )
    for name, field in Config.model_fields.items():
        section = field.annotation
        assert inspect.isclass(section)
        parts += _section(name, section)
    return "\n".join(parts)


def _verb(name: str, command: Any, heading: str = "##") -> str:
    shared = {"--config", "--json", "--help"}
    rows = [
        f"| `{_names(one)}` | {one.help or ''} |"
        for one in command.params
        if not shared & set(one.opts)
    ]
    table = ["| | |", "|---|---|", *rows, ""] if rows else []
    example = command.epilog.removeprefix("Example: ")
    lines = [f"{heading} {name}", "", command.help, "", *table, "```", example, "```", ""]
    return "\n".join(lines)


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name)
    metavar = f" {parameter.metavar}" if parameter.metavar else ""
    return " ".join(parameter.opts) + metavar


def _section(name: str, section: type) -> Iterator[str]:
    rows, inner = [], []
    for key, field in section.model_fields.items():  # type: ignore[attr-defined]
        kind = field.annotation
        if inspect.isclass(kind) and issubclass(kind, Section):
            inner.append((f"{name}.{key}", kind))
        else:
            rows.append(f"| `{key}` | {field.description or ''} |")
    if rows:
        yield "\n".join([f"## [{name}]", "", "| key | |", "|---|---|", *rows, ""])
    for below, kind in inner:
        yield from _section(below, kind)


def main() -> int:
    """Write both files."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "commands.md").write_text(commands(), encoding="utf-8")
    (REFERENCE / "settings.md").write_text(settings(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
