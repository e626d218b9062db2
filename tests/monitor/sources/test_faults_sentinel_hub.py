"""Faults of Sentinel Hub from the command line; `test_faults` has those of a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.sources.processing_units import UnitLedger
from tests.builders import NOW, a_square, days_ago
from tests.catalogue import write_overpass
from tests.commandline import Said, call, write_features, write_settings
from tests.monitor.sources.hub import Hub, a_hub
from tests.monitor.sources.servers import Reply

DAY = str(days_ago(2).date())
SECRET = "EMBERWATCH_SOURCES__SENTINEL_HUB__CLIENT_SECRET"
Run = Callable[..., Said]


@pytest.fixture(scope="module")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    folder = tmp_path_factory.mktemp("scenes")
    write_overpass(folder, days_ago(2))
    with a_hub(folder) as running:
        yield running


@pytest.fixture
def house(
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    monkeypatch.setenv(SECRET, hub.secret)
    settings = write_settings(
        tmp_path,
        '\n[sources]\norder = ["sentinel_hub"]\n\n[sources.sentinel_hub]\nclient_id = "us"\n'
        f'base_url = "{hub.server.url}"\ntoken_url = "{hub.server.url}/token"\n'
        "monthly_units = 10\ntimeout_s = 5\ndeadline_s = 60\n",
    )

    def run(*words: object, now: object = NOW.isoformat()) -> Said:
        return call(capsys, *words, "--config", settings, "--now", now, "--json")

    area = write_features(tmp_path / "area.geojson", (a_square(400), {"id": "near", "name": "N"}))
    assert call(capsys, "aoi", "add", area, "--config", settings).status == 0
    return run


def told_for_the_day(house: Run) -> tuple[str, str]:
    days = house("coverage").document["coverage"]
    [(state, reason)] = [(one["state"], one["reason"]) for one in days if one["day"] == DAY]
    return state, reason


def require_mended(house: Run, after: timedelta = timedelta(minutes=20)) -> None:
    again = house("run", now=(NOW + after).isoformat())
    assert again.status == 0, again.out
    assert told_for_the_day(house)[0] == "seen"


def test_a_budget_that_is_used_up_is_told_and_nothing_is_spent(
    house: Run, hub: Hub, tmp_path: Path
) -> None:
    spent = UnitLedger(tmp_path / "data" / "providers", 10)
    spent.record(9.999, "earlier", datetime.now(UTC), estimated=False)

    said = house("run")

    assert said.status == 3
    state, reason = told_for_the_day(house)
    assert state == "error"
    assert "monthly budget of 10 processing units" in reason
    assert hub.asked("/process") == []
    for month in (tmp_path / "data" / "providers").glob("units-*.jsonl"):
        month.unlink()
    require_mended(house)


def test_a_wrong_secret_is_told_and_not_repeated(
    house: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wr0ng-secret")
    said = house("run")

    assert said.status == 3
    assert "wr0ng-secret" not in said.out + said.err
    assert "access refused" in said.document["runs"][0]["reason"]
    monkeypatch.setenv(SECRET, hub.secret)
    require_mended(house, timedelta(days=1))


def test_a_certificate_that_nobody_vouches_for_is_refused(
    house: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("SSL_CERT_FILE")
        said = house("run")

    assert said.status == 3
    assert "certificate of the server cannot be trusted" in said.document["runs"][0]["reason"]
    assert hub.asked("/process") == []
    require_mended(house)


def test_a_token_that_expires_between_search_and_image_is_renewed(house: Run, hub: Hub) -> None:
    hub.server.fail("/process", lambda asked, usual: expired(hub, usual))

    assert house("run").status == 0
    assert hub.tokens >= 2


def expired(hub: Hub, usual: Reply) -> Reply:
    hub.valid_token = "another"
    return Reply(401, b"Token expired")
