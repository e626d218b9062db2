"""What all rules said of one world, and what was true: the unit that a study stores."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aoi.interval import Interval
from monitor.alarm import Scores
from monitor.errors import ArchiveError
from monitor.rivals.rule import Scored
from monitor.skill import TrueEvent

ARRAYS = ("settlement", "at", "first", "score", "probability")


@dataclass(frozen=True, slots=True, eq=False)
class WorldScores:
    """One world (or one real area): a cluster of the bootstrap."""

    world: str
    """Such as ``"bench/9000"``; names the cluster."""

    origin: str
    """``"simulated"``, ``"implanted"`` or ``"real"``: stands in every table."""

    interval: Interval
    """Time that the rules were scored over."""

    years: float
    """Settlement-years of it."""

    settlement_ids: tuple[str, ...]
    scored: tuple[Scored, ...]
    events: tuple[TrueEvent, ...]
    """What should be found."""

    confounders: tuple[TrueEvent, ...]
    quiet_p: NDArray[np.float32]
    """The detector's p at clear looks of settlements where nothing burned, shape (n,)."""

    clear_looks: int
    """Pairs of settlement and look that were clear, held looks left out."""

    held_looks: int = 0

    def of_rule(self, rule: str) -> Scored:
        """Return what one rule said.

        Raises
        ------
        KeyError
            If the rule was not run on this world.
        """
        for scored in self.scored:
            if scored.rule == rule:
                return scored
        raise KeyError(rule)


def save_world(world: WorldScores, path: Path) -> None:
    """Write a world to one file, whole or not at all."""
    arrays: dict[str, Any] = {
        "quiet_p": world.quiet_p,
        "header": np.array(json.dumps(_header(world))),
    }
    for scored in world.scored:
        for name in ARRAYS:
            values = getattr(scored.scores, name)
            arrays[f"{scored.rule}.{name}"] = (
                _whole_seconds(values) if name in ("at", "first") else values
            )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(buffer.getvalue())
    unfinished.replace(path)


def load_world(path: Path) -> WorldScores:
    """Read a world that `save_world` wrote.

    Raises
    ------
    ArchiveError
        If the file is damaged; delete it and the study makes it again.
    """
    try:
        # From memory: numpy leaves a damaged file open.
        with np.load(io.BytesIO(path.read_bytes())) as file:
            header = json.loads(str(file["header"]))
            arrays = {name: file[name] for name in file.files if name != "header"}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArchiveError(
            f"cannot read {path.name}: {error}", hint="delete it and run the study again"
        ) from error
    ids = tuple(header["settlement_ids"])
    return WorldScores(
        world=header["world"],
        origin=header["origin"],
        interval=Interval(*(datetime.fromisoformat(text) for text in header["interval"])),
        years=header["years"],
        settlement_ids=ids,
        scored=tuple(_scored(rule, arrays, ids) for rule in header["rules"]),
        events=tuple(_event(row) for row in header["events"]),
        confounders=tuple(_event(row) for row in header["confounders"]),
        quiet_p=arrays["quiet_p"],
        clear_looks=header["clear_looks"],
        held_looks=header["held_looks"],
    )


def joined(worlds: Sequence[WorldScores], rule: str) -> Scores:
    """Return the scores of one rule over many worlds, whose settlement ids differ."""
    parts = [world.of_rule(rule).scores for world in worlds]
    offsets = np.cumsum([0, *(len(world.settlement_ids) for world in worlds)])
    ids = tuple(place for world in worlds for place in world.settlement_ids)
    if len(set(ids)) < len(ids):
        raise ValueError("two worlds share a settlement id")
    return Scores(
        settlement_ids=ids,
        settlement=np.concatenate(
            [part.settlement + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
        ),
        at=np.concatenate([part.at for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        score=np.concatenate([part.score for part in parts]),
        probability=np.concatenate([part.probability for part in parts]),
        latched=parts[0].latched,
    )


def with_prefix(world: WorldScores, prefix: str) -> WorldScores:
    """Return the world with its settlements renamed, so that two backgrounds may join."""
    rename = {place: f"{prefix}/{place}" for place in world.settlement_ids}

    def moved(events: Sequence[TrueEvent]) -> tuple[TrueEvent, ...]:
        return tuple(replace(e, settlement_id=rename[e.settlement_id]) for e in events)

    ids = tuple(rename.values())
    scored = tuple(replace(s, scores=replace(s.scores, settlement_ids=ids)) for s in world.scored)
    return replace(
        world,
        settlement_ids=ids,
        scored=scored,
        events=moved(world.events),
        confounders=moved(world.confounders),
    )


def _header(world: WorldScores) -> dict[str, Any]:
    return {
        "world": world.world,
        "origin": world.origin,
        "interval": [world.interval.start.isoformat(), world.interval.end.isoformat()],
        "years": world.years,
        "settlement_ids": world.settlement_ids,
        "rules": [[s.rule, s.native, s.scores.latched] for s in world.scored],
        "events": [_row(event) for event in world.events],
        "confounders": [_row(event) for event in world.confounders],
        "clear_looks": world.clear_looks,
        "held_looks": world.held_looks,
    }


def _scored(
    rule: tuple[str, float, bool], arrays: Mapping[str, NDArray[Any]], ids: tuple[str, ...]
) -> Scored:
    name, native, latched = rule
    columns = {column: arrays[f"{name}.{column}"] for column in ARRAYS}
    instants = {c: columns[c].astype("datetime64[s]") for c in ("at", "first")}
    return Scored(name, Scores(ids, **{**columns, **instants}, latched=latched), native)


def _row(event: TrueEvent) -> dict[str, Any]:
    return {
        "settlement_id": event.settlement_id,
        "kind": event.kind,
        "started_at": event.started_at.isoformat(),
        "ended_at": event.ended_at.isoformat(),
        "fraction": event.fraction,
        "strata": dict(event.strata),
    }


def _event(row: Mapping[str, Any]) -> TrueEvent:
    return TrueEvent(
        **{
            **row,
            "started_at": datetime.fromisoformat(row["started_at"]),
            "ended_at": datetime.fromisoformat(row["ended_at"]),
        }
    )


def _whole_seconds(instants: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return instants as seconds, whatever unit a rule kept them in."""
    return instants.astype("datetime64[s]").astype(np.int64)
