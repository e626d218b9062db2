from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, is_cleared
from alerts.grading import NEVER_TOLD, Rank, Severity, rank_of, severity_of
from alerts.place import place_of
from alerts.subscription import (
    NOTHING_SENT,
    Hold,
    Person,
    PersonState,
    Profile,
    Send,
    SentSoFar,
    Skip,
    SubscriptionPolicy,
    covers,
    decide,
    merged,
    next_period,
)
from aoi.area import Sensitivity
from monitor.finding import FindingKind, Tier
from tests.alerts.test_alert import an_alert
from tests.builders import NOW, a_finding, a_settlement, a_square, an_aoi, days_ago

POLICY = SubscriptionPolicy()

# NOW is a Monday at noon; digests are made at 6 in the person's morning.
TOMORROW = datetime(2024, 5, 21, 6, tzinfo=UTC)
MONDAY = datetime(2024, 5, 27, 6, tzinfo=UTC)
PERSON = Person("p1", "email", "r@ngo.example", PersonState.ACTIVE, clearance="partner-full")
PROFILE = Profile("p1-1", "p1", "Villages", days_ago(400), aois=("sd-test",))


def told(status: Status, severity: Severity, tier: Tier) -> SentSoFar:
    rank = rank_of(a_confirmed(status=status, tier=tier, severity=severity))
    return SentSoFar(event=rank, place=rank)


def a_confirmed(
    status: Status = Status.CONFIRMED, fraction: float = 0.25, tier: Tier = Tier.B, **changes: Any
) -> Alert:
    finding = a_finding(settlement_fraction=fraction, tier=tier)
    given: dict[str, Any] = {
        "status": status, "finding": finding, "severity": severity_of(finding),
        "released_at": NOW if status is Status.CONFIRMED else None, **changes,
    }  # fmt: skip
    return an_alert(**given)


MODERATE_B = told(Status.CONFIRMED, Severity.MODERATE, Tier.B)


