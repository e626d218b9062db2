from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, delete

from alerts.alert import Action, Alert, Status
from alerts.corrections import BY_HAND, Corrections, area_m2, outline_from, text_of
from alerts.errors import NotAllowed, StaleAlert
from alerts.grading import Severity
from alerts.publisher import PublisherPolicy
from alerts.reconciler import Reconciler
from alerts.store import mark_outside
from alerts.subscription import PersonState, SubscriptionPolicy
from alerts.tables import DELIVERIES
from aoi.database import writing
from monitor.finding import FindingKind
from monitor.store import MonitorStore
from tests.alerts.conftest import House, words_of
from tests.alerts.test_queue import keep
from tests.builders import NOW, a_finding, a_square

LATER = NOW + timedelta(hours=6)
SQUARE = "25.0, 12.0\n25.001, 12.0\n25.001, 12.001\n25.0, 12.001"


@pytest.fixture
def desk(db: Engine) -> Corrections:
    return Corrections(db)


def twins(db: Engine, house: House) -> tuple[Alert, Alert]:
    """Two alerts on one fire, the second a little to the east."""
    first = house.opened()
    finding = replace(first.finding, finding_id="g" * 20, geometry=a_square(200, east_m=200))
    second = replace(
        first, event_id="fire-twin", ref="TWIN", finding=finding, finding_ids=(finding.finding_id,)
    )
    return first, keep(db, second)


def test_another_outline_is_one_more_revision_with_its_area_and_share(
    house: House, desk: Corrections
) -> None:
    alert = house.opened()

    # The village is 400 x 400 m, and the new outline 200 x 200 m inside it.
    mended = desk.redraw(alert.ref, a_square(200), "Amina", NOW, note="only the market")

    assert mended.revision == alert.revision + 1
    assert mended.finding.area_m2 == pytest.approx(40_000, rel=0.01)
    assert mended.finding.settlement_fraction == pytest.approx(0.25, rel=0.01)
    assert mended.severity == "moderate"
    assert BY_HAND in mended.finding.flags
    last = house.alerts.events(alert.ref)[-1]
    assert (last.action, last.actor, last.note) == (Action.CORRECT, "Amina", "only the market")


def test_the_outline_of_the_detector_stays_on_record(
    db: Engine, house: House, desk: Corrections
) -> None:
    alert = house.opened()
    desk.redraw(alert.ref, a_square(200), "Amina", NOW)

    (found,) = MonitorStore(db).findings(finding_ids=[alert.finding.finding_id])
    assert found.geometry.equals_exact(alert.finding.geometry, 1e-12)


def test_somebody_who_was_faster_is_not_overwritten(house: House, desk: Corrections) -> None:
    alert = house.opened()
    house.desk.unsure(alert.ref, "Ben", NOW)

    with pytest.raises(StaleAlert, match="Ben: unsure"):
        desk.redraw(alert.ref, a_square(200), "Amina", NOW, expected_revision=alert.revision)


@pytest.mark.parametrize(
    ("outline", "message"),
    [
        pytest.param(affinity.translate(a_square(200), 1.0), "10 km", id="another place"),
        pytest.param(
            Polygon([(0, 0), (0, 1e-3), (1e-3, 0), (1e-3, 1e-3)]), "crosses itself", id="a bow tie"
        ),
        pytest.param(a_square(200).centroid.buffer(1e-4, quad_segs=800), "corners", id="too fine"),
    ],
)
def test_an_outline_that_cannot_be_one_is_refused(
    outline: Polygon, message: str, house: House, desk: Corrections
) -> None:
    alert = house.opened()

    with pytest.raises(NotAllowed, match=message):
        desk.redraw(alert.ref, outline, "Amina", NOW)
    assert house.alerts.alert(alert.ref) == alert


def test_what_was_rejected_is_not_redrawn(house: House, desk: Corrections) -> None:
    alert = house.opened()
    house.desk.reject(alert.ref, "Amina", "water", NOW)

    with pytest.raises(NotAllowed):
        desk.redraw(alert.ref, a_square(200), "Amina", NOW)


