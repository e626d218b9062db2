"""The camp detector over small lands with known truth, and what it must refuse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from aoi.settlement import Settlement
from monitor.camps.calibration import shipped_camp_calibration
from monitor.camps.settings import CampSettings
from monitor.camps.stream import CampStream
from monitor.camps.verdict import CampVerdict
from monitor.detectors.camps_case import CampCase, found_camps
from monitor.detectors.camps_findings import camp_findings
from monitor.finding import Finding, FindingKind, Tier
from monitor.looks import Look
from tests.builders import a_finding
from tests.monitor.camps.worlds import REVISIT, START, Stay, a_camp, a_region, the_looks

YEAR = 73
"""Looks in a year."""

TRAINED = 2 * YEAR
PLACE = (np.s_[20:24], np.s_[30:34])
"""16 blocks: 2.56 ha."""

SETTINGS = CampSettings()


def watched(
    looks: Iterable[Look], settlements: Sequence[Settlement] = (), burns: Sequence[Finding] = ()
) -> tuple[list[Finding], list[CampVerdict]]:
    """Run the detector over looks as the pipeline does."""
    region = a_region(settlements)
    stream = CampStream(region, SETTINGS, START + TRAINED * REVISIT)
    findings: list[Finding] = []
    verdicts = []
    for look in looks:
        reported = [*burns, *findings]
        found = found_camps(reported, region)
        verdict = stream.take(look, found)
        if verdict is None:
            continue
        verdicts.append(verdict)
        case = CampCase(
            "t-area", region, (*region.camps, *found), reported, SETTINGS,
            shipped_camp_calibration(), look.available_at,
        )  # fmt: skip
        findings.extend(camp_findings(verdict, look.acquired_at, case))
    return findings, verdicts


def test_a_new_camp_is_found_with_its_area_and_an_interval() -> None:
    appears = TRAINED + 5

    findings, _ = watched(the_looks(TRAINED + 14, [Stay(*PLACE, first=appears)]))

    early, found = findings
    assert found.kind is FindingKind.CAMP_NEW and found.settlement_id is None
    # 16 blocks of 40 m are 25,600 m2.
    assert found.area_m2 == pytest.approx(25_600, rel=0.1)
    assert found.happened.start == START + (appears - 1) * REVISIT
    assert found.first_seen == START + appears * REVISIT
    # Three looks over ten days, no sooner.
    assert found.last_seen == START + (appears + 2) * REVISIT
    assert found.looks_agreeing == 3
    assert found.tier is Tier.B
    assert found.indicators["area_low_ha"] < 2.56 < found.indicators["area_high_ha"]
    # Two looks running say it first, to the desk alone.
    assert early.last_seen == START + (appears + 1) * REVISIT
    assert early.looks_agreeing == 2
    assert early.tier is Tier.C and early.flags == ("two_looks",)
    assert found.flags == ()


def test_a_camp_that_was_found_and_confirmed_is_not_found_again() -> None:
    findings, verdicts = watched(the_looks(TRAINED + 30, [Stay(*PLACE, first=TRAINED + 5)]))

    assert [(f.kind, f.looks_agreeing) for f in findings] == [
        (FindingKind.CAMP_NEW, 2), (FindingKind.CAMP_NEW, 3)
    ]  # fmt: skip
    assert all(verdict.patches == () for verdict in verdicts[-10:])


def test_what_two_looks_show_is_said_once_until_a_third_one_sees_it() -> None:
    appears = TRAINED + 5
    looks = the_looks(
        TRAINED + 20, [Stay(*PLACE, first=appears)], cloudy=range(appears + 2, TRAINED + 16)
    )

    findings, _ = watched(looks)

    assert [(f.looks_agreeing, f.tier) for f in findings] == [(2, Tier.C), (3, Tier.B)]
    assert findings[1].last_seen == START + (TRAINED + 16) * REVISIT


def test_what_two_looks_showed_and_went_again_has_not_emptied() -> None:
    stay = Stay(*PLACE, first=TRAINED + 5, until=TRAINED + 7)

    findings, _ = watched(the_looks(TRAINED + 20, [stay]))

    assert [(f.kind, f.looks_agreeing) for f in findings] == [(FindingKind.CAMP_NEW, 2)]


def test_the_same_looks_give_the_same_finding() -> None:
    looks = list(the_looks(TRAINED + 14, [Stay(*PLACE, first=TRAINED + 5)]))

    first, second = watched(looks)[0], watched(looks)[0]

    assert [f.finding_id for f in first] == [f.finding_id for f in second]


def test_a_fair_that_comes_every_year_is_no_camp() -> None:
    weeks = [Stay(*PLACE, first=YEAR * n + 20, until=YEAR * n + 28) for n in range(1, 3)]

    findings, verdicts = watched(the_looks(TRAINED + 34, weeks))

    refused = [p.refused for v in verdicts for p in v.patches]
    assert findings == []
    assert "the same weeks of an earlier year show it too" in refused


def test_bright_ground_without_texture_is_no_camp() -> None:
    findings, verdicts = watched(
        the_looks(TRAINED + 14, [Stay(*PLACE, first=TRAINED + 5, cover=2.0, texture=False)])
    )

    assert findings == []
    assert {p.refused for v in verdicts for p in v.patches} <= {"its texture did not rise"}


def test_ground_that_fills_over_months_is_a_building_site_and_no_camp() -> None:
    # A fifth more of it every four weeks: three weeks before there was always most of it.
    slow = [
        Stay(*PLACE, first=TRAINED + 5 + 6 * n, until=TRAINED + 11 + 6 * n, cover=0.2 + 0.2 * n)
        for n in range(5)
    ]

    findings, verdicts = watched(the_looks(TRAINED + 35, slow))

    assert findings == []
    refused = {p.refused for v in verdicts for p in v.patches}
    assert any(reason.startswith("it came slowly, as building does") for reason in refused)


def test_a_camp_that_came_under_months_of_cloud_is_found_when_the_sky_clears() -> None:
    appears, clears = TRAINED + 10, TRAINED + 20
    looks = the_looks(TRAINED + 26, [Stay(*PLACE, first=appears)])
    clear = [look for n, look in enumerate(looks) if n <= TRAINED or n >= clears]

    findings, _ = watched(clear)

    # It may be a building site as well: for the desk, after two looks and after three.
    early, found = findings
    assert early.flags == ("two_looks", "coming_unseen")
    assert found.kind is FindingKind.CAMP_NEW and found.looks_agreeing == 3
    assert found.first_seen == START + clears * REVISIT
    assert found.tier is Tier.C and found.flags == ("coming_unseen",)


def test_a_look_that_comes_months_late_is_judged_and_finds_nothing_anew() -> None:
    camp = Stay(*PLACE, first=TRAINED + 5)
    looks = list(the_looks(TRAINED + 30, [camp]))
    # A hundred days older than the newest: no sign of that time is kept any more.
    late = looks.pop(TRAINED + 9)

    findings, verdicts = watched([*looks, late])

    assert [f.kind for f in findings] == [FindingKind.CAMP_NEW] * 2
    assert verdicts[-1].reason == "" and verdicts[-1].patches == ()


def test_one_bright_look_is_no_camp() -> None:
    blink = Stay(*PLACE, first=TRAINED + 5, until=TRAINED + 6)

    assert watched(the_looks(TRAINED + 14, [blink]))[0] == []


def test_a_camp_of_three_blocks_is_too_small() -> None:
    small = Stay(np.s_[20:21], np.s_[30:33], first=TRAINED + 5)

    assert watched(the_looks(TRAINED + 14, [small]))[0] == []


def test_quiet_land_gives_nothing() -> None:
    findings, verdicts = watched(the_looks(TRAINED + 20))

    assert findings == []
    assert all(verdict.reason == "" for verdict in verdicts)


def test_a_camp_that_grows_is_reported_with_area_and_change() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])
    stays = [
        Stay(np.s_[20:30], np.s_[20:30], first=0),
        # 40 blocks beside 100: 6.4 ha more.
        Stay(np.s_[20:30], np.s_[30:34], first=TRAINED + 6),
    ]

    findings, _ = watched(the_looks(TRAINED + 16, stays), [camp])

    assert {f.kind for f in findings} == {FindingKind.CAMP_GROWTH}
    found = findings[-1]
    assert found.settlement_id == "camp-1"
    change_ha = found.indicators["area_ha"] - found.indicators["area_before_ha"]
    assert change_ha == pytest.approx(6.4, rel=0.15)
    assert found.indicators["change_low"] < found.indicators["change_30_days"]
    assert found.happened.start < START + (TRAINED + 6) * REVISIT <= found.happened.end


def test_a_camp_that_grows_by_a_little_each_month_is_told_of_when_it_adds_up() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])
    # 4 blocks beside 100 every five weeks: no month shows 10 %.
    strips = [
        Stay(np.s_[20 + 4 * (n % 2) : 24 + 4 * (n % 2)], np.s_[30 + n // 2 : 31 + n // 2],
             first=TRAINED + 7 * (n + 1))
        for n in range(8)
    ]  # fmt: skip
    stays = [Stay(np.s_[20:30], np.s_[20:30], first=0), *strips]

    findings, _ = watched(the_looks(TRAINED + 64, stays), [camp])

    assert {f.kind for f in findings} == {FindingKind.CAMP_GROWTH}
    before, *_ = (f.indicators["area_before_ha"] for f in findings)
    areas = [before, *(f.indicators["area_ha"] for f in findings)]
    assert len(areas) > 2
    assert all(later >= 1.1 * earlier for earlier, later in pairwise(areas))
    assert all("change_since_told" in f.indicators for f in findings)
    assert all("since it was mapped" in f.evidence[0].score_unit for f in findings)


def test_a_camp_that_grew_a_year_ago_and_grows_again_is_no_market() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])
    last_year, now = TRAINED + 4, TRAINED + 4 + YEAR
    stays = [
        Stay(np.s_[20:30], np.s_[20:30], first=0),
        Stay(np.s_[20:30], np.s_[30:34], first=last_year),
        Stay(np.s_[20:30], np.s_[34:38], first=now),
    ]

    findings, _ = watched(the_looks(now + 10, stays), [camp])

    first, *_, again = findings
    assert {f.kind for f in findings} == {FindingKind.CAMP_GROWTH}
    assert first.last_seen < START + now * REVISIT <= again.first_seen
    assert again.happened.start >= START + (now - 2) * REVISIT


def test_a_market_beside_a_camp_is_no_growth() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])
    weeks = [
        Stay(np.s_[20:30], np.s_[30:34], first=YEAR * n + 20, until=YEAR * n + 28)
        for n in (1, 2)
    ]  # fmt: skip
    stands = Stay(np.s_[20:30], np.s_[20:30], first=0)

    findings, _ = watched(the_looks(TRAINED + 34, [stands, *weeks]), [camp])

    assert findings == []


def test_a_camp_of_one_block_is_measured_and_alarms_nobody() -> None:
    tiny = a_camp(np.s_[20:22], np.s_[20:22])

    findings, verdicts = watched(
        the_looks(TRAINED + 8, [Stay(np.s_[20:22], np.s_[20:22], first=0)]), [tiny]
    )

    assert findings == []
    assert all("camp-1" in verdict.readings for verdict in verdicts)


def test_a_camp_that_stands_says_nothing() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])

    stands = [Stay(np.s_[20:30], np.s_[20:30], first=0)]

    assert watched(the_looks(TRAINED + 16, stays=stands), [camp])[0] == []


def test_a_camp_that_is_taken_down_is_dismantled() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])
    stands = Stay(np.s_[20:30], np.s_[20:30], first=0, until=TRAINED + 8)

    findings, _ = watched(the_looks(TRAINED + 14, [stands]), [camp])

    (found,) = findings
    assert found.kind is FindingKind.CAMP_EMPTYING
    assert found.flags == ("emptying=dismantled",)
    # All of it went, seen in two looks: twice the fall that three must show.
    assert found.settlement_fraction == pytest.approx(1.0, abs=0.1)
    assert found.looks_agreeing == 2
    assert found.happened.start == START + (TRAINED + 7) * REVISIT


def test_a_camp_that_burned_is_said_to_have_burned() -> None:
    camp = a_camp(np.s_[20:30], np.s_[20:30])
    gone_at = START + (TRAINED + 8) * REVISIT
    stands = Stay(np.s_[20:30], np.s_[20:30], first=0, until=TRAINED + 8)
    burn = _a_burn("camp-1", gone_at)

    findings, _ = watched(the_looks(TRAINED + 14, [stands]), [camp], [burn])

    assert [f.flags for f in findings] == [("emptying=burned",)]


def test_a_found_camp_that_goes_is_said_to_empty() -> None:
    stay = Stay(*PLACE, first=TRAINED + 5, until=TRAINED + 16)

    findings, _ = watched(the_looks(TRAINED + 24, [stay]))

    assert [f.kind for f in findings] == [
        FindingKind.CAMP_NEW, FindingKind.CAMP_NEW, FindingKind.CAMP_EMPTYING
    ]  # fmt: skip
    assert findings[2].settlement_id is None


def _a_burn(place: str, at: datetime) -> Finding:
    return replace(a_finding(settlement_id=place), first_seen=at, last_seen=at, known_at=at)


def test_without_history_nothing_is_judged_and_the_reason_is_said() -> None:
    region = a_region()
    stream = CampStream(region, SETTINGS, START)

    verdicts = [stream.take(look, []) for look in the_looks(10, [Stay(*PLACE, first=0)])]

    reasons = {verdict.reason for verdict in verdicts if verdict is not None}
    assert reasons == {"no season is known yet: fewer than 25 clear looks"}


def test_looks_that_see_nothing_are_no_alarm_and_no_crash() -> None:
    cloudy = range(TRAINED, TRAINED + 10)

    findings, verdicts = watched(the_looks(TRAINED + 10, cloudy=cloudy))

    assert findings == []
    assert {verdict.reason for verdict in verdicts} == {"nothing of the area was clear"}


def test_a_look_that_is_given_twice_counts_once() -> None:
    looks = list(the_looks(TRAINED + 6, [Stay(*PLACE, first=TRAINED + 5)]))
    doubled = [*looks, looks[-1], looks[-1]]

    findings, verdicts = watched(doubled)

    assert findings == []
    assert [v.reason for v in verdicts[-2:]] == ["the look was judged before"] * 2


def test_a_look_whose_radiometry_is_off_is_held() -> None:
    findings, verdicts = watched(the_looks(TRAINED + 4, bright=[TRAINED + 2]))

    assert findings == []
    held = [verdict for verdict in verdicts if verdict.held]
    assert len(held) == 1 and held[0].reason.startswith("held: the visible bands")


def test_looks_in_the_wrong_order_end_in_the_same_alarm() -> None:
    looks = list(the_looks(TRAINED + 10, [Stay(*PLACE, first=TRAINED + 5)]))
    looks[-3], looks[-4] = looks[-4], looks[-3]

    findings, _ = watched(looks)

    assert [f.kind for f in findings] == [FindingKind.CAMP_NEW] * 2
    assert findings[-1].looks_agreeing >= 3


def test_without_texture_a_camp_is_never_more_than_tier_c() -> None:
    stay = Stay(*PLACE, first=TRAINED + 5, cover=1.5)

    findings, _ = watched(the_looks(TRAINED + 14, [stay], no_texture=True))

    assert all(f.tier is Tier.C and "texture_unknown" in f.flags for f in findings)


def test_two_orbits_do_not_make_ten_days_shorter() -> None:
    stay = Stay(*PLACE, first=2 * TRAINED + 5)
    looks = the_looks(2 * TRAINED + 16, [stay], step=timedelta(days=2.5))

    findings, _ = watched(looks)

    # Looks every 2.5 days: the fourth look after the first spans ten days, the second five.
    early, found = findings
    assert early.last_seen - early.first_seen == timedelta(days=5) and early.looks_agreeing == 3
    assert found.last_seen - found.first_seen >= timedelta(days=9.8)
