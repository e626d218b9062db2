"""Rows of the tables to values, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import RowMapping

from aoi.interval import Interval
from monitor.area_job import ArchivedLook, SceneProblem, ScoredReading
from monitor.coverage import CoverageDay, CoverageState
from monitor.finding import Chip, Evidence, Finding, FindingKind, SensorFamily, Tier
from monitor.reading import Reading, Verdict
from monitor.run import Outcome, Run

Row = dict[str, Any]

_BLOCK_INDEX = np.dtype("<i4")


def run_row(run: Run) -> Row:
    return {
        "run_id": run.run_id,
        "aoi_id": run.aoi_id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "outcome": run.outcome.value,
        "reason": run.reason,
        "scene_ids": list(run.scene_ids),
        "look_ids": list(run.look_ids),
        "finding_ids": list(run.finding_ids),
        "clear_fraction": run.clear_fraction,
    }


def run_of(row: RowMapping) -> Run:
    return Run(
        run_id=row["run_id"],
        aoi_id=row["aoi_id"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        scene_ids=tuple(row["scene_ids"]),
        look_ids=tuple(row["look_ids"]),
        finding_ids=tuple(row["finding_ids"]),
        clear_fraction=row["clear_fraction"],
    )


def coverage_row(day: CoverageDay) -> Row:
    return {
        "aoi_id": day.aoi_id,
        "day": day.day,
        "state": day.state.value,
        "clear_fraction": day.clear_fraction,
        "reason": day.reason,
    }


def coverage_of(row: RowMapping) -> CoverageDay:
    return CoverageDay(
        aoi_id=row["aoi_id"],
        day=row["day"],
        state=CoverageState(row["state"]),
        clear_fraction=row["clear_fraction"],
        reason=row["reason"],
    )


def look_row(look: ArchivedLook) -> Row:
    return {
        "look_id": look.look_id,
        "aoi_id": look.aoi_id,
        "track": look.track,
        "platform": look.platform,
        "acquired_at": look.acquired_at,
        "available_at": look.available_at,
        "known_at": look.known_at,
        "path": look.path,
        "sha256": look.sha256,
        "clear_fraction": look.clear_fraction,
        "held_reason": look.held_reason,
        "provider": look.provider,
        "scene_ids": list(look.scene_ids),
        "grid": look.grid,
        "scored": look.scored,
        "superseded_by": look.superseded_by,
    }


def look_of_row(row: RowMapping) -> ArchivedLook:
    fields = {**row, "scene_ids": tuple(row["scene_ids"])}
    return ArchivedLook(**fields)


def reading_row(scored: ScoredReading) -> Row:
    reading = scored.reading
    return {
        "settlement_id": reading.settlement_id,
        "look_id": reading.look_id,
        "detector": reading.detector,
        "aoi_id": reading.aoi_id,
        "track": reading.track,
        "acquired_at": reading.acquired_at,
        "known_at": reading.known_at,
        "mode": reading.mode,
        "verdict": reading.verdict.value,
        "reason": reading.reason,
        "p": _number(reading.p),
        "score": _number(reading.score),
        "burned_fraction": _number(reading.burned_fraction),
        "measured": _numbers(reading.values),
        "flags": list(reading.flags),
        "burned_blocks": np.asarray(scored.burned_blocks).astype(_BLOCK_INDEX).tobytes(),
    }


def reading_of(row: RowMapping) -> ScoredReading:
    reading = Reading(
        settlement_id=row["settlement_id"],
        look_id=row["look_id"],
        aoi_id=row["aoi_id"],
        track=row["track"],
        acquired_at=row["acquired_at"],
        known_at=row["known_at"],
        detector=row["detector"],
        mode=row["mode"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        p=_float(row["p"]),
        score=_float(row["score"]),
        burned_fraction=_float(row["burned_fraction"]),
        values=_floats(row["measured"]),
        flags=tuple(row["flags"]),
    )
    blocks = np.frombuffer(bytes(row["burned_blocks"]), dtype=_BLOCK_INDEX)
    return ScoredReading(reading, blocks.astype(np.int32))


def finding_row(finding: Finding, created_at: datetime) -> Row:
    return {
        "finding_id": finding.finding_id,
        "aoi_id": finding.aoi_id,
        "settlement_id": finding.settlement_id,
        "kind": finding.kind.value,
        "geometry": finding.geometry,
        "area_m2": float(finding.area_m2),
        "settlement_fraction": finding.settlement_fraction,
        "probability": float(finding.probability),
        "tier": finding.tier.value,
        "looks_agreeing": finding.looks_agreeing,
        "happened_after": finding.happened.start,
        "happened_before": finding.happened.end,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "known_at": finding.known_at,
        "mode": finding.mode,
        "detector": finding.detector,
        "calibration": finding.calibration,
        "clear_fraction": float(finding.clear_fraction),
        "evidence": [_evidence_json(evidence) for evidence in finding.evidence],
        "indicators": _numbers(finding.indicators),
        "flags": list(finding.flags),
        "chips": [_chip_json(chip) for chip in finding.chips],
        "created_at": created_at,
        "decision": None,
    }


def finding_of(row: RowMapping) -> Finding:
    return Finding(
        finding_id=row["finding_id"],
        aoi_id=row["aoi_id"],
        settlement_id=row["settlement_id"],
        kind=FindingKind(row["kind"]),
        geometry=row["geometry"],
        area_m2=row["area_m2"],
        settlement_fraction=row["settlement_fraction"],
        probability=row["probability"],
        tier=Tier(row["tier"]),
        looks_agreeing=row["looks_agreeing"],
        happened=Interval(row["happened_after"], row["happened_before"]),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        known_at=row["known_at"],
        evidence=tuple(_evidence_of(entry) for entry in row["evidence"]),
        mode=row["mode"],
        detector=row["detector"],
        calibration=row["calibration"],
        clear_fraction=row["clear_fraction"],
        indicators=_floats(row["indicators"]),
        flags=tuple(row["flags"]),
        chips=tuple(_chip_of(entry) for entry in row["chips"]),
    )


def problem_row(problem: SceneProblem, now: datetime) -> Row:
    return {
        "aoi_id": problem.aoi_id,
        "scene_id": problem.scene_id,
        "provider": problem.provider,
        "acquired_at": problem.acquired_at,
        "first_at": now,
        "last_at": now,
        "attempts": 1,
        "reason": problem.reason,
        "hint": problem.hint,
        "temporary": problem.temporary,
    }


def problem_of(row: RowMapping) -> SceneProblem:
    return SceneProblem(
        aoi_id=row["aoi_id"],
        scene_id=row["scene_id"],
        provider=row["provider"],
        acquired_at=row["acquired_at"],
        reason=row["reason"],
        hint=row["hint"],
        temporary=row["temporary"],
    )


def _evidence_json(evidence: Evidence) -> Row:
    return {
        "family": evidence.family.value,
        "detector": evidence.detector,
        "p": _number(evidence.p),
        "score": _number(evidence.score),
        "score_unit": evidence.score_unit,
        "happened": [evidence.happened.start.isoformat(), evidence.happened.end.isoformat()],
        "look_ids": list(evidence.look_ids),
        "quiet_look_ids": list(evidence.quiet_look_ids),
        "values": _numbers(evidence.values),
        "confounders": list(evidence.confounders),
    }


def _evidence_of(entry: Row) -> Evidence:
    start, end = (datetime.fromisoformat(instant) for instant in entry["happened"])
    return Evidence(
        family=SensorFamily(entry["family"]),
        detector=entry["detector"],
        p=_float(entry["p"]),
        score=_float(entry["score"]),
        score_unit=entry["score_unit"],
        happened=Interval(start, end),
        look_ids=tuple(entry["look_ids"]),
        quiet_look_ids=tuple(entry["quiet_look_ids"]),
        values=_floats(entry["values"]),
        confounders=tuple(entry["confounders"]),
    )


def _chip_json(chip: Chip) -> Row:
    return {
        "role": chip.role,
        "path": chip.path,
        "look_id": chip.look_id,
        "scene_ids": list(chip.scene_ids),
        "acquired_at": chip.acquired_at.isoformat(),
        "provider": chip.provider,
        "sha256": chip.sha256,
    }


def _chip_of(entry: Row) -> Chip:
    return Chip(
        **{
            **entry,
            "scene_ids": tuple(entry["scene_ids"]),
            "acquired_at": datetime.fromisoformat(entry["acquired_at"]),
        }
    )


# NaN is not JSON, and SQLite stores it as NULL: not measured is None in the database.
def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _float(value: float | None) -> float:
    return math.nan if value is None else value


def _floats(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: _float(value) for name, value in values.items()}
