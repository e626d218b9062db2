"""Where everything in a bundle comes from, in the terms of W3C PROV (PROV-JSON)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from alerts.alert import SERVICE, Alert, AlertEvent
from monitor.area_job import ArchivedLook
from monitor.finding import Chip

PREFIX = {"ew": "urn:emberwatch:", "prov": "http://www.w3.org/ns/prov#"}
PROGRAM = "ew:program"

Document = dict[str, dict[str, Any]]


class Provenance:
    """Collects entities, activities, agents and what binds them; each binding has a number."""

    def __init__(self) -> None:
        self._said: Document = {"prefix": dict(PREFIX)}
        self._bindings = 0

    def put(self, group: str, name: str, /, **attributes: Any) -> str:
        """Add an entity, an activity or an agent; return its name."""
        self._said.setdefault(group, {})[name] = {
            key if ":" in key else f"ew:{key}": value for key, value in attributes.items()
        }
        return name

    def bind(self, relation: str, **ends: str) -> None:
        """Add a binding, such as ``used`` with ``activity`` and ``entity``."""
        self._bindings += 1
        named = {f"prov:{end}": name for end, name in ends.items()}
        self._said.setdefault(relation, {})[f"_:b{self._bindings}"] = named

    @property
    def document(self) -> Document:
        """PROV-JSON."""
        return self._said


def provenance_of(
    alert: Alert, events: Sequence[AlertEvent], looks: Iterable[ArchivedLook],
    files: Mapping[str, bytes], chip_files: Mapping[str, Chip],
) -> Document:  # fmt: skip
    """Return the provenance of a bundle.

    Parameters
    ----------
    files : mapping of str to bytes
        The files of the bundle that were made for it.
    chip_files : mapping of str to Chip
        The chips by their names in the bundle.
    """
    said = Provenance()
    said.put("agent", PROGRAM, **{"prov:type": "prov:SoftwareAgent", "version": _program()})
    finding = _finding(said, alert)
    for look in looks:
        said.bind("used", activity=_detection(alert), entity=_look(said, look))
    for name, chip in chip_files.items():
        said.bind("wasDerivedFrom", generatedEntity=finding, usedEntity=_chip(said, name, chip))
    last = _life(said, alert, events, finding)
    drawing = said.put("activity", f"ew:export/{alert.event_id}/{alert.revision}")
    said.bind("wasAssociatedWith", activity=drawing, agent=PROGRAM)
    said.bind("used", activity=drawing, entity=last)
    for name, content in sorted(files.items()):
        made = said.put("entity", f"ew:file/{name}", file=name, sha256=_sha256(content))
        said.bind("wasGeneratedBy", entity=made, activity=drawing)
    return said.document


def _finding(said: Provenance, alert: Alert) -> str:
    finding = alert.finding
    name = said.put("entity", f"ew:finding/{finding.finding_id}", kind=finding.kind.value)
    made = said.put(
        "activity", _detection(alert), detector=finding.detector, calibration=finding.calibration,
        **{"prov:endTime": finding.known_at.isoformat()},
    )  # fmt: skip
    said.bind("wasAssociatedWith", activity=made, agent=PROGRAM)
    said.bind("wasGeneratedBy", entity=name, activity=made)
    return name


def _detection(alert: Alert) -> str:
    return f"ew:detection/{alert.finding.finding_id}"


def _look(said: Provenance, look: ArchivedLook) -> str:
    name = said.put(
        "entity", f"ew:look/{look.look_id}", sha256=look.sha256, platform=look.platform,
        acquired_at=look.acquired_at.isoformat(),
    )  # fmt: skip
    fetched = said.put(
        "activity", f"ew:retrieval/{look.look_id}",
        **{"prov:endTime": look.known_at.isoformat()},
    )  # fmt: skip
    said.bind("wasGeneratedBy", entity=name, activity=fetched)
    _scenes(said, name, look.scene_ids, look.provider)
    return name


def _chip(said: Provenance, file: str, chip: Chip) -> str:
    name = said.put(
        "entity", f"ew:file/{file}", file=file, sha256=chip.sha256,
        acquired_at=chip.acquired_at.isoformat(),
    )  # fmt: skip
    _scenes(said, name, chip.scene_ids, chip.provider)
    return name


def _scenes(said: Provenance, name: str, scene_ids: Iterable[str], provider: str) -> None:
    agent = said.put("agent", f"ew:provider/{provider}", **{"prov:type": "prov:Organization"})
    for scene_id in scene_ids:
        scene = said.put("entity", f"ew:scene/{scene_id}")
        said.bind("wasAttributedTo", entity=scene, agent=agent)
        said.bind("wasDerivedFrom", generatedEntity=name, usedEntity=scene)


def _life(said: Provenance, alert: Alert, events: Sequence[AlertEvent], finding: str) -> str:
    """Add every act on the alert, and what it was after each; return the last of these."""
    before = finding
    for event in events:
        act = said.put(
            "activity", f"ew:act/{alert.event_id}/{event.revision}", action=event.action.value,
            reason=event.reason, **{"prov:endTime": event.at.isoformat()},
        )  # fmt: skip
        said.bind("wasAssociatedWith", activity=act, agent=_actor(said, event.actor))
        after = said.put(
            "entity", f"ew:alert/{alert.event_id}/{event.revision}", status=event.after.value
        )
        said.bind("used", activity=act, entity=before)
        said.bind("wasGeneratedBy", entity=after, activity=act)
        said.bind("wasDerivedFrom", generatedEntity=after, usedEntity=before)
        before = after
    return before


def _actor(said: Provenance, actor: str) -> str:
    if actor == SERVICE:
        return PROGRAM
    return said.put("agent", f"ew:person/{actor}", **{"prov:type": "prov:Person"})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _program() -> str:
    return version("emberwatch")
