"""A backup that is put back tells nobody anything twice (ALERTS 3.10, T35).

Everything is real: the command line, the database, the file, the journal, and a mail
server that counts what it took.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from shapely.geometry import box
from sqlalchemy import insert

from alerts.alert import Alert, Status
from alerts.corrections import Corrections
from alerts.subscription import PersonState
from aoi.database import writing
from monitor.app import build_service
from monitor.config import load_config
from monitor.finding import Finding
from monitor.rows import finding_row
from monitor.service import Service
from monitor.tables import FINDINGS
from tests.alerts.conftest import KEYS
from tests.alerts.smtp_faults import FaultServer, fault_server
from tests.builders import NOW, a_finding, a_square
from tests.commandline import Said, call, write_area, write_features, write_settings

READERS = ("ann", "ben", "cid", "dan")
HOUR = timedelta(hours=1)
PASSPHRASE = "five words are good here"

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


class Drill:
    """A service with four readers and three villages, and a mail server."""

    def __init__(self, folder: Path, server: FaultServer, capsys: Capture) -> None:
        self.folder, self.server, self._capsys = folder, server, capsys
        self.data = folder / "data"
        self.settings = write_settings(folder)
        text = self.settings.read_text().replace(
            "[email]\n",
            '[email]\nchannel = "smtp"\nsecurity = "none"\nsender = "a@house.example"\n'
            f"port = {server.port}\n",
        )
        (folder / "passphrase").write_text(PASSPHRASE)
        (folder / "passphrase").chmod(0o600)
        text += '\n[backup]\njournal_people = true\npassphrase_file = "passphrase"\n'
        text += '\n[alerts]\ngroup_wait = "0s"\n'
        self.settings.write_text(text + 'cool_down_days = 0\ngroup_interval = "0s"\n')
        self("aoi", "add", write_area(folder / "area.geojson"))
        villages = [
            (a_square(300), {"id": f"sd-test-000{n}", "name": f"Village {n}", "structures": 90})
            for n in (1, 2, 3)
        ]
        path = write_features(folder / "villages.geojson", *villages)
        self("settlement", "import", path, "--aoi", "sd-test")
        for name in READERS:
            self(
                "subscriber", "add", f"{name}@ngo.example", "--clearance", "partner-full",
                "--confirmed", "--now", "2024-05-13T12:00Z",
            )  # fmt: skip

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--config", self.settings)

    def service(self, hours: float = 0.0) -> Service:
        """Return the service as it starts, with a clock that stands still."""
        at = NOW + hours * HOUR
        return build_service(load_config(self.settings), lambda: at)

    def confirmed(self, village: int, hours: float) -> Alert:
        """Find a burn, confirm it, and send everybody what there is to send."""
        service = self.service(hours)
        find(service, village)
        alert = self.alert_of(service, village)
        service.desk.confirm(alert.event_id, "amina", service.now())
        service.deliver()
        service.close()
        return alert

    def alert_of(self, service: Service, village: int) -> Alert:
        (alert,) = (
            one for one in service.alerts.alerts() if one.settlement_id == f"sd-test-000{village}"
        )
        return alert

    def lose(self) -> Path:
        """Lose the data folder; what was saved of it is its journal."""
        self.data.rename(self.folder / "lost")
        return self.folder / "lost" / "journal"

    def received(self) -> Counter[tuple[str, str]]:
        """Count what readers have: reader, and subject without its number."""
        found: Counter[tuple[str, str]] = Counter()
        for taken in self.server.accepted:
            mail = message_from_bytes(taken.raw)
            if mail["X-Alert-Ref"]:
                reader = taken.recipient.partition("@")[0]
                found[reader, f"{mail['X-Alert-Ref']} {mail['X-Alert-Status']}"] += 1
        return found

    def message_ids(self) -> Counter[str]:
        return Counter(message_from_bytes(t.raw)["Message-ID"] for t in self.server.accepted)


def finding_of(village: int) -> Finding:
    return a_finding(
        finding_id=f"f{village}", settlement_id=f"sd-test-000{village}", settlement_fraction=0.2,
        looks_agreeing=2,
    )  # fmt: skip


def find(service: Service, village: int) -> None:
    """Detect the burn of a village, as a run does, and does again after a restore."""
    row = finding_row(finding_of(village), service.now())
    with writing(service.database) as connection:
        connection.execute(insert(FINDINGS).prefix_with("OR IGNORE").values(**row))
    service.intake.absorb_new(service.now())


def corrections_of(service: Service) -> Corrections:
    return Corrections(service.database, KEYS.derived("ref"))


@pytest.fixture
def drill(tmp_path: Path, capsys: Capture) -> Iterator[Drill]:
    with fault_server() as server:
        yield Drill(tmp_path, server, capsys)


def after_a_backup(drill: Drill) -> tuple[Alert, Alert]:
    """Send one alert, back up, send another, take the first back, and let people leave."""
    first = drill.confirmed(1, hours=0)
    backup = drill("backup", "create", drill.folder / "night.backup")
    assert backup.status == 0, backup.err
    second = drill.confirmed(2, hours=1)
    service = drill.service(2)
    service.desk.retract(first.event_id, "amina", "false", service.now())
    service.enrolment.remove("ben@ngo.example", service.now())
    service.enrolment.pause("cid@ngo.example", service.now())
    service.deliver()
    service.close()
    return first, second


def test_nobody_is_told_twice_who_left_stays_away_and_what_was_taken_back_stays_so(
    drill: Drill,
) -> None:
    first, second = after_a_backup(drill)
    before = drill.received()
    assert before == Counter(
        (reader, f"{ref} {status}")
        for reader in READERS
        for ref, status in (
            (first.ref, "confirmed"), (second.ref, "confirmed"), (first.ref, "retracted"),
        )
    )  # fmt: skip
    journal = drill.lose()

    restored = drill(
        "backup", "restore", drill.folder / "night.backup", "--journal", journal,
        "--now", "2024-05-20T16:00Z", "--json",
    )  # fmt: skip

    assert restored.status == 0, restored.err
    said = restored.document
    assert (said["generation"], said["journal"], said["in_doubt"]) == (2, True, 0)
    service = drill.service(5)
    find(service, 1)
    find(service, 2)
    for _ in range(3):
        service.deliver()
    assert service.alerts.alert(first.event_id).status is Status.RETRACTED
    assert service.alerts.alert(second.event_id).status is Status.CONFIRMED
    states = {one.address.partition("@")[0]: one.state for one, _ in service.enrolment.people()}
    assert (states["ben"], states["cid"]) == (PersonState.UNSUBSCRIBED, PersonState.PAUSED)
    assert drill.received() == before
    assert set(drill.message_ids().values()) == {1}
    # An analyst who sees the second one again and confirms it once more tells nobody either.
    service.desk.confirm(second.event_id, "amina", service.now() + HOUR)
    service.deliver()
    assert drill.received() == before
    assert service.reconciler.check(service.now(), timedelta(days=30)) == []
    assert service.alerts.broken_link() is None
    service.close()


def test_who_came_after_the_backup_is_known_and_is_told_of_what_comes_next(
    drill: Drill,
) -> None:
    drill.confirmed(1, hours=0)
    drill("backup", "create", drill.folder / "night.backup")
    added = drill(
        "subscriber", "add", "eve@ngo.example", "--clearance", "partner-full", "--confirmed",
        "--language", "fr", "--now", "2024-05-20T13:00Z",
    )  # fmt: skip
    assert added.status == 0, added.err
    second = drill.confirmed(2, hours=1)
    before = drill.received()
    assert before["eve", f"{second.ref} confirmed"] == 1
    journal = drill.lose()

    said = drill(
        "backup", "restore", drill.folder / "night.backup", "--journal", journal, "--json"
    ).document
    third = drill.confirmed(3, hours=6)

    assert (said["newcomers"], said["wishes"], said["strangers"]) == (1, 1, 0)
    news = drill.received() - before
    assert news == Counter({(name, f"{third.ref} confirmed"): 1 for name in (*READERS, "eve")})
    hers = [
        message_from_bytes(taken.raw)
        for taken in drill.server.accepted
        if taken.recipient == "eve@ngo.example"
    ]
    assert {mail["Content-Language"] for mail in hers} == {"fr"}
    numbers = sorted(int(mail["X-Alert-Seq"]) for mail in hers)
    assert numbers == list(range(1, len(numbers) + 1))


def test_without_addresses_in_the_journal_newcomers_are_counted(drill: Drill) -> None:
    text = drill.settings.read_text()
    drill.settings.write_text(text.replace("journal_people = true\n", ""))
    drill("backup", "create", drill.folder / "night.backup")
    drill(
        "subscriber", "add", "eve@ngo.example", "--clearance", "partner-full", "--confirmed",
        "--now", "2024-05-20T13:00Z",
    )  # fmt: skip
    drill.confirmed(2, hours=1)
    journal = drill.lose()

    said = drill(
        "backup", "restore", drill.folder / "night.backup", "--journal", journal, "--json"
    ).document

    assert (said["newcomers"], said["wishes"], said["strangers"]) == (0, 0, 1)


def test_what_analysts_joined_and_split_after_the_backup_stays_so(drill: Drill) -> None:
    drill.confirmed(1, hours=0)
    drill("backup", "create", drill.folder / "night.backup")
    service = drill.service(1)
    find(service, 2)
    find(service, 3)
    second, third = drill.alert_of(service, 2), drill.alert_of(service, 3)
    mending = corrections_of(service)
    mending.join(third.event_id, second.event_id, "amina", service.now(), note="one fire")
    west, south, east, north = second.finding.geometry.bounds
    half = box(west - 0.001, south - 0.001, (west + east) / 2, north + 0.001)
    rest, part = mending.split(second.event_id, half, "amina", service.now())
    kept = {one.event_id: one for one in service.alerts.alerts()}
    service.close()
    journal = drill.lose()

    drill("backup", "restore", drill.folder / "night.backup", "--journal", journal)
    again = drill.service(2)
    find(again, 2)
    find(again, 3)

    after = {one.event_id: one for one in again.alerts.alerts()}
    assert set(after) == set(kept)
    for event_id in (third.event_id, rest.event_id, part.event_id):
        assert after[event_id].status is kept[event_id].status
        assert after[event_id].finding.geometry.equals(kept[event_id].finding.geometry)
        assert after[event_id].finding_ids == kept[event_id].finding_ids
    assert after[part.event_id].split_from == second.event_id
    assert again.alerts.broken_link() is None
    again.close()


def test_what_is_new_after_it_goes_to_who_is_still_there_with_the_next_number(
    drill: Drill,
) -> None:
    after_a_backup(drill)
    journal = drill.lose()
    drill("backup", "restore", drill.folder / "night.backup", "--journal", journal)
    before = drill.received()

    third = drill.confirmed(3, hours=6)

    news = drill.received() - before
    assert news == Counter({(name, f"{third.ref} confirmed"): 1 for name in ("ann", "dan")})
    numbers = [
        message_from_bytes(taken.raw)["X-Alert-Seq"]
        for taken in drill.server.accepted
        if taken.recipient == "ann@ngo.example"
    ]
    assert len(set(numbers)) == len(numbers)
    assert sorted(map(int, numbers)) == list(range(1, len(numbers) + 1))


def test_who_was_not_reached_before_the_loss_is_reached_after_it(drill: Drill) -> None:
    drill.confirmed(1, hours=0)
    drill("backup", "create", drill.folder / "night.backup")
    service = drill.service(1)
    find(service, 2)
    second = drill.alert_of(service, 2)
    service.desk.confirm(second.event_id, "amina", service.now())
    service.publisher.publish_released(service.now())
    service.close()  # the disk dies before anything was sent
    journal = drill.lose()

    drill("backup", "restore", drill.folder / "night.backup", "--journal", journal)
    again = drill.service(2)
    again.deliver()
    again.close()

    of_second = {key: n for key, n in drill.received().items() if second.ref in key[1]}
    assert of_second == {(name, f"{second.ref} confirmed"): 1 for name in READERS}


def test_without_a_journal_nothing_is_sent_until_an_operator_says_so(drill: Drill) -> None:
    after_a_backup(drill)
    drill.lose()

    said = drill("backup", "restore", drill.folder / "night.backup", "--json").document
    before = drill.received()
    drill.confirmed(3, hours=6)

    assert (said["journal"], drill.received()) == (False, before)
    incidents = drill("incident", "list", "--json").document["incidents"]
    assert "backup:restored" in {one["cause"] for one in incidents}

    assert drill("backup", "release", "--now", "2024-05-20T15:00Z").status == 0
    service = drill.service(7)
    service.deliver()
    # Numbers that people may have had are not given again.
    news = [t for t in drill.server.accepted if b"X-Alert-Seq: 100" in t.raw]
    assert {t.recipient for t in news} >= {"ann@ngo.example", "dan@ngo.example"}
    assert any(b"put back from a backup" in t.raw.replace(b"=\r\n", b"") for t in news)
    assert service.reconciler.check(service.now(), timedelta(days=30)) == []
    service.close()


def test_a_message_cut_off_at_its_dot_is_in_doubt_and_held_for_a_person(
    tmp_path: Path, capsys: Capture
) -> None:
    with fault_server({}, {"dot+close": ""}, {}) as server:
        drill = Drill(tmp_path, server, capsys)
        service = drill.service()
        service.deliver()  # the digests of the week
        service.close()
        drill("backup", "create", tmp_path / "night.backup")
        drill.confirmed(1, hours=0)
        journal = drill.lose()
        said = drill(
            "backup", "restore", tmp_path / "night.backup", "--journal", journal, "--json"
        ).document
        before = drill.received()
        service = drill.service(3)
        for _ in range(3):
            service.deliver()
        (held,) = (
            one
            for one in service.letterbox.of_event(service.alerts.alerts()[0].event_id)
            if one.state == "held"
        )
        counts = service.letterbox.counts()
        service.close()

        assert drill.received() == before
        assert (said["in_doubt"], said["held"], counts["held"]) == (1, 1, 1)
        assert held.message_id in drill.message_ids()

        # A person who knows that it did not arrive lets it go: the same Message-ID once more.
        drill("backup", "release", "--now", "2024-05-20T15:00Z")
        service = drill.service(4)
        service.deliver()
        service.close()
        assert drill.message_ids()[held.message_id or ""] == 2


def test_a_database_that_was_put_back_by_hand_sends_nothing_until_it_is_taken_up(
    drill: Drill,
) -> None:
    drill.confirmed(1, hours=0)
    shutil.copy(drill.data / "emberwatch.sqlite", drill.folder / "copy")
    second = drill.confirmed(2, hours=1)
    for path in drill.data.glob("emberwatch.sqlite-*"):
        path.unlink()
    shutil.copy(drill.folder / "copy", drill.data / "emberwatch.sqlite")
    before = drill.received()

    third = drill.confirmed(3, hours=2)
    assert drill.received() == before

    assert drill("backup", "resume", "--now", "2024-05-20T15:00Z").status == 0
    service = drill.service(4)
    find(service, 2)
    service.deliver()
    service.close()

    # What was queued before it was taken up is held for a person, what had arrived is known.
    again = drill.received()
    assert {key: n for key, n in again.items() if second.ref in key[1]} == {
        (name, f"{second.ref} confirmed"): 1 for name in READERS
    }
    drill("backup", "release", "--now", "2024-05-20T15:00Z")
    service = drill.service(5)
    service.deliver()
    service.close()
    assert {key: n for key, n in drill.received().items() if third.ref in key[1]} == {
        (name, f"{third.ref} confirmed"): 1 for name in READERS
    }
    assert drill("backup", "resume").status == 1
