"""The matched filter."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features import FULL, REDUCED
from monitor.matched import (
    CONFOUNDERS,
    TEMPLATES,
    burn_like,
    matched_filter,
    shrunk_precision,
    templates_for,
)

SCALE = np.array([0.045, 0.092, 0.064, 0.020, 0.038, 0.029], dtype=np.float32)[:, None]
EYE = np.eye(6, dtype=np.float32)
ALL = templates_for(FULL)


def filtered(change: tuple[float, ...], precision: np.ndarray = EYE):  # type: ignore[no-untyped-def]
    column = np.array(change, dtype=np.float32)[:, None]
    return matched_filter(column, SCALE, precision, ALL)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_change_along_a_template_has_its_whole_length_and_nothing_beside_it(name: str) -> None:
    change = TEMPLATES[name]
    norm = float(np.sqrt(((np.array(change) / SCALE[:, 0]) ** 2).sum()))

    found = filtered(change)

    assert found.q[0] == pytest.approx(norm, rel=1e-4)
    assert found.off_template[0] == pytest.approx(0.0, abs=1e-2 * norm**2)


@pytest.mark.parametrize("name", CONFOUNDERS)
def test_what_is_no_fire_gets_no_score(name: str) -> None:
    # Three times the table's change: dust alone is too faint to have a direction.
    strong = tuple(3.0 * v for v in CONFOUNDERS[name])

    assert filtered(strong).q[0] <= 0.0


def test_a_faint_change_keeps_its_score_whatever_its_direction() -> None:
    # A tenth of a shadow: its direction cannot be told from noise.
    faint = tuple(0.1 * v for v in CONFOUNDERS["shadow"])

    assert filtered(faint).q[0] > 0.0


def test_whitening_uses_the_whole_covariance() -> None:
    # Two features that always move together carry one piece of evidence, not two.
    covariance = np.eye(6)
    covariance[0, 5] = covariance[5, 0] = 0.99
    precision = np.linalg.inv(covariance).astype(np.float32)
    both = (0.045, 0, 0, 0, 0, 0.029)

    together = matched_filter(np.array(both, np.float32)[:, None], SCALE, precision, ALL)
    apart = filtered(both)

    assert together.q[0] ** 2 + together.off_template[0] == pytest.approx(2 / 1.99, rel=1e-3)
    assert apart.q[0] ** 2 + apart.off_template[0] == pytest.approx(2.0, rel=1e-3)


def test_a_strong_burn_may_stray_from_its_template_and_a_weak_one_less() -> None:
    thatch = filtered(TEMPLATES["thatch"])

    assert burn_like(thatch, np.array([6.4], np.float32))[0]
    assert not burn_like(thatch, np.array([0.9], np.float32))[0]  # near infrared did not fall


def test_what_was_not_seen_is_neither_burned_nor_quiet() -> None:
    found = filtered((np.nan,) * 6)

    assert np.isnan(found.q[0])
    assert not burn_like(found, np.array([np.nan], np.float32))[0]


def test_the_reduced_set_has_four_features() -> None:
    reduced = templates_for(REDUCED)

    assert reduced.burns.shape[1] == reduced.confounders.shape[1] == 4


def test_the_shrunk_covariance_of_white_noise_is_the_identity() -> None:
    samples = np.random.default_rng(3).standard_normal((20_000, 6)).astype(np.float32)

    assert shrunk_precision(samples) == pytest.approx(np.eye(6), abs=0.05)


def test_too_few_samples_give_the_identity() -> None:
    assert (shrunk_precision(np.ones((3, 6), np.float32)) == np.eye(6)).all()
