"""A provider that is down for a week and comes back, by the command line, over real servers.

The catalogue is rustac, the files lie on a web server, mail goes by SMTP to aiosmtpd.
"""

from __future__ import annotations

import email
import email.policy
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from shapely import union_all

from tests.builders import a_square, days_ago
from tests.catalogue import write_overpass
from tests.commandline import Said, call, write_area, write_features, write_settings
from tests.monitor.sources.catalogues import items_in, rustac
from tests.monitor.sources.servers import running

VILLAGES = {
    f"sd-test-{row}{column}": a_square(200, east_m=600.0 * column - 600, north_m=900.0 * row - 450)
    for row in range(2)
    for column in range(3)
}
FIRE = union_all(list(VILLAGES.values()))

LAST_GOOD_DAY, BACK = 10, 2
"""Days ago."""

BLIND_AFTER = 6
SUMMARY = "[TLP:AMBER] Several alerts in one message"
MAILS_AN_HOUR = 5
BLIND_SUBJECT = "[TLP:AMBER] Area not seen"
PARTNER, READER = "partner@example.org", "reader@example.org"


@dataclass
class Sink:
    """Takes every message."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails += [(to, parsed) for to in envelope.rcpt_tos]
        return "250 taken"


@dataclass
class House:
    """A service with a catalogue that can be switched off, and a person at the keyboard."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    sink: Sink
    store: str
    port: int
    logged: list[str] = field(default_factory=list)

    def __call__(self, *words: object) -> Said:
        said = call(self.capsys, *words, "--config", self.folder / "config.toml")
        self.logged.append(said.err)
        return said

    def tick(self, days: float) -> Said:
        return self("run", "--now", moment(days), "--json")

    @contextmanager
    def catalogue(self) -> Iterator[None]:
        """Let the catalogue answer, listing what lies in the folder by now."""
        items = items_in(self.folder / "imagery", self.store)
        with rustac(items, self.folder, self.port):
            yield

    def alerts(self, kind: str) -> list[dict[str, Any]]:
        listed = self("alert", "list", "--json").document["alerts"]
        return [alert for alert in listed if alert["kind"] == kind]

    def mailed(self) -> list[tuple[str, str]]:
        """Return who got what since the last call; references left out."""
        came, self.sink.mails = self.sink.mails, []
        return [(to, re.sub(r", [A-Z0-9]{4}$", "", mail["Subject"])) for to, mail in came]

    def texts(self, person: str) -> list[str]:
        """Return the bodies of what a person got since the last call of `mailed`."""
        bodies = [mail.get_body(("plain",)) for to, mail in self.sink.mails if to == person]
        return [str(body.get_content()) for body in bodies if body is not None]

    def ledger(self, days: float) -> dict[str, tuple[str, str]]:
        told = self("coverage", "--now", moment(days), "--json").document["coverage"]
        return {one["day"]: (one["state"], one["reason"]) for one in told}


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[House]:
    with ExitStack() as stack:
        sink = Sink()
        post = Controller(sink, hostname="127.0.0.1", port=free_port())
        post.start()
        stack.callback(post.stop)
        (tmp_path / "imagery").mkdir()
        store = stack.enter_context(running(tmp_path / "imagery")).url
        house = House(tmp_path, capsys, sink, store, free_port())
        settings = write_settings(tmp_path)
        mail = (
            f'channel = "smtp"\nhost = "127.0.0.1"\nport = {post.port}\nsecurity = "none"\n'
            'sender = "alerts@house.example"\n'
        )
        text = settings.read_text().replace('spool = "spool"\n', mail)
        sources = (
            f'[sources]\norder = ["stac"]\n\n[sources.stac]\nurl = "http://127.0.0.1:{house.port}"\n'
            "timeout_s = 5\ndeadline_s = 60\nretries = 0\n\n"
            f"[alerts]\nblind_after_days = {BLIND_AFTER}\n"
        )
        settings.write_text(f"{text}\n{sources}")
        assert house("aoi", "add", write_area(tmp_path / "area.geojson")).status == 0
        shapes = [(shape, {"id": key, "name": key}) for key, shape in VILLAGES.items()]
        villages = write_features(tmp_path / "villages.geojson", *shapes)
        assert house("settlement", "import", villages, "--aoi", "sd-test").status == 0
        for person, frequency in ((PARTNER, "immediate"), (READER, "daily")):
            wish = ("--clearance", "partner-full", "--min-tier", "C", "--frequency", frequency)
            told = house("subscriber", "add", person, *wish, "--confirmed", "--now", moment(40))
            assert told.status == 0, told.err
        for days in (32, 27, 22, 17, 12):
            write_overpass(tmp_path / "imagery", days_ago(days))
        yield house


