from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.detectors.fire_events import (
    HIGHEST,
    fire_evidence,
    fire_indicators,
    hotspot_findings,
    probability_of,
)
from monitor.detectors.fire_seasons import FireSeasons
from monitor.detectors.fires import FireHits, fire_hits
from monitor.finding import Finding, FindingKind, SensorFamily, Tier
from tests.builders import NOW, days_ago
from tests.monitor.detectors.fires import VILLAGE, a_fire, a_sky

PAIR = (a_fire(hours=-12, satellite="N"), a_fire())


def found(*fires: object, since_days: float = 3) -> list[Finding]:
    return list(hotspot_findings([VILLAGE], a_sky(*fires), days_ago(since_days)))  # type: ignore[arg-type]


def test_heat_seen_by_two_overpasses_is_a_provisional_finding() -> None:
    last = found(*PAIR)[-1]

    assert last.kind is FindingKind.HOTSPOTS
    assert last.tier is Tier.C
    assert last.settlement_id == "sd-test-0001"
    assert last.looks_agreeing == 2
    assert last.settlement_fraction is None
    assert last.first_seen == NOW - timedelta(hours=12)
    assert last.happened.start == NOW - timedelta(hours=24)
    assert last.known_at == NOW + timedelta(hours=3)
    assert last.flags == ("background=assumed",)


def test_the_same_heat_is_the_same_finding_at_every_tick() -> None:
    early, late = found(*PAIR), found(*PAIR, a_fire(hours=1, satellite="N21"))

    assert [f.finding_id for f in early] == [f.finding_id for f in late[: len(early)]]
    assert len({f.finding_id for f in late}) == len(late) > len(early)


def test_what_was_judged_before_is_not_judged_again() -> None:
    assert found(*PAIR, since_days=0) == []


def test_a_pixel_that_only_touches_in_a_burning_land_says_nothing() -> None:
    around = [a_fire(east_m=1_200 + 150 * n, north_m=900 * (n % 4)) for n in range(18)]

    assert found(a_fire(east_m=380), *around) == []


def test_an_area_without_fires_says_nothing() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("p", "probability"),
    [
        # The prior of three days: 0.05 * 3 / 365.25 = 4.11e-4.
        pytest.param(4.1068e-4, 0.5, id="as likely as not"),
        pytest.param(1.6427e-3, 0.2, id="the edge of tier C"),
        pytest.param(1e-6, HIGHEST, id="heat alone is never sure"),
    ],
)
def test_the_probability_weighs_fires_inside_against_chance(p: float, probability: float) -> None:
    assert probability_of(FireHits((), 1.0, 0.0, p)) == pytest.approx(probability, abs=1e-3)


def test_the_evidence_says_what_was_counted_and_what_else_it_may_be() -> None:
    evidence = fire_evidence(fire_hits(VILLAGE, a_sky(*PAIR)))

    assert evidence.family is SensorFamily.HOTSPOTS
    assert evidence.look_ids == ("N:20240520T0000", "N20:20240520T1200")
    assert evidence.values["overpasses"] == 2
    assert any("bush or field fire" in words for words in evidence.confounders)


def test_what_is_quoted_of_fires() -> None:
    seasons = FireSeasons("sd-test", "", latest={"sd-test-0001": days_ago(100.5)})
    sky = a_sky(*PAIR, seasons=seasons)
    hits = fire_hits(VILLAGE, sky)

    quoted = fire_indicators(hits, "sd-test-0001", sky)

    assert quoted["firms_count"] == 2
    assert quoted["night_share"] == 1
    assert quoted["frp_max_mw"] == 8
    assert quoted["days_since_last_fire"] == pytest.approx(100)
    # Without days of an archive there is no norm to quote.
    assert "fires_norm_ratio" not in quoted
    assert fire_indicators(FireHits((), 0, 0, 1), "x", sky) == {"firms_count": 0, "frp_max_mw": 0}
