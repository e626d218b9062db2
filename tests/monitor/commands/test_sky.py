"""`aoi sky` and `aoi check --sky`, against a Sentinel Hub that counts real rasters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from monitor.commands.sky import sky_document, sky_lines
from monitor.sources import sentinel_hub_client
from tests.builders import a_square, days_ago
from tests.catalogue import write_overpass
from tests.commandline import Said, call, write_area, write_settings
from tests.monitor.sources.hub import BY_RULE, Hub, a_hub
from tests.monitor.test_clear_sky import APRIL, MARCH, a_sky

NOW = "2024-05-20T12:00Z"
Line = Callable[..., Said]


@pytest.fixture(scope="module")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    folder = tmp_path_factory.mktemp("sky")
    write_overpass(folder, days_ago(40))
    write_overpass(folder, days_ago(10), cloudy=a_square(20_000))
    with a_hub(folder) as (hub, trusted):
        hub.spent_units = BY_RULE
        yield hub, trusted


@pytest.fixture
def line(
    running_hub: tuple[Hub, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Line:
    hub, trusted = running_hub
    hub.server.log, hub.server.faults = [], []
    sentinel_hub_client._TOKENS.clear()
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    monkeypatch.setenv("EMBERWATCH_SOURCES__SENTINEL_HUB__CLIENT_SECRET", hub.secret)
    settings = write_settings(
        tmp_path,
        '\n[sources]\norder = ["sentinel_hub"]\n\n[sources.sentinel_hub]\nclient_id = "us"\n'
        f'base_url = "{hub.server.url}"\ntoken_url = "{hub.server.url}/token"\n'
        "monthly_units = 1\n",
    )

    def run(*words: object) -> Said:
        return call(capsys, *words, "--config", settings)

    assert run("aoi", "add", write_area(tmp_path / "area.geojson")).status == 0
    return run


def units_spent(folder: Path) -> float:
    ledger = folder / "data" / "providers" / "units-2024-05.jsonl"
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return float(sum(json.loads(line)["units"] for line in lines))


def test_the_estimate_spends_nothing(
    line: Line, running_hub: tuple[Hub, str], tmp_path: Path
) -> None:
    said = line("aoi", "sky", "sd-test", "--estimate", "--now", NOW)

    assert said.status == 0
    assert "2 days with an overpass" in said.out
    assert "takes 0.01 processing units" in said.out
    assert running_hub[0].asked("/statistics") == []
    assert units_spent(tmp_path) == 0


def test_the_sky_is_counted_kept_and_shown(line: Line, tmp_path: Path) -> None:
    said = line("aoi", "sky", "sd-test", "--now", NOW, "--json")

    assert said.status == 0
    told = said.document["sky"]
    assert (told["overpass_days"], told["seen_days"], told["lost_days"]) == (2, 1, 0)
    assert told["clear_fraction"] == 0.5
    assert [month["month"] for month in told["months"]] == [4, 5]
    assert said.document["question"]["units_expected"] == told["units"] == 0.01
    assert units_spent(tmp_path) == pytest.approx(0.01)
    assert line("aoi", "show", "sd-test", "--json").document["sky"] == told
    assert "50% clear" in line("aoi", "show", "sd-test").out


def test_a_file_can_be_asked_about_before_it_is_added(line: Line, tmp_path: Path) -> None:
    plain = line("aoi", "check", tmp_path / "area.geojson")
    assert "cost: sentinel_hub: some" in plain.out
    assert units_spent(tmp_path) == 0

    said = line("aoi", "check", tmp_path / "area.geojson", "--sky", "--now", NOW, "--json")

    [area] = said.document["areas"]
    assert area["sky"]["clear_fraction"] == 0.5
    assert not (tmp_path / "data" / "skies").exists()


def test_a_budget_that_is_used_up_is_one_line_and_a_hint(line: Line, tmp_path: Path) -> None:
    ledger = tmp_path / "data" / "providers" / "units-2024-05.jsonl"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_text('{"units": 0.995}\n')

    said = line("aoi", "sky", "sd-test", "--now", NOW)

    assert (said.status, said.out) == (1, "")
    assert "monthly budget of 1 processing units is used up" in said.err
    assert "raise [sources.sentinel_hub] monthly_units" in said.err


def test_without_sentinel_hub_it_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = write_settings(tmp_path)
    call(capsys, "aoi", "add", write_area(tmp_path / "area.geojson"), "--config", settings)

    said = call(capsys, "aoi", "sky", "sd-test", "--config", settings)

    assert said.status == 1
    assert "Sentinel Hub counts the clear sky, and [sources] order is folder" in said.err


def test_words_for_people() -> None:
    assert sky_lines(a_sky(MARCH, APRIL, lost_days=2)) == [
        "  sky: 55% clear from 2024-03-01 to 2024-05-20; most of the area seen on 1 of 2 days "
        "with an overpass, longest gap 70 days",
        "  by month: Mar 90%, Apr 20%",
        "  on 2 more days the service could not tell: ask again",
    ]


def test_nobody_asked_or_nothing_was_measured() -> None:
    assert (sky_lines(None), sky_document(None)) == ([], None)
    document = sky_document(a_sky())
    assert document is not None
    assert (document["clear_fraction"], document["since"]) == (None, date(2024, 3, 1))
    assert sky_lines(a_sky()) == []