def test_two_alerts_become_one_that_has_the_findings_of_both(
    db: Engine, house: House, desk: Corrections
) -> None:
    first, second = twins(db, house)

    joined = desk.join(second.ref, first.ref, "Amina", NOW, note="one fire")

    ended = house.alerts.alert(second.event_id)
    assert (ended.status, ended.review_reason) == (Status.REJECTED, "duplicate")
    assert f"the same as {first.ref}" in ended.note
    assert joined.finding_ids == (*first.finding_ids, *second.finding_ids)
    together = first.finding.geometry.union(second.finding.geometry)
    assert joined.finding.area_m2 == pytest.approx(area_m2(together))
    assert house.alerts.events(first.ref)[-1].note == f"joined with {second.ref}. one fire"
    assert house.alerts.broken_link() is None


def test_what_people_outside_have_is_not_joined_away(
    db: Engine, house: House, desk: Corrections
) -> None:
    first, second = twins(db, house)
    with writing(db) as connection:
        mark_outside(connection, [second.event_id])

    with pytest.raises(NotAllowed, match="people outside may have it"):
        desk.join(second.ref, first.ref, "Amina", NOW)
    assert house.alerts.alert(first.ref) == first


def test_what_is_not_one_event_is_not_joined(db: Engine, house: House, desk: Corrections) -> None:
    first, second = twins(db, house)
    camp = a_finding(kind=FindingKind.CAMP_NEW, finding_id="h" * 20)
    keep(db, replace(first, event_id="camp-x", ref="CAMP", finding=camp))
    house.desk.reject(second.ref, "Ben", "water", NOW)

    for other, message in (
        (first.ref, "itself"), ("CAMP", "different areas or families"), ("TWIN", "was rejected")
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match=message):
            desk.join(first.ref, other, "Amina", NOW)


def half_of(alert: Alert, side: str = "west") -> Polygon:
    """The western or eastern half of the outline of an alert, drawn generously."""
    west, south, east, north = alert.finding.geometry.bounds
    middle, margin = (west + east) / 2, 0.001
    edges = (west - margin, middle) if side == "west" else (middle, east + margin)
    return box(edges[0], south - margin, edges[1], north + margin)


def test_a_part_becomes_an_alert_of_its_own_that_waits_for_a_verdict(
    db: Engine, house: House, desk: Corrections
) -> None:
    alert = house.confirmed()

    rest, part = desk.split(alert.ref, half_of(alert), "Amina", NOW, note="two fires")

    assert rest.finding.area_m2 == pytest.approx(alert.finding.area_m2 / 2, rel=0.01)
    assert part.finding.area_m2 == pytest.approx(alert.finding.area_m2 / 2, rel=0.01)
    together = rest.finding.geometry.union(part.finding.geometry)
    assert area_m2(together) == pytest.approx(area_m2(alert.finding.geometry))
    assert (rest.event_id, rest.ref, rest.status) == (alert.event_id, alert.ref, Status.CONFIRMED)
    assert (part.status, part.needs_review, part.reviewed_by) == (Status.FIRST, True, ())
    assert (part.split_from, part.finding_ids) == (alert.event_id, alert.finding_ids)
    assert house.alerts.alert(part.ref) == part
    (opening,) = house.alerts.events(part.event_id)
    assert (opening.actor, opening.note) == ("Amina", f"split from {alert.ref}. two fires")
    assert house.alerts.events(alert.event_id)[-1].note == f"{part.ref} was split off. two fires"
    assert house.alerts.broken_link() is None


def test_the_outline_of_the_detector_outlives_a_split(
    db: Engine, house: House, desk: Corrections
) -> None:
    alert = house.opened()
    desk.split(alert.ref, half_of(alert), "Amina", NOW)

    (found,) = MonitorStore(db).findings(finding_ids=[alert.finding.finding_id])
    assert found.geometry.equals_exact(alert.finding.geometry, 1e-12)


