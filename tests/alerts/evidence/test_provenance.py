from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.evidence.cross_checks import reference_faults
from tests.alerts.evidence.conftest import Case
from tests.alerts.evidence.test_room import opened
from tests.builders import a_finding

AFTER = "ew:file/looks/after/look-after.tif"


@pytest.fixture
def said(case: Case) -> Any:
    return json.loads(opened(case.bundle)["prov.json"])


def origins(said: Any, name: str) -> set[str]:
    """Return everything that a thing was derived from, directly or not."""
    direct = {
        one["prov:usedEntity"]
        for one in said["wasDerivedFrom"].values()
        if one["prov:generatedEntity"] == name
    }
    return direct | {far for near in direct for far in origins(said, near)}


def test_an_alert_leads_back_to_the_scenes_of_its_provider(case: Case, said: Any) -> None:
    last = f"ew:alert/{case.alert.event_id}/{case.alert.revision + 2}"

    assert {"ew:scene/S2-before", "ew:scene/S2-after", AFTER} <= origins(said, last)
    assert {"prov:entity": "ew:scene/S2-after", "prov:agent": "ew:provider/folder"} in said[
        "wasAttributedTo"
    ].values()


def test_every_act_names_who_did_it(said: Any) -> None:
    actors = {
        said["activity"][one["prov:activity"]]["ew:action"]: one["prov:agent"]
        for one in said["wasAssociatedWith"].values()
        if one["prov:activity"].startswith("ew:act/")
    }

    assert actors == {"open": "ew:program", "unsure": "ew:person/Ben", "confirm": "ew:person/Amina"}


def test_the_detector_and_its_calibration_made_the_finding(said: Any) -> None:
    finding = a_finding()
    made = said["activity"][f"ew:detection/{finding.finding_id}"]

    assert (made["ew:detector"], made["ew:calibration"]) == (finding.detector, finding.calibration)


def test_everything_that_is_named_is_described(said: Any) -> None:
    kinds = {"entity", "activity", "agent"}
    described = {name for kind in kinds for name in said[kind]}
    named = {
        end
        for relation, bindings in said.items()
        if relation not in kinds | {"prefix"}
        for binding in bindings.values()
        for end in binding.values()
    }

    assert named <= described


def test_every_file_but_the_seal_and_the_paper_itself_has_its_digest(case: Case, said: Any) -> None:
    named = {one["ew:file"] for one in said["entity"].values() if "ew:file" in one}
    files = {
        name
        for name in opened(case.bundle)
        if not name.startswith(("keys/", "manifest", "prov", "looks/others/", "log/root"))
    }

    assert named == files


@pytest.mark.parametrize("name", ["prov.json", "recipe.json"])
@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"entity": 3, "inputs": []}'])
def test_one_that_cannot_be_read_is_named(name: str, text: bytes) -> None:
    assert [fault.what for fault in reference_faults({name: text}, ())] == ["cannot be read"]


def test_pixels_that_a_recipe_names_must_be_in_the_bundle() -> None:
    recipe = json.dumps({"inputs": {"looks/after/x.tif": "00"}}).encode()

    (fault,) = reference_faults({"recipe.json": recipe}, ())
    assert fault.what == "names looks/after/x.tif, which is not in the bundle"
