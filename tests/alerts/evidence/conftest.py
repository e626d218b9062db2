"""An alert with real pixels, and the bundle that is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.alert import Alert
from alerts.evidence.room import EvidenceRoom
from alerts.evidence.seal import Seal
from alerts.ports import AlertPicture
from alerts.store import log_root
from alerts.web.drawings import desk_picture
from alerts.words import Speech
from aoi.database import reading
from maps.renderer import FoliumRenderer
from monitor.archive import save_chip, save_look
from monitor.finding import Chip
from monitor.store import MonitorStore
from tests.alerts.conftest import KEYS, House
from tests.builders import NOW, a_finding, a_look, an_observation, days_ago, some_evidence
from tests.monitor.values import a_report, a_scored_reading, an_archived_look

SEAL = Seal.of(KEYS)


@dataclass
class Case:
    """An alert of the house, and where its files lie."""

    house: House
    folder: Path
    alert: Alert

    @property
    def room(self) -> EvidenceRoom:
        store = MonitorStore(self.house.engine)
        return EvidenceRoom(
            self.house.engine, store, self.folder, SEAL, self.pictured, FoliumRenderer()
        )

    def pictured(self, alert: Alert, language: str | None) -> AlertPicture:
        return desk_picture(alert, self.folder, Speech(language or "fr", "UTC"))

    made: dict[str, bytes] = field(default_factory=dict)

    @property
    def bundle(self) -> bytes:
        """The bundle as the log stands now; drawn once."""
        with reading(self.house.engine) as connection:
            root = log_root(connection)
        if root not in self.made:
            self.made[root] = self.room.bundle(self.alert.ref)
        return self.made[root]


@pytest.fixture
def case(db: Engine, tmp_path: Path) -> Case:
    house = House(db, tmp_path / "spool")
    chips = []
    for role, age in (("before", 7.0), ("after", 2.0)):
        path = f"chips/{role}.tif"
        digest = save_chip(an_observation(), tmp_path / path)
        chips.append(Chip(role, path, f"look-{role}", (f"S2-{role}",), days_ago(age), "folder",
                          digest))  # fmt: skip
    looks = []
    for look_id, age in (("look-after", 2.0), ("look-quiet", 4.0)):
        path = f"looks/{look_id}.tif"
        digest = save_look(replace(a_look(), look_id=look_id), tmp_path / path)
        looks.append(
            an_archived_look(look_id=look_id, acquired_at=days_ago(age), path=path, sha256=digest)
        )
    reading = a_scored_reading(look_id="look-after")
    MonitorStore(db).record(a_report(looks=tuple(looks), readings=(reading,)), NOW)
    evidence = some_evidence(look_ids=("look-after",), quiet_look_ids=("look-quiet",))
    house.absorb(a_finding(chips=tuple(chips), evidence=(evidence,)))
    (alert,) = house.alerts.alerts()
    house.desk.unsure(alert.ref, by="Ben", now=NOW)
    house.desk.confirm(alert.ref, by="Amina", now=NOW)
    return Case(house, tmp_path, alert)
