from __future__ import annotations

from pathlib import Path

import pytest

from alerts.web.accounts import Accounts
from monitor.app import build_service
from monitor.commands.call import utc_now
from monitor.commands.demo import let_in
from monitor.config import load_config
from tests.commandline import call, write_settings


@pytest.mark.slow
def test_the_demo_finds_the_burned_villages_and_the_camp_that_grows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"

    said = call(capsys, "demo", "--out", out, "--json")

    assert said.status == 0, said.err
    truth = (out / "region" / "truth.csv").read_text().splitlines()[1:]
    happened = {tuple(line.split(",")[:2]) for line in truth}
    words = {"burn": "burned", "camp_growth": "camp_growth"}
    found = {(one["settlement_id"], words[one["kind"]]) for one in said.document["alerts"]}
    assert found == happened
    assert {kind for _, kind in happened} == {"burned", "camp_growth"}
    for alert in said.document["alerts"]:
        assert Path(alert["map"]).read_text().startswith("<!DOCTYPE html>")
    assert all(Path(mail).is_file() for mail in said.document["mails"])
    # Two notices to the desk, and a mail to the partner about each.
    assert len(said.document["mails"]) >= 4


def test_the_demo_replaces_nothing_but_a_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")

    said = call(capsys, "demo", "--out", tmp_path)

    assert said.status == 1
    assert "holds no demo" in said.err
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_who_is_shown_the_demo_is_let_in(tmp_path: Path) -> None:
    service = build_service(load_config(write_settings(tmp_path)), utc_now)
    accounts = Accounts(service.database)

    for _ in range(2):
        password = let_in(service).rpartition(" ")[2]
        assert accounts.verified("demo", password) is not None
    service.close()