def test_joining_the_part_again_undoes_a_split(house: House, desk: Corrections) -> None:
    alert = house.opened()
    rest, part = desk.split(alert.ref, half_of(alert), "Amina", NOW)

    whole = desk.join(part.ref, rest.ref, "Amina", NOW)

    assert whole.finding.area_m2 == pytest.approx(area_m2(alert.finding.geometry), rel=1e-6)
    assert whole.finding_ids == alert.finding_ids


def test_who_has_the_whole_hears_of_the_rest_and_of_the_part(
    house: House, desk: Corrections
) -> None:
    house.subscribe(wishes={"min_severity": Severity.MINOR})
    alert = house.confirmed()
    house.publish()
    house.deliver()

    _, part = desk.split(alert.ref, half_of(alert), "Amina", LATER)
    house.publish(LATER)
    house.deliver(LATER)
    # Not held back because the settlement was told of a moment ago: the update took it out.
    house.desk.confirm(part.ref, "Ben", LATER)
    house.publish(LATER)
    house.deliver(LATER)

    told = [(one.event_id, one.reason) for one in house.deliveries()]
    assert sorted(told) == sorted(
        [(alert.event_id, "first"), (alert.event_id, "updated"), (part.event_id, "first")]
    )
    assert len(house.mails()) == 3


def no_worse(alert: Alert) -> BaseGeometry:
    """A quarter of the village, as the detector had said it."""
    return affinity.scale(alert.finding.geometry, 0.5, 0.5)


NIGHT = NOW.replace(hour=2) + timedelta(days=1)
"""Hours after a message, and before the morning."""


@pytest.mark.parametrize(
    "wishes",
    [
        pytest.param({"updates": False}, id="no updates"),
        pytest.param({"night_severity": Severity.EXTREME}, id="asleep"),
        pytest.param({"min_severity": Severity.SEVERE}, id="less than they wish to hear of"),
        pytest.param({"aois": ("elsewhere",)}, id="another area now"),
        pytest.param({"kinds": (FindingKind.CAMP_NEW,)}, id="other kinds now"),
        pytest.param({"frequency": "weekly"}, id="a weekly digest now"),
    ],
)
def test_a_correction_reaches_whoever_has_what_is_no_longer_so(
    house: House, desk: Corrections, wishes: dict[str, Any]
) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()
    house.deliver()
    house.subscribe(wishes=wishes)

    desk.redraw(alert.ref, no_worse(alert), "Amina", NIGHT)
    house.publish(NIGHT)
    house.deliver(NIGHT)

    first, second = house.mails()
    assert first["Message-ID"] in second["References"]
    text = words_of(second)
    assert "a correction" in text and "You were sent an earlier message on it." in text
    # Told once: the next round has nothing to put right.
    assert house.publish(NIGHT) == 0


def test_a_correction_that_was_not_sent_is_found_by_the_nightly_check(
    house: House, desk: Corrections
) -> None:
    house.subscribe(wishes={"updates": False})
    alert = house.confirmed()
    house.publish()
    house.deliver()
    desk.redraw(alert.ref, no_worse(alert), "Amina", LATER)
    house.publish(LATER)
    reconciler = Reconciler(house.engine, house.policy.subscriptions)
    assert reconciler.check(LATER) == []

    with writing(house.engine) as connection:
        connection.execute(delete(DELIVERIES).where(DELIVERIES.c.revision == 3))

    (difference,) = reconciler.check(LATER)
    assert "should have been sent and was not" in difference.sentence


def test_a_correction_comes_in_spite_of_the_cap(house: House, desk: Corrections) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()
    house.deliver()
    house.policy = PublisherPolicy(subscriptions=SubscriptionPolicy(max_messages_per_day=1))

    desk.redraw(alert.ref, no_worse(alert), "Amina", LATER)
    house.publish(LATER)

    assert [one.reason for one in house.deliveries(state="queued")] == ["updated"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"clearance": "public"}, id="may no longer see it"),
        pytest.param({"state": PersonState.UNSUBSCRIBED}, id="left"),
    ],
)
def test_a_correction_gives_a_new_position_to_nobody_who_may_not_have_it(
    house: House, desk: Corrections, changes: dict[str, Any]
) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()
    house.deliver()
    house.subscribe(**changes)

    desk.redraw(alert.ref, no_worse(alert), "Amina", LATER)
    house.publish(LATER)
    house.deliver(LATER)

    assert len(house.mails()) == 1


