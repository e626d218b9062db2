"""A scene whose offset was subtracted twice, through the whole house."""

from __future__ import annotations

from pathlib import Path

from alerts.incidents import open_incidents
from monitor.app import build_service
from monitor.config import load_config
from monitor.coverage import CoverageState
from monitor.engine import SerialEngine
from tests.builders import NOW, a_settlement, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.commandline import write_settings


def test_a_scene_with_a_wrong_offset_is_held_and_the_operator_told(tmp_path: Path) -> None:
    config = load_config(write_settings(tmp_path))
    imagery = config.sources.folder.path
    for days in (22, 17, 12, 7):
        write_overpass(imagery, days_ago(days))
    # Its numbers hold no offset, and its baseline says that they do.
    write_overpass(imagery, days_ago(2), properties={"s2:processing_baseline": "05.10"})
    service = build_service(config, lambda: NOW, SerialEngine())
    try:
        service.registry.add(an_aoi(), NOW)
        service.registry.add_settlements("sd-test", [a_settlement()], NOW)

        service.tick()
        service.tick()

        [told] = open_incidents(service.database)
        assert (told.cause, told.times) == ("radiometry:folder", 1)
        assert "suspect radiometry: the offset was subtracted" in told.sentence
        [day] = service.store.coverage(
            "sd-test", since=days_ago(2).date(), until=days_ago(2).date()
        )
        assert day.state is CoverageState.HELD
        assert "suspect radiometry" in day.reason
        assert service.store.findings(aoi_id="sd-test") == []
    finally:
        service.close()
