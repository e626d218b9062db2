from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from alerts.alert import Status
from alerts.disclosure import Disclosure, Tlp
from alerts.formats.webhook import Post, challenge_body, webhook_body
from tests.alerts.formats.test_cap import shown
from tests.builders import NOW
from tests.conftest import ROOT

POST = Post("dlv_abc", 17, NOW, "first", "https://watch.example.org/alerts/x", None)


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft202012Validator:
    body = json.loads((ROOT / "docs/schema/webhook-1.json").read_text())
    return jsonschema_rs.Draft202012Validator(body)


def read(disclosure: Disclosure, post: Post = POST) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(webhook_body(disclosure, post))
    return body


@pytest.mark.parametrize(
    "disclosure",
    [
        pytest.param(shown("partner"), id="coarse"),
        pytest.param(shown("partner-full"), id="full"),
        pytest.param(replace(shown("desk"), tlp=Tlp.RED), id="thin"),
        pytest.param(replace(shown("partner"), geometry=None, step_deg=None), id="no place"),
    ],
)
def test_what_is_posted_meets_the_published_schema(
    schema: jsonschema_rs.Draft202012Validator, disclosure: Disclosure
) -> None:
    schema.validate(read(disclosure))
    schema.validate(json.loads(challenge_body("x", NOW)))


def test_of_the_strictest_labels_no_place_no_size_and_no_event_is_posted() -> None:
    body = read(replace(shown("desk"), tlp=Tlp.AMBER_STRICT))

    assert not {"location", "area_ha", "event_id", "kind", "observed"} & set(body["data"])
    assert body["data"]["ref"] == "K7QF"


@pytest.mark.parametrize(
    ("audience", "step", "west", "south"),
    [("partner", 0.01, 27.36, 13.65), ("partner-full", 0.001, 27.369, 13.658)],
)
def test_the_box_is_exactly_one_cell_of_the_precision_it_names(
    audience: str, step: float, west: float, south: float
) -> None:
    location = read(shown(audience))["data"]["location"]
    bbox = location["bbox"]

    assert location["precision_deg"] == step
    assert bbox[:2] == [west, south]
    assert [round(bbox[2] - bbox[0], 9), round(bbox[3] - bbox[1], 9)] == [step, step]


@pytest.mark.parametrize(
    ("status", "supersedes", "kind"),
    [
        (Status.CONFIRMED, None, "alert.published.v1"),
        (Status.CONFIRMED, 2, "alert.updated.v1"),
        (Status.RETRACTED, 2, "alert.cancelled.v1"),
    ],
)
def test_the_type_tells_a_program_what_to_do(
    status: Status, supersedes: int | None, kind: str
) -> None:
    disclosure = replace(shown(), status=status)

    assert read(disclosure, replace(POST, supersedes=supersedes))["type"] == kind
