from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.finding import Evidence, SensorFamily
from monitor.fusion import FusionSettings, burn_probability
from monitor.stacking import Case, Weights, enough, log_loss, refitted
from tests.builders import some_evidence

SETTINGS = FusionSettings(burns_per_village_year=0.1, local_odds=5.0)


def fires(p: float, inside_share: float) -> Evidence:
    values = {"inside_share": inside_share}
    return replace(some_evidence(p=p), family=SensorFamily.HOTSPOTS, values=values)


def cases(
    count: int, *, odds_off: float = 1.0, hotspots_true: float = 0.8, seed: int = 1
) -> list[Case]:
    """Return decisions of a world in which the odds are off by a factor, and fires tell so much."""
    draws = np.random.default_rng(1)
    found = []
    for rate in np.exp(draws.uniform(np.log(1e-3), np.log(0.3), count)):
        seen = draws.uniform() < 0.5
        log_odds = np.log(0.1 / (5.0 * rate) * odds_off)
        # A p of 1e-3 carries 21 (DETECTION 4e).
        log_odds += hotspots_true * np.log(20.97) if seen else 0.0
        burned = bool(draws.uniform() < 1.0 / (1.0 + np.exp(-log_odds)))
        found.append(Case(burned, float(rate), 1e-3 if seen else None))
    return found


def test_weights_that_are_right_stay_where_they_are() -> None:
    weights = refitted(cases(3_000), SETTINGS).weights

    assert weights.local_odds == pytest.approx(5.0, rel=0.25)
    assert weights.hotspot_weight == pytest.approx(0.8, abs=0.15)
    assert weights.radar_weight == SETTINGS.radar_weight


def test_odds_that_are_off_are_put_right_and_states_become_reliable() -> None:
    made = refitted(cases(2_000, odds_off=0.2), SETTINGS)

    # Five times fewer burns than stated: the local odds grow fivefold.
    assert made.weights.local_odds == pytest.approx(25.0, rel=0.35)
    assert log_loss(made.after, made.burned) < log_loss(made.before, made.burned)
    assert made.after.mean() == pytest.approx(made.burned.mean(), abs=0.03)


def test_a_sensor_that_tells_nothing_loses_its_weight() -> None:
    weights = refitted(cases(3_000, hotspots_true=0.0), SETTINGS).weights

    assert weights.hotspot_weight < 0.25


def test_a_sensor_never_counts_against_what_it_sees() -> None:
    weights = refitted(cases(3_000, hotspots_true=-1.0), SETTINGS).weights

    assert weights.hotspot_weight == 0.0


def test_fires_that_lie_beside_lose_what_their_surprise_would_say() -> None:
    draws = np.random.default_rng(7)
    found = []
    for share in draws.choice([1.0, 0.1], 4_000):
        # e(1e-3) is 20.97; a tenth of the pixels touching takes a tenth of it.
        log_odds = np.log(0.1 / (5.0 * 0.4)) + 0.8 * np.log(20.97) + 1.0 * np.log(share)
        burned = bool(draws.uniform() < 1.0 / (1.0 + np.exp(-log_odds)))
        found.append(Case(burned, 0.4, 1e-3, hotspots_share=float(share)))

    weights = refitted(found, replace(SETTINGS, hotspot_weight=0.8, front_weight=0.0)).weights

    assert weights.front_weight == pytest.approx(1.0, abs=0.15)


def test_what_is_stated_of_a_case_is_what_the_fusion_states() -> None:
    shown = [(1e-3, 1.0), (1e-3, 0.3), (0.02, 0.05), (None, None)]
    labels = [Case(n % 2 == 0, 0.01, p, hotspots_share=s) for n in range(50) for p, s in shown]

    before = refitted(labels, SETTINGS).before[:4]

    for stated, (p, inside) in zip(before, shown, strict=True):
        evidence = [] if p is None or inside is None else [fires(p, inside)]
        assert stated == pytest.approx(burn_probability(0.01, evidence, SETTINGS))


def test_few_labels_move_the_weights_little() -> None:
    few = refitted(cases(160, hotspots_true=0.0), SETTINGS, ridge=400.0).weights

    assert few.hotspot_weight > 0.5


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        pytest.param([Case(True, 0.01)] * 75 + [Case(False, 0.01)] * 75, "", id="enough"),
        pytest.param([Case(True, 0.01)] * 149, "149 decided alerts, 150 needed", id="too few"),
        pytest.param([Case(True, 0.01)] * 140 + [Case(False, 0.01)] * 19,
                     "140 burned and 19 not, 20 of each needed", id="one-sided"),
    ],
)  # fmt: skip
def test_a_fit_needs_enough_of_either_kind(labels: list[Case], missing: str) -> None:
    assert enough(labels) == missing


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="150 needed"):
        refitted(cases(10), SETTINGS)


def test_weights_change_nothing_but_themselves() -> None:
    applied = Weights(7.0, 0.5, 0.2, labels=200, front_weight=0.4).applied(SETTINGS)

    assert (applied.local_odds, applied.hotspot_weight, applied.radar_weight) == (7.0, 0.5, 0.2)
    assert applied.front_weight == 0.4
    assert applied.burns_per_village_year == SETTINGS.burns_per_village_year
    assert applied.tier_a == SETTINGS.tier_a


def test_surprise_is_counted_in_nats() -> None:
    stated, burned = np.array([0.5, 0.5]), np.array([True, False])

    assert log_loss(stated, burned) == pytest.approx(np.log(2))
