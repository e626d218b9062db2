from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.fusion import FusionSettings
from monitor.fusion_file import NAME, read_weights, with_fitted, write_weights
from monitor.stacking import Weights

FITTED = Weights(local_odds=7.5, hotspot_weight=0.6, radar_weight=0.3, labels=210)


def test_weights_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    write_weights(tmp_path / NAME, FITTED)

    assert read_weights(tmp_path / NAME) == FITTED


def test_a_file_of_an_earlier_version_leaves_the_weight_of_fronts(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(
        '{"version": 1, "local_odds": 5, "hotspot_weight": 1, "radar_weight": 1, "labels": 9}'
    )

    assert with_fitted(FusionSettings(front_weight=0.9), tmp_path).hotspot_weight == 1.0
    assert read_weights(tmp_path / NAME) == Weights(5.0, 1.0, 1.0, labels=9)


def test_without_a_file_the_shipped_weights_hold(tmp_path: Path) -> None:
    assert with_fitted(FusionSettings(), tmp_path) == FusionSettings()


def test_a_file_changes_what_evidence_is_weighed_with(tmp_path: Path) -> None:
    write_weights(tmp_path / NAME, FITTED)

    assert with_fitted(FusionSettings(), tmp_path).hotspot_weight == 0.6


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '{"version": 2}', '{"version": 1}',
        '{"version": 1, "local_odds": 0, "hotspot_weight": 1, "radar_weight": 1, "labels": 9}',
        '{"version": 1, "local_odds": 5, "hotspot_weight": -1, "radar_weight": 1, "labels": 9}',
        '{"version": 1, "local_odds": NaN, "hotspot_weight": 1, "radar_weight": 1, "labels": 9}',
    ],
)  # fmt: skip
def test_weights_that_make_no_sense_are_refused_with_a_way_back(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)

    with pytest.raises(ConfigError, match="weights of the fusion") as refused:
        read_weights(tmp_path / NAME)

    assert "remove the file" in refused.value.hint
