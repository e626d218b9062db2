from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from alerts.alert import SERVICE, Action, Alert, AlertEvent, Status
from alerts.errors import AlertError
from alerts.labels import Label, cases_of, label_of, labels_csv, labels_from
from monitor.finding import SensorFamily
from tests.alerts.test_alert import an_alert
from tests.builders import NOW, a_finding, days_ago, some_evidence

OPTICAL = some_evidence(score_unit="normal score of the pair rule", p=1e-4)
FIRES = some_evidence(family=SensorFamily.HOTSPOTS, p=1e-3, score_unit="weighted detections")
BURN = a_finding(indicators={"rate_per_village_year": 0.004}, evidence=(OPTICAL, FIRES))


def an_event(
    action: Action, *, by: str = "amina", reason: str = "", at: datetime = NOW
) -> AlertEvent:
    return AlertEvent("e", 2, action, by, at, reason, "", Status.FIRST, Status.CONFIRMED)


def of(*events: AlertEvent, finding: Any = BURN) -> Label | None:
    alert: Alert = replace(an_alert(), finding=finding)
    return label_of(alert, events)


@pytest.mark.parametrize(
    ("action", "reason", "label"),
    [
        (Action.CONFIRM, "", "burned"),
        (Action.REJECT, "cloud_shadow", "not_burned"),
        (Action.REJECT, "agricultural", "other_change"),
        (Action.RETRACT, "false", "not_burned"),
        (Action.RETRACT, "unsafe", "cannot_tell"),
        (Action.UNSURE, "", "cannot_tell"),
    ],
)
def test_a_verdict_is_a_label(action: Action, reason: str, label: str) -> None:
    found = of(an_event(action, reason=reason))

    assert found is not None
    assert found.label == label
    assert found.confounder == ("" if action is Action.CONFIRM else reason)


def test_what_was_known_stands_beside_it() -> None:
    found = of(an_event(Action.CONFIRM))

    assert found is not None
    assert (found.optical_p, found.hotspots_p) == (1e-4, 1e-3)
    assert math.isnan(found.radar_p)
    assert found.rate_per_village_year == 0.004


def test_the_last_word_counts_and_readers_are_counted() -> None:
    early = an_event(Action.CONFIRM, at=days_ago(3))
    late = an_event(Action.RETRACT, by="boris", reason="false")

    found = of(late, early)

    assert found is not None
    assert (found.label, found.reviewers) == ("not_burned", 2)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param((), id="nothing happened"),
        pytest.param((an_event(Action.ABSORB, by=SERVICE),), id="the service alone"),
        pytest.param((an_event(Action.REJECT, reason="duplicate"),), id="a duplicate"),
    ],
)
def test_what_is_no_label(events: tuple[AlertEvent, ...]) -> None:
    assert of(*events) is None


def test_fires_that_the_optical_rate_counts_already_are_not_counted_twice() -> None:
    hit = replace(OPTICAL, score_unit="normal score of the hit rule")

    found = of(an_event(Action.CONFIRM), finding=replace(BURN, evidence=(hit, FIRES)))

    assert found is not None
    assert math.isnan(found.hotspots_p)


def test_a_table_is_read_back_as_it_was_written() -> None:
    label = of(an_event(Action.REJECT, reason="industrial"))
    assert label is not None

    (again,) = labels_from(labels_csv([label]), "labels.csv")

    assert labels_csv([again]) == labels_csv([label])
    assert again.decided_at == label.decided_at


def test_a_table_of_an_earlier_version_lacks_the_share_of_fires() -> None:
    label = of(an_event(Action.REJECT, reason="industrial"))
    assert label is not None
    lines = [line.rpartition(",")[0] for line in labels_csv([label]).splitlines()]

    (again,) = labels_from("\n".join(lines), "labels.csv")

    assert math.isnan(again.hotspots_share)
    assert again.decided_at == label.decided_at


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("burned", "perhaps", "line 2: unknown label 'perhaps'"),
        ("2024-05-20", "20.05.2024", "line 2"),
        ("0.9", "much", "line 2"),
        ("rate_per_village_year", "rate", "lacks the columns rate_per_village_year"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_line(old: str, new: str, said: str) -> None:
    label = of(an_event(Action.CONFIRM))
    assert label is not None
    text = labels_csv([label]).replace(old, new, 1)

    with pytest.raises(AlertError, match=r"labels\.csv") as refused:
        labels_from(text, "labels.csv")

    assert said in refused.value.message


def test_only_burns_with_a_yes_or_no_can_be_learned_from() -> None:
    yes = of(an_event(Action.CONFIRM))
    no = of(an_event(Action.REJECT, reason="agricultural"))
    unsure = of(an_event(Action.UNSURE))
    assert yes is not None and no is not None and unsure is not None
    camp = replace(yes, kind="camp_new")
    without_rate = replace(yes, rate_per_village_year=math.nan)

    cases = cases_of([yes, no, unsure, camp, without_rate])

    assert [case.burned for case in cases] == [True, False]
    assert cases[0].hotspots_p == 1e-3
    assert cases[0].radar_p is None
