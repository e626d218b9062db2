"""Active fires at settlements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.detectors.fires import fire_hits
from monitor.scene import Hotspot
from tests.builders import EPSG, NOW, a_settlement, a_square

VILLAGE = a_settlement(footprint=a_square(400))
CENTRE = VILLAGE.footprint.centroid


def a_fire(**changes: object) -> Hotspot:
    fire = Hotspot(
        longitude=CENTRE.x, latitude=CENTRE.y, acquired_at=NOW, satellite="N20",
        instrument="VIIRS", confidence="nominal", frp_mw=8.0, brightness_k=340.0, scan_km=0.4,
        track_km=0.4, is_night=True, available_at=NOW, static_type=None,
    )  # fmt: skip
    return replace(fire, **changes)  # type: ignore[arg-type]


def test_a_fire_in_the_village_is_a_surprise() -> None:
    found = fire_hits(VILLAGE, [a_fire()], EPSG, 100.0)

    # A pixel of 400 m (an ellipse) on a village of 400 m lies wholly inside it.
    assert found.weight == pytest.approx(1.0, abs=0.01)
    assert found.p == pytest.approx(1e-4, rel=0.01)


def test_a_bush_fire_all_around_makes_it_no_surprise() -> None:
    around = [a_fire(latitude=CENTRE.y + 0.02 + 0.001 * n) for n in range(40)]

    assert fire_hits(VILLAGE, [a_fire(), *around], EPSG, 100.0).p > 0.05


@pytest.mark.parametrize(
    "fire",
    [
        pytest.param(a_fire(confidence="low"), id="low confidence"),
        pytest.param(a_fire(static_type=2), id="a static source"),
        pytest.param(a_fire(latitude=CENTRE.y + 0.05), id="five kilometres away"),
    ],
)
def test_what_is_no_hit(fire: Hotspot) -> None:
    found = fire_hits(VILLAGE, [fire], EPSG, 100.0)

    assert found.hits == ()
    assert found.p == 1.0


def test_two_overpasses_are_more_than_one() -> None:
    later = a_fire(acquired_at=NOW + timedelta(hours=12))

    assert fire_hits(VILLAGE, [a_fire(), later], EPSG, 100.0).p < 1e-6