def test_who_was_never_told_is_told_as_they_wish(house: House, desk: Corrections) -> None:
    house.subscribe(wishes={"min_severity": Severity.EXTREME})
    alert = house.confirmed()
    house.publish()

    desk.redraw(alert.ref, no_worse(alert), "Amina", LATER)
    house.publish(LATER)

    assert house.deliveries() == []


def test_new_evidence_goes_to_the_part_that_it_covers(house: House, desk: Corrections) -> None:
    alert = house.opened()
    rest, part = desk.split(alert.ref, half_of(alert, "east"), "Amina", NOW)
    inside = rest.finding.geometry
    later = replace(
        alert.finding, finding_id="k" * 20, geometry=inside, last_seen=NOW, looks_agreeing=3
    )

    house.absorb(later)

    assert "k" * 20 in house.alerts.alert(rest.ref).finding_ids
    assert house.alerts.alert(part.ref) == part


def test_two_people_at_once_do_not_split_what_the_other_changed(
    house: House, desk: Corrections
) -> None:
    alert = house.opened()
    house.desk.unsure(alert.ref, "Ben", NOW)

    with pytest.raises(StaleAlert, match="Ben: unsure"):
        desk.split(alert.ref, half_of(alert), "Amina", NOW, expected_revision=alert.revision)
    assert len(house.alerts.alerts()) == 1


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        pytest.param(a_square(50, east_m=2_000), "nothing of .* lies in", id="beside it"),
        pytest.param(a_square(2_000), "nothing of .* would stay", id="around all of it"),
    ],
)
def test_what_does_not_divide_an_alert_is_refused(
    drawn: Polygon, message: str, house: House, desk: Corrections
) -> None:
    alert = house.opened()

    with pytest.raises(NotAllowed, match=message):
        desk.split(alert.ref, drawn, "Amina", NOW)
    assert house.alerts.alerts() == [alert]


def test_an_area_that_was_not_seen_has_no_parts(
    db: Engine, house: House, desk: Corrections
) -> None:
    alert = house.opened()
    blind = replace(alert.finding, kind=FindingKind.BLIND)
    keep(db, replace(alert, event_id="blind-x", ref="DARK", finding=blind))

    with pytest.raises(NotAllowed, match="has no parts"):
        desk.split("DARK", half_of(alert), "Amina", NOW)


def test_an_outline_can_be_written_and_read_again() -> None:
    outline = outline_from(SQUARE)

    assert isinstance(outline, Polygon)
    assert text_of(outline).splitlines() == [
        "25.000000, 12.000000", "25.001000, 12.000000", "25.001000, 12.001000",
        "25.000000, 12.001000",
    ]  # fmt: skip


def test_an_empty_line_begins_another_part() -> None:
    outline = outline_from(f"{SQUARE}\n\n25.1 12.1\n25.2 12.1\n25.2 12.2\n")

    assert isinstance(outline, MultiPolygon)
    assert outline_from(text_of(outline)).equals(outline)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("25.0, 12.0\n25.1, 12.0", "2 corners"),
        ("25.0, 12.0\nhere\n25.1, 12.0", "line 2 .* not a corner: 'here'"),
        ("25.0, 12.0, 4\n25.1, 12.0, 1", "line 1"),
        ("nan, 12\n25, 12\n25, 13", "not on the earth"),
        ("12, 125\n13, 125\n13, 126", "not on the earth"),
        ("<script>\n", "not a corner"),
    ],
)
def test_what_is_no_outline_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(NotAllowed, match=message):
        outline_from(text)
