"""One fire through the whole house by its command line: imagery to mailbox to retraction."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.builders import a_square, days_ago
from tests.catalogue import write_overpass
from tests.commandline import Said, call, write_area, write_settings, write_village

NOW = "2024-05-20T12:00Z"
LATER = "2024-05-21T12:00Z"
FIRE = a_square(300)


class House:
    """A folder with settings, imagery and a spool, and a person at the keyboard."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self._settings = write_settings(folder)

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--config", self._settings)

    def mails(self, about: str = "") -> list[EmailMessage]:
        """Return what is in the spool, oldest first; with `about` what names it in its subject."""
        paths = sorted((self.folder / "spool").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)
        mails = [_parsed(path.read_bytes()) for path in paths]
        return [mail for mail in mails if about in str(mail["Subject"])]


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    house = House(tmp_path, capsys)
    for days in (32, 27, 22, 17, 12):
        write_overpass(tmp_path / "imagery", days_ago(days))
    for days in (7, 2):
        write_overpass(tmp_path / "imagery", days_ago(days), burnt=FIRE)
    assert house("aoi", "add", write_area(tmp_path / "area.geojson")).status == 0
    village = write_village(tmp_path / "village.geojson")
    assert house("settlement", "import", village, "--aoi", "sd-test").status == 0
    partner = ("partner@example.org", "--clearance", "partner-full", "--min-tier", "C")
    added = house("subscriber", "add", *partner, "--confirmed", "--now", "2024-04-01T00:00Z")
    assert added.status == 0, added.err
    return house


def test_a_fire_reaches_the_mailbox_with_its_map_and_is_not_sent_twice(house: House) -> None:
    ran = house("run", "--now", NOW, "--json")
    assert ran.status == 0, ran.err
    assert ran.document["runs"][0]["outcome"] == "completed"
    assert len(ran.document["runs"][0]["look_ids"]) == 7

    (alert,) = house("alert", "list", "--json").document["alerts"]
    assert alert["kind"] == "burn"
    assert alert["settlement_id"] == "sd-test-0001"
    assert alert["observed_after"].startswith("2024-05-08T12:00")
    assert alert["observed_before"].startswith("2024-05-13T12:00")

    judged = house("alert", "confirm", alert["ref"], "--by", "amina", "--now", NOW)
    assert judged.status == 0, judged.err

    explained = house("alert", "explain", alert["ref"], "--json").document
    verdicts = [reading["verdict"] for reading in explained["readings"]]
    assert verdicts[-2:] == ["burn_like", "burn_like"]
    assert explained["findings"][0]["decision"].startswith("opened alert")

    (mail,) = house.mails(about=alert["ref"])
    assert mail["To"] == "partner@example.org"
    (page,) = _attachments(mail, "text/html")
    assert "Shagra" in page
    assert _attachments(mail, "application/geo+json")

    sent = len(house.mails())
    again = house("run", "--now", LATER, "--json")
    assert again.document["runs"][0]["outcome"] == "no_imagery"
    assert len(house.mails()) == sent


def test_who_was_told_is_told_when_it_is_taken_back(house: House) -> None:
    house("run", "--now", NOW)
    (alert,) = house("alert", "list", "--json").document["alerts"]
    house("alert", "confirm", alert["ref"], "--by", "amina", "--now", NOW)

    refused = house(
        "alert", "reject", alert["ref"], "--by", "amina", "--reason", "other", "--now", LATER
    )
    retracted = house(
        "alert", "retract", alert["ref"], "--by", "amina", "--reason", "false", "--now", LATER
    )

    assert refused.status == 1
    assert "somebody outside may have it" in refused.err
    assert retracted.status == 0, retracted.err
    first, second = house.mails(about=alert["ref"])
    assert first["To"] == second["To"] == "partner@example.org"
    assert second["In-Reply-To"] == first["Message-ID"]


def test_a_week_without_news_is_told_too(house: House) -> None:
    house("run", "--now", "2024-05-12T12:00Z")

    (weekly,) = house.mails()

    assert weekly["To"] == "partner@example.org"
    body = weekly.get_body(("plain",))
    assert body is not None
    assert "The service is at work" in body.get_content()


def test_an_alert_can_be_shown_exported_and_rejected(house: House) -> None:
    house("run", "--now", NOW)
    (alert,) = house("alert", "list", "--json").document["alerts"]

    shown = house("alert", "show", alert["event_id"], "--json").document
    assert shown["history"][0]["action"] == "open"

    exported = house("alert", "export").document
    assert exported["features"][0]["properties"]["event_id"] == alert["event_id"]
    assert house("alert", "export", "--format", "csv").out.count("\n") == 2

    rejected = house(
        "alert", "reject", alert["ref"], "--by", "amina", "--reason", "other", "--now", NOW
    )
    assert rejected.status == 0, rejected.err
    assert house("alert", "list", "--json").document["alerts"] == []
    (still,) = house("alert", "list", "--all", "--json").document["alerts"]
    assert still["status"] == "rejected"


def test_why_there_is_no_alert_can_be_asked_too(house: House) -> None:
    house("run", "--now", "2024-05-12T12:00Z")

    asked = house("alert", "explain", "sd-test-0001", "--now", "2024-05-12T12:00Z", "--json")

    assert asked.document["alert"] is None
    assert {reading["verdict"] for reading in asked.document["readings"]} <= {
        "no_baseline",
        "quiet",
    }


def test_what_was_seen_and_not_seen_is_told_day_by_day(house: House) -> None:
    house("run", "--now", NOW)

    days = house("coverage", "--days", "8", "--now", NOW, "--json").document["coverage"]

    states = {day["day"]: day["state"] for day in days}
    assert states["2024-05-13"] == "seen"
    assert states["2024-05-14"] == "no_acquisition"
    assert len(days) == 8


def test_a_replay_tells_the_fire_when_it_could_have_been_known(house: House) -> None:
    out = house.folder / "replay"

    done = house("replay", "--from", "2024-05-01", "--to", "2024-05-20", "--out", out, "--json")

    assert done.status == 0, done.err
    (event,) = done.document["alerts"]
    assert event["event_id"].startswith("fire-")
    lines = (out / "coverage.csv").read_text().splitlines()
    assert lines[0] == "aoi_id,day,state,clear_fraction,reason"
    assert len(lines) == 1 + 20
    assert not list((house.folder / "spool").glob("*.eml"))


def _parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _attachments(mail: EmailMessage, media_type: str) -> list[str]:
    return [
        part.get_content()
        for part in mail.iter_attachments()
        if part.get_content_type() == media_type
    ]