@pytest.mark.parametrize(
    ("alert", "profile", "person", "sent", "verdict"),
    [
        pytest.param({}, {}, {}, NOTHING_SENT, Send("first"), id="the plain case"),
        pytest.param({}, {"aois": ("elsewhere",)}, {}, NOTHING_SENT, Skip("area"), id="area"),
        pytest.param({}, {"kinds": (FindingKind.CAMP_NEW,)}, {}, NOTHING_SENT, Skip("kind"),
                     id="kind"),
        pytest.param({"fraction": 0.05}, {}, {}, NOTHING_SENT, Skip("below_severity"),
                     id="minor, and moderate is the least"),
        pytest.param({"tier": Tier.C}, {}, {}, NOTHING_SENT, Skip("below_tier"), id="tier"),
        pytest.param({"status": Status.PROVISIONAL}, {}, {}, NOTHING_SENT, Skip("unreviewed"),
                     id="not reviewed"),
        pytest.param({"released_at": None}, {}, {}, NOTHING_SENT, Skip("unreviewed"),
                     id="confirmed by one, and two are needed"),
        pytest.param({}, {}, {"clearance": "public"}, NOTHING_SENT, Skip("clearance"),
                     id="clearance"),
        pytest.param({}, {}, {"state": PersonState.PENDING}, NOTHING_SENT,
                     Skip("unconfirmed_address"), id="address not confirmed"),
        pytest.param({}, {}, {"state": PersonState.SUPPRESSED}, NOTHING_SENT,
                     Skip("suppressed_address"), id="address bounced"),
        pytest.param({}, {}, {"state": PersonState.UNSUBSCRIBED}, NOTHING_SENT, Skip("paused"),
                     id="left"),
        pytest.param({}, {"active": False}, {}, NOTHING_SENT, Skip("paused"), id="profile off"),
        pytest.param({}, {"starts_at": NOW + timedelta(days=1)}, {}, NOTHING_SENT,
                     Skip("watermark"), id="before the profile began"),
        pytest.param({}, {}, {}, MODERATE_B, Send("updated"), id="nothing worse: an update"),
        pytest.param({}, {"updates": False}, {}, MODERATE_B, Skip("updates_off"), id="no updates"),
        pytest.param({}, {}, {}, replace(MODERATE_B, last_at=NOW - timedelta(minutes=20)),
                     Hold("group_wait", NOW + timedelta(minutes=40), "updated"),
                     id="an update 20 minutes after the last message waits for the hour"),
        pytest.param({"fraction": 0.5}, {}, {},
                     replace(MODERATE_B, last_at=NOW - timedelta(minutes=20)),
                     Send("escalated"), id="what is worse does not wait"),
        pytest.param({"fraction": 0.5}, {"updates": False}, {}, MODERATE_B, Send("escalated"),
                     id="worse passes without updates"),
        pytest.param({"tier": Tier.A}, {"updates": False}, {}, MODERATE_B, Send("escalated"),
                     id="surer passes without updates"),
        pytest.param({}, {}, {}, told(Status.PROVISIONAL, Severity.MODERATE, Tier.B),
                     Send("confirmed"), id="confirmed after provisional"),
        pytest.param({}, {}, {}, SentSoFar(place=Rank(2, 1, 1)), Skip("cooldown"),
                     id="the same was told of this village"),
        pytest.param({"fraction": 0.5}, {}, {}, SentSoFar(place=Rank(2, 1, 1)), Send("first"),
                     id="worse than what was told of this village"),
        pytest.param({}, {}, {}, SentSoFar(inhibited_by="fire-x"), Skip("inhibited"),
                     id="a confirmed burn mutes hotspots"),
        pytest.param({}, {}, {}, SentSoFar(in_last_day=20), Hold("cap", TOMORROW, "first"),
                     id="cap"),
        pytest.param({}, {}, {}, SentSoFar(in_last_day=19), Send("first"), id="under the cap"),
        pytest.param({"fraction": 0.5}, {}, {}, replace(MODERATE_B, in_last_day=20),
                     Send("escalated"), id="severe escalation passes the cap"),
        pytest.param({}, {}, {}, SentSoFar(in_last_hour=5),
                     Hold("burst", NOW + timedelta(hours=1), "first"), id="a flood"),
        pytest.param({}, {"frequency": "weekly"}, {}, NOTHING_SENT,
                     Hold("digest", MONDAY, "first"), id="weekly"),
        pytest.param({}, {"frequency": "daily"}, {}, NOTHING_SENT,
                     Hold("digest", TOMORROW, "first"), id="daily"),
    ],
)  # fmt: skip
def test_a_revision_is_sent_held_or_skipped_for_a_reason(
    alert: dict[str, Any], profile: dict[str, Any], person: dict[str, Any], sent: SentSoFar,
    verdict: object,
) -> None:  # fmt: skip
    given_profile, given_person = replace(PROFILE, **profile), replace(PERSON, **person)

    assert decide(
        a_confirmed(**alert), given_profile, given_person, sent, NOW, POLICY
    ) == verdict  # fmt: skip


@pytest.mark.parametrize(
    ("hour", "until"),
    [
        pytest.param(3, datetime(2024, 5, 20, 5, tzinfo=UTC), id="at 5 in Khartoum: until 7"),
        pytest.param(5, None, id="at 7 in Khartoum it is day"),
        pytest.param(19, None, id="at 21 it still is"),
        pytest.param(20, datetime(2024, 5, 21, 5, tzinfo=UTC), id="at 22: until the next 7"),
    ],
)
def test_by_night_only_what_is_bad_enough_wakes(hour: int, until: datetime | None) -> None:
    profile = replace(PROFILE, night_severity=Severity.SEVERE)
    person = replace(PERSON, time_zone="Africa/Khartoum")
    now = datetime(2024, 5, 20, hour, tzinfo=UTC)
    alert = replace(a_confirmed(), released_at=days_ago(2))

    verdict = decide(alert, profile, person, NOTHING_SENT, now, POLICY)
    severe = replace(a_confirmed(fraction=0.5), released_at=days_ago(2))

    assert verdict == (Send("first") if until is None else Hold("quiet_hours", until, "first"))
    assert decide(severe, profile, person, NOTHING_SENT, now, POLICY) == Send("first")


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        pytest.param({"units": ("SD",)}, True, id="the country"),
        pytest.param({"units": ("SD04",)}, True, id="the state"),
        pytest.param({"units": ("SD05",)}, False, id="another state"),
        pytest.param({"polygon": a_square(100)}, True, id="a polygon around its middle"),
        pytest.param({"polygon": a_square(100, east_m=300)}, False, id="a polygon beside it"),
        pytest.param({}, False, id="nothing named, nothing watched"),
    ],
)
def test_a_profile_watches_what_it_names(changes: dict[str, Any], covered: bool) -> None:
    place = place_of(an_aoi(), a_settlement(admin_pcode="SD04118"))

    assert covers(replace(PROFILE, aois=(), **changes), an_alert(place=place)) is covered


