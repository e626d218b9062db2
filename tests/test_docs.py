"""What is written about the program, held against the program."""

from __future__ import annotations

import importlib
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.commands.verbs import VERBS, loaded
from monitor.config import check_config
from tools.reference import REFERENCE, commands, settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
CALL = re.compile(r"^\s*(?:\$ )?emberwatch ((?!\.\.)[a-z].*)$", re.MULTILINE)


def calls_in(page: Path) -> list[str]:
    return [line.split("#")[0].strip() for line in CALL.findall(page.read_text())]


def everything_called() -> list[tuple[str, str]]:
    pages = [page for page in PAGES if page.parent != REFERENCE]
    return [(page.name, call) for page in pages for call in calls_in(page)]


@pytest.mark.parametrize(("name", "made"), [("commands.md", commands), ("settings.md", settings)])
def test_the_reference_is_what_the_program_says_of_itself(name: str, made: Any) -> None:
    assert (REFERENCE / name).read_text() == made(), "run: python -m tools.reference"


@pytest.mark.parametrize(("page", "words"), everything_called(), ids=lambda value: str(value)[:60])
def test_every_command_in_the_pages_exists_with_its_options(page: str, words: str) -> None:
    called = shlex.split(words.replace("...", ""))

    command = loaded(called[0])
    if hasattr(command, "commands"):
        command = command.commands[called[1]]

    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.split("=")[0] for word in called if word.startswith("--")} <= known


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_explained_in_the_readme_or_the_pages(name: str) -> None:
    text = "\n".join(page.read_text() for page in PAGES if page.parent != REFERENCE)

    assert re.search(rf"emberwatch {name}\b|`{name}\b|make {name}\b", text)


def test_the_settings_file_of_the_repository_has_no_fault() -> None:
    assert check_config(ROOT / "config.toml") == []


def test_the_settings_file_shows_every_section_of_the_contract() -> None:
    sections = tomllib.loads((ROOT / "config.toml").read_text())

    contract = ("service", "schedule", "sources", "detection", "alerts", "email", "webhooks")
    assert {*contract, "web", "engine", "database"} <= sections.keys()


@pytest.mark.parametrize(
    "detector",
    ["monitor.detectors.burn.burn_readings", "monitor.detectors.fires.fire_hits"],
)
def test_every_detector_has_notes_for_whoever_argues_with_it(detector: str) -> None:
    module, name = detector.rsplit(".", 1)

    described = getattr(importlib.import_module(module), name).__doc__

    assert "Notes\n" in described


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target