def test_a_week_without_a_provider_ends_with_one_summary_and_no_flood(house: House) -> None:
    with house.catalogue():
        assert house.tick(LAST_GOOD_DAY).status == 0
    house.mailed()
    for days in (9, 7, 5, 3):
        write_overpass(house.folder / "imagery", days_ago(days), burnt=FIRE if days < 9 else None)

    require_told_day_by_day(house)

    # An hour of the real clock has passed; the breaker would let one request through.
    for remembered in (house.folder / "data" / "providers").glob("*.json"):
        remembered.unlink()
    with house.catalogue():
        back = house.tick(BACK)
        assert back.status == 0, back.err
        [run] = back.document["runs"]
        assert (run["outcome"], len(run["scene_ids"])) == ("completed", 4)
        ledger = house.ledger(BACK)
        assert {state for state, _ in ledger.values()} == {"seen", "no_acquisition"}
        assert all(ledger[day_of(days)][0] == "seen" for days in (9, 7, 5, 3))
        # The end of the blindness is all that leaves the house by itself.
        assert house.mailed() == [(PARTNER, BLIND_SUBJECT)]
        [blind] = house.alerts("blind")
        assert blind["status"] == "ended"
        burns = house.alerts("burn")
        assert {burn["settlement_id"] for burn in burns} == set(VILLAGES)
        for burn in burns:
            said = house("alert", "confirm", burn["ref"], "--by", "amina", "--now", moment(1.9))
            assert said.status == 0
        # Told one by one as a person confirms them, up to the mails of an hour ...
        assert house.mailed() == [(PARTNER, "[TLP:AMBER] Burned settlement")] * MAILS_AN_HOUR
        assert house.tick(1).status == 0
    # ... and the rest in one; who asked for a summary a day gets nothing else.
    (sixth,) = house.texts(PARTNER)
    (summary,) = house.texts(READER)
    assert all(burn["ref"] in summary for burn in burns)
    assert sum(burn["ref"] in sixth for burn in burns) == len(burns) - MAILS_AN_HOUR
    assert set(house.mailed()) == {(PARTNER, SUMMARY), (READER, SUMMARY)}
    require_no_position(house)


def require_told_day_by_day(house: House) -> None:
    """Run every day of the week in which nothing answers."""
    mailed = {}
    for days in range(LAST_GOOD_DAY - 1, BACK, -1):
        down = house.tick(days)
        assert down.status == 3
        [run] = down.document["runs"]
        assert run["outcome"] == "failed"
        state, reason = house.ledger(days)[day_of(days)]
        assert state == "provider_down"
        assert "Connection refused" in reason
        mailed[days] = house.mailed()
    # Not seen for more than six days since the look of twelve days ago; the message waits some
    # minutes for others of the place, which here is until the next day's run.
    assert mailed.pop(12 - BLIND_AFTER - 2) == [(READER, SUMMARY), (PARTNER, BLIND_SUBJECT)]
    heartbeats = [subject for came in mailed.values() for _, subject in came]
    assert heartbeats == ["[TLP:AMBER] What was seen this week"] * 2
    [blind] = house.alerts("blind")
    assert blind["observed_after"].startswith(day_of(12))
    assert blind["status"] != "ended"


def require_no_position(house: House) -> None:
    """Look for the area's place in what was logged, and in what is remembered of providers."""
    west, south, east, north = a_square(2_000).bounds
    told = "".join(house.logged)
    assert "provider.paused" in told
    for degrees in (west, south, east, north):
        assert f"{degrees:.2f}" not in told


def moment(days: float) -> str:
    """Return an instant so many days ago, as the command line takes it."""
    return days_ago(days).isoformat()


def day_of(days: float) -> str:
    """Return the day so many days ago, as the ledger writes it."""
    return str(days_ago(days).date())


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])
