from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from alerts.incidents import report_incident
from alerts.tables import ATTEMPTS, DELIVERIES
from aoi.database import writing
from monitor.app import build_service
from monitor.commands.call import utc_now
from monitor.config import load_config
from monitor.rows import finding_row
from monitor.tables import FINDINGS
from tests.builders import NOW, a_finding
from tests.commandline import Said, call, write_area, write_settings, write_village

AT = "2024-05-20T12:00Z"
READER = "reader@ngo.example"

Capture = pytest.CaptureFixture[str]


class Line:
    """A command line on an area with one confirmed alert that waits to be sent."""

    def __init__(self, folder: Path, capsys: Capture) -> None:
        self.folder, self._capsys = folder, capsys
        more = '[alerts]\noperators = ["duty@house.example"]\ngroup_wait = "1h"\n'
        self.settings = write_settings(folder, more)
        self("aoi", "add", write_area(folder / "area.geojson"))
        village = write_village(folder / "village.geojson")
        self("settlement", "import", village, "--aoi", "sd-test")
        add = ("subscriber", "add", READER, "--clearance", "partner-full", "--confirmed")
        self(*add, "--now", "2024-05-13T12:00Z")
        self.service = build_service(load_config(self.settings), utc_now)
        finding = a_finding(settlement_fraction=0.2, looks_agreeing=2)
        with writing(self.service.database) as connection:
            connection.execute(insert(FINDINGS).values(**finding_row(finding, NOW)))
        self.service.intake.absorb_new(NOW)
        (self.alert,) = self.service.alerts.alerts()

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--config", self.settings)

    def document(self, *words: object) -> Any:
        return json.loads(self(*words, "--json").out)

    def confirm(self) -> None:
        assert self("alert", "confirm", self.alert.ref, "--by", "amina", "--now", AT).status == 0

    def mails(self) -> list[str]:
        """Return every mail but those of the week."""
        mails = [path.read_text() for path in (self.folder / "spool").glob("*.eml")]
        return [mail for mail in mails if "What was seen this week" not in mail]


@pytest.fixture
def line(tmp_path: Path, capsys: Capture) -> Iterator[Line]:
    made = Line(tmp_path, capsys)
    yield made
    made.service.close()


def test_a_recall_holds_what_waits_until_it_is_undone(line: Line) -> None:
    line.confirm()
    assert line.document("alert", "recall", line.alert.ref)["messages"] == 1

    line("run", "--now", "2024-05-20T14:00Z")
    listed = line.document("delivery", "list", "--alert", line.alert.ref)
    assert {one["hold_reason"] for one in listed["deliveries"]} == {"recall"}

    said = line("alert", "recall", line.alert.ref, "--undo", "--now", "2024-05-20T15:00Z")
    assert said.out == "1 messages were released\n"
    assert len(line.mails()) == 1


def test_a_recall_wants_to_know_of_what(line: Line) -> None:
    assert line("alert", "recall").status == 2
    assert line("alert", "recall", "K7QF", "--all").status == 2


def test_what_was_given_up_is_listed_and_tried_again(line: Line) -> None:
    line.confirm()
    line("run", "--now", "2024-05-20T14:00Z")
    with writing(line.service.database) as connection:
        connection.execute(
            DELIVERIES.update()
            .where(DELIVERIES.c.audience == "partner-full", DELIVERIES.c.kind == "burn")
            .values(state="dead", last_error="the server was down", resends=0)
        )
    (stuck,) = line.document("delivery", "list")["deliveries"]
    assert stuck["last_error"] == "the server was down"
    assert READER not in line("delivery", "list").out

    again = line.document("delivery", "retry", stuck["delivery_id"], "--now", "2024-05-20T15:00Z")

    assert again["state"] == "accepted"
    refused = line("delivery", "retry", stuck["delivery_id"])
    assert refused.status == 1 and "cannot be tried again" in refused.err
    unknown = line("delivery", "retry", "nothing")
    assert unknown.status == 1 and "no delivery is called 'nothing'" in unknown.err


def test_incidents_reach_the_operator_and_are_closed(line: Line) -> None:
    with writing(line.service.database) as connection:
        report_incident(connection, "email:config", "the relay refuses us", NOW)

    line("run", "--now", AT)
    assert any("duty@house.example" in mail and "The service needs you" in mail
               for mail in line.mails())  # fmt: skip
    (found,) = line.document("incident", "list")["incidents"]
    assert (found["cause"], found["times"]) == ("email:config", 1)

    assert line("incident", "close", "email:config").status == 0
    assert line.document("incident", "list")["incidents"] == []
    again = line("incident", "close", "email:config")
    assert again.status == 1 and "no incident 'email:config' is open" in again.err


def test_a_silence_holds_back_and_is_lifted(line: Line) -> None:
    until = ("--until", "2024-05-25", "--by", "olu", "--reason", "harvest")
    line("silence", "add", "--aoi", "sd-test", *until, "--now", AT)
    line.confirm()
    (one,) = line.document("silence", "list", "--now", AT)["silences"]
    assert (one["aoi_id"], one["reason"]) == ("sd-test", "harvest")
    line("run", "--now", "2024-05-21T12:00Z")
    assert not any("Burned settlement" in mail and READER in mail for mail in line.mails())

    assert line("silence", "lift", one["n"], "--now", "2024-05-21T13:00Z").status == 0

    assert any("Burned settlement" in mail and READER in mail for mail in line.mails())
    assert line("silence", "lift", 7).status == 1


def test_a_silence_without_an_end_is_refused(line: Line) -> None:
    said = line("silence", "add", "--until", "2025-05-25", "--by", "olu", "--reason", "x",
                "--now", AT)  # fmt: skip

    assert said.status == 1
    assert "ends within 30 days" in said.err


def test_a_message_that_vanished_is_found_and_ends_with_status_1(line: Line) -> None:
    line.confirm()
    assert line("reconcile", "--now", "2024-05-20T14:00Z").status == 0
    with writing(line.service.database) as connection:
        connection.execute(ATTEMPTS.delete())
        connection.execute(
            DELIVERIES.delete().where(
                DELIVERIES.c.audience == "partner-full", DELIVERIES.c.kind == "burn"
            )
        )

    said = line("reconcile", "--now", "2024-05-20T14:10Z", "--json")

    assert said.status == 1
    assert any("should have been sent and was not" in one["sentence"]
               for one in said.document["differences"])  # fmt: skip


def test_explain_says_what_was_decided_for_readers_and_not_for_whom(line: Line) -> None:
    line("subscriber", "add", "public@ngo.example", "--confirmed", "--now", "2024-05-13T12:00Z")
    line.confirm()
    line("run", "--now", "2024-05-20T14:00Z")

    said = line("alert", "explain", line.alert.ref)

    assert "revision 3: 1 reader accepted (first)" in said.out
    assert "revision 3: 1 reader skip (clearance)" in said.out
    assert "@" not in said.out