@pytest.mark.parametrize(
    ("frequency", "now", "until"),
    [
        pytest.param("daily", datetime(2024, 5, 20, 5, tzinfo=UTC), (20, 6), id="before six"),
        pytest.param("daily", datetime(2024, 5, 20, 6, tzinfo=UTC), (21, 6), id="at six"),
        pytest.param("weekly", datetime(2024, 5, 20, 5, tzinfo=UTC), (20, 6), id="Monday early"),
        pytest.param("weekly", datetime(2024, 5, 26, 23, tzinfo=UTC), (27, 6), id="Sunday late"),
        pytest.param("weekly", datetime(2024, 5, 21, 5, tzinfo=UTC), (27, 6), id="Tuesday"),
    ],
)
def test_a_digest_is_made_in_the_morning(
    frequency: str, now: datetime, until: tuple[int, int]
) -> None:
    period = next_period(PERSON, frequency, now)

    assert (period.day, period.hour) == until


def test_the_morning_is_the_persons_own() -> None:
    person = replace(PERSON, time_zone="Asia/Yangon")  # six and a half hours ahead

    assert next_period(person, "daily", NOW) == datetime(2024, 5, 20, 23, 30, tzinfo=UTC)


def test_the_most_urgent_of_several_wishes_decides_and_all_are_named() -> None:
    later = Hold("digest", NOW, "first")

    assert merged([("Villages", later), ("Camps", Send("first"))]) == (
        Send("first"), ("Villages", "Camps"),
    )  # fmt: skip
    assert merged([("Villages", Skip("kind")), ("Camps", later)]) == (later, ("Camps",))
    assert merged([("Villages", Skip("kind")), ("Camps", Skip("area"))])[1] == ()


histories = st.lists(
    st.tuples(
        st.sampled_from([Status.PROVISIONAL, Status.CONFIRMED]),
        st.floats(0.0, 1.0),
        st.sampled_from(Tier),
        st.integers(0, 30),
    ),
    max_size=8,
)
profiles = st.builds(
    lambda severity, tier, updates: replace(
        PROFILE, min_severity=severity, min_tier=tier, updates=updates
    ),
    st.sampled_from(Severity), st.sampled_from(Tier), st.booleans(),
)  # fmt: skip


@settings(max_examples=200)
@given(histories, profiles, st.integers(0, 40))
def test_the_highest_rank_told_is_the_highest_the_person_was_entitled_to(
    history: list[tuple[Status, float, Tier, int]], profile: Profile, in_last_day: int
) -> None:
    sent = SentSoFar(in_last_day=in_last_day)
    entitled = NEVER_TOLD

    for status, fraction, tier, _ in history:
        alert = a_confirmed(status=status, fraction=fraction, tier=tier)
        verdict = decide(alert, profile, PERSON, sent, NOW, POLICY)
        meets = decide(alert, profile, PERSON, NOTHING_SENT, NOW, POLICY)
        if not isinstance(meets, Skip):
            entitled = entitled.joined(rank_of(alert))
        # A hold runs out: what is held is sent in the end.
        if not isinstance(verdict, Skip):
            sent = replace(sent, event=sent.event.joined(rank_of(alert)))

    assert sent.event == entitled


@given(
    st.sampled_from(Sensitivity), st.sampled_from(FindingKind), st.sampled_from(sorted(AUDIENCES)),
    profiles,
)  # fmt: skip
def test_nobody_uncleared_is_ever_sent_anything(
    sensitivity: Sensitivity, kind: FindingKind, clearance: str, profile: Profile
) -> None:
    place = place_of(an_aoi(sensitivity=sensitivity), a_settlement())
    alert = an_alert(
        place=place, finding=a_finding(kind=kind), status=Status.CONFIRMED, released_at=NOW
    )
    person = replace(PERSON, clearance=clearance)

    verdict = decide(alert, profile, person, NOTHING_SENT, NOW, POLICY)

    if not is_cleared(alert, AUDIENCES[clearance]):
        assert verdict == Skip("clearance")
