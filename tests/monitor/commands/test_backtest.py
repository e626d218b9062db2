from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from monitor.cli import main
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass

FIRE = days_ago(14.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Overpasses every five days over sixty; the village burns before the third last."""
    root = tmp_path_factory.mktemp("backtest")
    for number in range(12):
        at = NOW - timedelta(days=5 * (12 - number))
        write_overpass(root / "imagery", at, burnt=a_square(440) if at > FIRE else None)
    _geojson(root / "areas.geojson", an_aoi().geometry, {"id": "sd-test", "name": "Test"})
    village = a_settlement()
    properties = {"id": village.settlement_id, "name": village.name, "kind": "village"}
    _geojson(root / "settlements.geojson", village.footprint, properties)
    (root / "truth.csv").write_text(
        "settlement_id,kind,started_at,ended_at,fraction\n"
        f"{village.settlement_id},burned,{FIRE:%Y-%m-%dT%H:%M:%SZ},{FIRE:%Y-%m-%dT%H:%M:%SZ},1.0\n"
    )
    (root / "config.toml").write_text(
        f'[service]\ndata_folder = "{root / "data"}"\n'
        f'[sources.folder]\npath = "{root / "imagery"}"\n[engine]\nworkers = 1\n'
    )
    run(root, "aoi", "add", str(root / "areas.geojson"))
    run(root, "settlement", "import", str(root / "settlements.geojson"), "--aoi", "sd-test")
    return root


def run(root: Path, *arguments: str) -> int:
    try:
        main([*arguments, "--config", str(root / "config.toml")])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _geojson(path: Path, geometry: BaseGeometry, properties: dict[str, str]) -> None:
    feature = {"type": "Feature", "geometry": mapping(geometry), "properties": properties}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


def backtested(folder: Path, out: Path, *more: str) -> int:
    interval = ["--from", f"{days_ago(40):%Y-%m-%d}", "--to", f"{NOW:%Y-%m-%d}"]
    return run(
        folder, "backtest", "--truth", str(folder / "truth.csv"), *interval, "--out", str(out),
        *more,
    )  # fmt: skip


@pytest.mark.slow
def test_a_backtest_replays_compares_and_reports(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtested(folder, tmp_path / "out") == 0

    report = json.loads((tmp_path / "out" / "report.json").read_text())
    (chapter,) = report["chapters"]
    rules = {rule["rule"]: rule["native"] for rule in chapter["rules"]}
    assert chapter["origin"] == "real"
    assert (chapter["events"], chapter["worlds"]) == (1, ["sd-test"])
    # Its near infrared falls from 0.25 to 0.09 in three looks: no rule can miss that.
    assert rules["marx"]["precision"]["value"] == 1.0
    assert rules["dnbr10"]["precision"]["value"] == 1.0
    assert {"alerts.geojson", "coverage.csv", "report.html", "runs.csv"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    assert "emberwatch" in capsys.readouterr().out


def test_truth_of_a_village_that_is_not_watched_is_refused_before_the_work(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text((folder / "truth.csv").read_text().replace("sd-test-0001", "sd-other"))

    status = run(
        folder, "backtest", "--truth", str(truth), "--from", "2024-04-01", "--to", "2024-05-01",
        "--out", str(tmp_path / "out"),
    )  # fmt: skip

    assert status == 1
    assert "row 2: no settlement 'sd-other' is watched" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_dates_in_the_wrong_order_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(
        folder, "backtest", "--truth", str(folder / "truth.csv"), "--from", "2024-05-01",
        "--to", "2024-04-01", "--out", str(tmp_path / "out"),
    )  # fmt: skip

    assert status == 1
    assert "is not before" in capsys.readouterr().err
