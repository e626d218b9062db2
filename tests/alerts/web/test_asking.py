from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import HTTPException
from shapely.geometry import Point

from alerts.web.asking import MAX_LIMIT, asked_of, bounds_of, pages_of, times_of
from alerts.web.records import Asked

ALLOWED = ("limit", "offset", "bbox", "datetime", "key")
MAY = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("1,2,3,4", (1, 2, 3, 4)),
        ("1,2,0,3,4,100", (1, 2, 3, 4)),
        ("170,-10,-170,10", (170, -10, -170, 10)),
    ],
)
def test_a_box_is_read(text: str, expected: object) -> None:
    assert bounds_of(text) == expected


@pytest.mark.parametrize("text", ["1", "1,2,3", "1,2,3,inf", "nan,1,2,3", "1,5,2,4", "1,2,3,x"])
def test_what_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(HTTPException) as refused:
        bounds_of(text)
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (None, None)),
        ("2024-05-01T00:00:00Z", (MAY, MAY)),
        ("2024-05-01/..", (MAY, None)),
        ("../2024-05-01", (None, MAY)),
        ("2024-05-01T02:00:00+02:00", (MAY, MAY)),
    ],
)
def test_a_time_is_read(text: str, expected: object) -> None:
    assert times_of(text) == expected


def test_a_box_over_the_antimeridian_holds_both_sides_and_nothing_between() -> None:
    asked = Asked(10, bounds=(170, -10, -170, 10))

    assert asked.meets(Point(175, 0))
    assert asked.meets(Point(-175, 0))
    assert not asked.meets(Point(0, 0))
    assert not asked.meets(None)


def test_a_limit_above_the_greatest_is_cut_and_below_the_least_refused() -> None:
    assert asked_of({"limit": "999999"}, ALLOWED).limit == MAX_LIMIT
    with pytest.raises(HTTPException):
        asked_of({"limit": "0"}, ALLOWED)


def test_a_parameter_that_is_not_known_is_not_ignored() -> None:
    with pytest.raises(HTTPException, match="no parameter 'limits'"):
        asked_of({"limits": "1"}, ALLOWED)


@pytest.mark.parametrize(
    ("offset", "matched", "expected"),
    [
        (0, 10, ["self"]), (0, 11, ["self", "next"]), (10, 11, ["self", "prev"]),
        (10, 21, ["self", "next", "prev"]), (5, 5, ["self", "prev"]),
    ],
)  # fmt: skip
def test_pages_are_linked_and_links_hold_no_key(
    offset: int, matched: int, expected: list[str]
) -> None:
    query = {"key": "ew_secret", "bbox": "1,2,3,4", "offset": str(offset)}
    links = pages_of("https://x/items", query, Asked(10, offset), matched, "application/json")

    assert [one["rel"] for one in links] == expected
    assert all("ew_secret" not in one["href"] and "bbox=1" in one["href"] for one in links)
