from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from alerts.alert import Alert
from alerts.disclosure import (
    AUDIENCES,
    LADDER_DEG,
    Bounds,
    Disclosure,
    Tlp,
    cell_of,
    is_cleared,
    one_figure,
    tlp_of,
)
from alerts.errors import NotCleared
from alerts.formats.geojson import feature_of, geojson_text
from alerts.formats.text import Letter, Links, text_of
from alerts.place import place_of
from alerts.words import Speech
from aoi.area import Sensitivity
from aoi.settlement import SettlementKind
from monitor.finding import FindingKind
from tests.alerts.conftest import some_chips
from tests.alerts.test_alert import an_alert
from tests.builders import NOW, a_finding, a_settlement, an_aoi


def crowded(cell: Bounds, kind: SettlementKind | None) -> int:
    return 5


def sparse(cell: Bounds, kind: SettlementKind | None) -> int:
    """Four settlements in cells of 0.01 degrees, five in those of 0.1 degrees."""
    return 4 if cell[2] - cell[0] < 0.05 else 5


def alert_of(sensitivity: Sensitivity, **finding: object) -> Alert:
    place = place_of(an_aoi(sensitivity=sensitivity), a_settlement(admin_pcode="SD04118"))
    return an_alert(place=place, finding=a_finding(chips=some_chips(), **finding))


@pytest.mark.parametrize(
    ("sensitivity", "kind", "tlp"),
    [
        (Sensitivity.PUBLIC, FindingKind.BURN, Tlp.GREEN),
        (Sensitivity.PARTNERS, FindingKind.BURN, Tlp.AMBER),
        (Sensitivity.RESTRICTED, FindingKind.BURN, Tlp.AMBER_STRICT),
        (Sensitivity.PUBLIC, FindingKind.CAMP_NEW, Tlp.AMBER_STRICT),
        (Sensitivity.PUBLIC, FindingKind.CAMP_EMPTYING, Tlp.RED),
    ],
)
def test_the_stricter_of_area_and_kind_labels_the_alert(
    sensitivity: Sensitivity, kind: FindingKind, tlp: Tlp
) -> None:
    assert tlp_of(alert_of(sensitivity, kind=kind)) is tlp


@pytest.mark.parametrize(
    ("audience", "seen"),
    [
        ("public", [Tlp.GREEN]),
        ("partner", [Tlp.GREEN, Tlp.AMBER]),
        ("partner-full", [Tlp.GREEN, Tlp.AMBER]),
        ("restricted", [Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT]),
        ("named", [Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED]),
    ],
)
def test_nobody_sees_a_label_above_their_clearance(audience: str, seen: list[Tlp]) -> None:
    alerts = [alert_of(sensitivity) for sensitivity in Sensitivity]
    alerts.append(alert_of(Sensitivity.PUBLIC, kind=FindingKind.CAMP_EMPTYING))

    cleared = [tlp_of(alert) for alert in alerts if is_cleared(alert, AUDIENCES[audience])]

    assert cleared == seen


def test_the_uncleared_get_an_error_and_not_a_byte() -> None:
    with pytest.raises(NotCleared, match="not for the audience public"):
        Disclosure.for_(alert_of(Sensitivity.PARTNERS), AUDIENCES["public"])


def test_full_clearance_withholds_nothing() -> None:
    shown = Disclosure.for_(alert_of(Sensitivity.PARTNERS), AUDIENCES["partner-full"])

    assert shown.full and shown.withheld == ()
    assert shown.place is not None and shown.place.name == "Shagra"
    assert shown.precision_m == 10


@pytest.mark.parametrize(
    ("gazetteer", "step", "west"),
    [
        pytest.param(crowded, 0.01, 27.36, id="five in the cell"),
        pytest.param(sparse, 0.1, 27.3, id="four in the cell: the next coarser"),
        pytest.param(lambda cell, kind: 0, None, None, id="nobody anywhere: the admin unit"),
        pytest.param(None, None, None, id="no gazetteer: the admin unit"),
    ],
)
def test_a_cell_hides_the_place_among_five(
    gazetteer: object, step: float | None, west: float | None
) -> None:
    alert = alert_of(Sensitivity.PARTNERS)

    shown = Disclosure.for_(alert, AUDIENCES["partner"], gazetteer)  # type: ignore[arg-type]

    assert shown.step_deg == step
    assert (shown.bounds[0] if shown.bounds else None) == west
    assert shown.pcode == ("SD04118" if step is None else None)


def test_below_full_no_name_no_look_no_picture_and_no_day_is_left() -> None:
    shown = Disclosure.for_(alert_of(Sensitivity.PARTNERS), AUDIENCES["partner"], crowded)

    assert (shown.place, shown.aoi_id, shown.evidence, shown.chips) == (None, None, (), ())
    assert (shown.first_seen, shown.indicators, shown.looks_agreeing) == (None, None, None)
    # 13 and 18 May 2024 are a Monday and a Saturday: both widen to their week.
    assert (shown.observed_after.day, shown.observed_before.day) == (13, 20)
    assert shown.fraction == 0.25


@pytest.mark.parametrize(
    ("value", "rounded"), [(0, 0), (44_000, 40_000), (45_001, 50_000), (0.12, 0.1), (9.6, 10)]
)
def test_areas_are_told_to_one_figure(value: float, rounded: float) -> None:
    assert one_figure(value) == pytest.approx(rounded)


positions = st.tuples(st.floats(-179.9, 179.9), st.floats(-89.9, 89.9))


@given(positions)
def test_cells_nest_so_that_two_audiences_know_no_more_than_the_finer(
    position: tuple[float, float],
) -> None:
    cells = [box(*cell_of(position, step)) for step in LADDER_DEG]

    for finer, coarser in pairwise(cells):
        assert coarser.buffer(1e-9).covers(finer)


def everything_sent(alert: Alert) -> str:
    """Return every byte that the audience `partner` gets of an alert, mail and file."""
    shown = Disclosure.for_(alert, AUDIENCES["partner"], crowded, b"key")
    letter = Letter(shown, "first", alert.status, ("Villages",), 1, None, Links())
    feature = feature_of(shown, published_at=NOW, reason="first")
    return text_of(letter, Speech()) + geojson_text(feature)


@settings(max_examples=50)
@given(st.floats(0.0005, 0.0095), st.floats(0.0005, 0.0095))
def test_moving_the_place_inside_its_cell_changes_no_byte(east: float, north: float) -> None:
    def moved(x: float, y: float) -> Alert:
        outline = box(x - 1e-4, y - 1e-4, x + 1e-4, y + 1e-4)
        place = place_of(an_aoi(), a_settlement(footprint=outline))
        finding = a_finding(geometry=outline, chips=some_chips())
        return replace(an_alert(place=place, finding=finding), event_id="fire-x")

    assert everything_sent(moved(27.36 + east, 13.65 + north)) == everything_sent(
        moved(27.365, 13.655)
    )
