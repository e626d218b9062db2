"""Small worlds, built once: they are never written to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.simulation.presets import (
    Burns,
    Camps,
    Confounders,
    PlannedBurn,
    Sizes,
    WorldSettings,
    preset,
)
from monitor.simulation.world import World, build

SEED = 1_004


def small(**changes: object) -> WorldSettings:
    """Settings of a window of 7.2 km, 180 x 180 blocks, with four villages and two years."""
    settings = replace(
        preset("quiet"),
        window_km=7.2,
        villages=4,
        village_margin_m=900.0,
        years=2.0,
        sizes=Sizes(median=90, spread=0.3, least=60, most=150),
    )
    return replace(settings, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def quiet_world() -> World:
    """Nothing burns but bush; customs go on."""
    return build(small(), SEED)


@pytest.fixture(scope="session")
def burning_world() -> World:
    """The largest village burns wholly on 10 November 2021, nothing else does anything."""
    at = datetime(2021, 11, 10, 20, tzinfo=UTC)
    return build(
        small(
            burns=Burns(planned=(PlannedBurn(rank=0, at=at, fraction=1.0),)),
            confounders=Confounders(0, 0, 0, 0, 0, 0, 0),
        ),
        SEED,
    )


@pytest.fixture(scope="session")
def camp_world() -> World:
    """One camp stands, one grows, one empties and one is new; every mimic happens."""
    return build(
        small(
            villages=5,
            camps=Camps(standing=1, growing=1, emptied=1, new=1, from_share=0.4, until_share=0.6),
            confounders=replace(preset("adversarial").confounders, mimics=1.0),
        ),
        SEED,
    )
