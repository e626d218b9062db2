from __future__ import annotations

import pytest

from monitor.commands.verbs import VERBS, VerbGroup, loaded

CONTRACT = (
    "init", "demo", "check-config", "doctor", "aoi", "settlement", "run", "serve", "replay",
    "backtest", "simulate", "alert", "subscriber", "coverage", "evidence",
)  # fmt: skip
FAMILIES = {
    "aoi": {"add", "list", "show", "check", "pause", "resume", "rm", "export"},
    "settlement": {"import", "list"},
    "alert": {"list", "show", "explain", "confirm", "reject", "retract", "recall", "export"},
    "evidence": {"export", "verify"},
    "subscriber": {"add", "confirm", "list", "preview", "pause", "rm"},
}


def test_every_verb_of_the_contract_is_there() -> None:
    assert set(CONTRACT) <= set(VERBS)


@pytest.mark.parametrize(("family", "verbs"), FAMILIES.items())
def test_every_family_has_the_verbs_of_the_contract(family: str, verbs: set[str]) -> None:
    assert verbs <= set(loaded(family).commands)


def test_a_verb_is_loaded_when_it_is_called_and_listed_without() -> None:
    group = VerbGroup(name="emberwatch")

    assert list(group.list_commands(None)) == list(VERBS)
    assert group.get_command(None, "run").help == VERBS["run"][1]
    assert "run" not in group.commands
