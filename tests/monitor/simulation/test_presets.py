from __future__ import annotations

import pytest

from monitor.errors import ConfigError
from monitor.simulation.presets import (
    PRESETS,
    TEST_SEEDS,
    TUNING_SEEDS,
    preset,
    require_seed,
)


def test_every_preset_of_the_documents_exists() -> None:
    wanted = {
        "demo", "ci", "sahel_thatch", "darfur_mud_brick", "rakhine_wood", "camp", "adversarial",
        "bench", "quiet", "camp_bench", "camp_quiet",
    }  # fmt: skip

    assert wanted == set(PRESETS)
    assert all(preset(name).name == name for name in wanted)


def test_an_unknown_preset_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="no preset is called 'sahara'") as refusal:
        preset("sahara")

    assert "sahel_thatch" in refusal.value.hint


def test_no_seed_serves_both_tuning_and_testing() -> None:
    assert not set(TUNING_SEEDS) & set(TEST_SEEDS)


@pytest.mark.parametrize(
    ("seed", "purpose"), [(1_000, "tuning"), (1_999, "tuning"), (9_000, "test"), (9_999, "test")]
)
def test_a_seed_of_the_right_purpose_is_returned(seed: int, purpose: str) -> None:
    assert require_seed(seed, purpose) == seed


@pytest.mark.parametrize(
    ("seed", "purpose"), [(9_000, "tuning"), (1_500, "test"), (7, "tuning"), (10_000, "test")]
)
def test_a_seed_of_another_purpose_is_refused(seed: int, purpose: str) -> None:
    with pytest.raises(ConfigError, match=f"seed {seed} is not for {purpose}"):
        require_seed(seed, purpose)


def test_the_adversarial_preset_has_every_confounder() -> None:
    confounders = preset("adversarial").confounders

    for name in ("ring_fires", "spill", "straw_removed", "thatch_renewed", "mimics"):
        assert getattr(confounders, name) > getattr(preset("quiet").confounders, name)
    assert preset("adversarial").artefact_rate == 0.04


def test_nothing_is_meant_to_burn_in_the_quiet_preset() -> None:
    assert preset("quiet").burns.rate_per_year == ()
    assert preset("quiet").burns.planned == ()


def test_the_first_years_of_every_preset_are_quiet_enough_to_learn_from() -> None:
    for settings in PRESETS.values():
        assert sum(settings.burns.rate_per_year[:3]) == 0
