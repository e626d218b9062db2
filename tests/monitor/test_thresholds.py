from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from monitor.thresholds import AlertsSection, BurnSection, DetectionSection


@pytest.mark.parametrize(
    "tiers",
    [
        pytest.param({"tier_b_probability": 0.9}, id="B as high as A"),
        pytest.param({"tier_c_probability": 0.7}, id="C higher than B"),
        pytest.param({"tier_a_probability": 0.5}, id="A lower than B"),
    ],
)
def test_a_surer_tier_needs_a_higher_probability(tiers: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="must be less than"):
        DetectionSection(**tiers)  # type: ignore[arg-type]


def test_a_share_is_not_a_percentage() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        BurnSection(min_clear_fraction=70)


def test_nothing_is_published_without_an_analyst_unless_told() -> None:
    assert AlertsSection().auto_publish is False


def test_waits_are_written_with_a_unit() -> None:
    alerts = AlertsSection.model_validate({"group_wait": "10m"})

    assert alerts.group_wait == timedelta(minutes=10)
