"""Runs, coverage, looks, readings and findings in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from aoi.database import reading, writing
from monitor.area_job import ArchivedLook, AreaReport, SceneProblem, ScoredReading
from monitor.coverage import CoverageDay
from monitor.finding import Finding
from monitor.guard import SUSPECT_RADIOMETRY
from monitor.reading import Reading
from monitor.rows import (
    Row,
    coverage_of,
    coverage_row,
    finding_of,
    finding_row,
    look_of_row,
    look_row,
    problem_of,
    problem_row,
    reading_of,
    reading_row,
    run_of,
    run_row,
)
from monitor.run import Run
from monitor.tables import COVERAGE_DAYS, FINDINGS, LOOKS, READINGS, RUNS, SCENE_PROBLEMS


class MonitorStore:
    """Keeps what was seen. Findings wait here until `alerts` has absorbed them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, report: AreaReport, now: datetime) -> None:
        """Store everything that a run found out, all or nothing.

        What an earlier run stored is left as it was, so a report may be
        recorded twice. Only coverage and the superseding of looks change rows.
        """
        with writing(self._engine) as connection:
            _insert_new(connection, LOOKS, [look_row(look) for look in report.looks])
            _supersede(connection, report.superseded)
            _insert_new(connection, READINGS, [reading_row(one) for one in report.readings])
            _insert_new(connection, FINDINGS, [finding_row(one, now) for one in report.findings])
            _upsert(connection, COVERAGE_DAYS, [coverage_row(day) for day in report.coverage])
            _record_problems(connection, report.problems, now)
            _insert_new(connection, RUNS, [run_row(report.run)])

    def add_findings(self, findings: Sequence[Finding], now: datetime) -> None:
        """Store findings that were made outside a run; those that are known stay as they are."""
        with writing(self._engine) as connection:
            _insert_new(connection, FINDINGS, [finding_row(one, now) for one in findings])

    def add_history(self, looks: Sequence[ArchivedLook]) -> None:
        """Store looks that were archived outside a run, for the baselines of an area."""
        with writing(self._engine) as connection:
            _insert_new(connection, LOOKS, [look_row(look) for look in looks])

    def unabsorbed_findings(self) -> list[Finding]:
        """Return the findings that no alert has taken yet, in the order they became known."""
        query = (
            select(FINDINGS)
            .where(FINDINGS.c.decision.is_(None))
            .order_by(FINDINGS.c.known_at, FINDINGS.c.last_seen, FINDINGS.c.finding_id)
        )
        with reading(self._engine) as connection:
            return [finding_of(row) for row in connection.execute(query).mappings()]

    def mark_absorbed(self, connection: Connection, finding_id: str, decision: str) -> None:
        """Say what became of a finding, in the transaction of whoever took it.

        The first decision stands.
        """
        connection.execute(
            update(FINDINGS)
            .where(FINDINGS.c.finding_id == finding_id, FINDINGS.c.decision.is_(None))
            .values(decision=decision)
        )

    def findings(
        self,
        *,
        aoi_id: str | None = None,
        settlement_id: str | None = None,
        since: datetime | None = None,
        finding_ids: Sequence[str] | None = None,
    ) -> list[Finding]:
        """Return findings, oldest first; all conditions must hold."""
        query = select(FINDINGS).order_by(FINDINGS.c.known_at, FINDINGS.c.last_seen)
        if aoi_id is not None:
            query = query.where(FINDINGS.c.aoi_id == aoi_id)
        if settlement_id is not None:
            query = query.where(FINDINGS.c.settlement_id == settlement_id)
        if since is not None:
            query = query.where(FINDINGS.c.last_seen >= since)
        if finding_ids is not None:
            query = query.where(FINDINGS.c.finding_id.in_(finding_ids))
        with reading(self._engine) as connection:
            return [finding_of(row) for row in connection.execute(query).mappings()]

    def decisions(self, finding_ids: Sequence[str]) -> dict[str, str]:
        """Return what became of each finding, in words; not yet absorbed ones are absent."""
        query = select(FINDINGS.c.finding_id, FINDINGS.c.decision).where(
            FINDINGS.c.finding_id.in_(finding_ids), FINDINGS.c.decision.is_not(None)
        )
        with reading(self._engine) as connection:
            return {row.finding_id: row.decision for row in connection.execute(query)}

    def readings(self, settlement_id: str, since: datetime) -> list[Reading]:
        """Return the readings of a settlement, oldest first, without those superseded."""
        query = (
            _standing_readings()
            .where(READINGS.c.settlement_id == settlement_id)
            .where(READINGS.c.acquired_at >= since)
        )
        with reading(self._engine) as connection:
            return [reading_of(row).reading for row in connection.execute(query).mappings()]

    def scored_readings(self, aoi_id: str, since: datetime) -> list[ScoredReading]:
        """Return the readings of all settlements of an area with their burned blocks."""
        query = (
            _standing_readings()
            .where(READINGS.c.aoi_id == aoi_id)
            .where(READINGS.c.acquired_at >= since)
        )
        with reading(self._engine) as connection:
            return [reading_of(row) for row in connection.execute(query).mappings()]

    def looks(
        self,
        aoi_id: str,
        track: str | None = None,
        *,
        since: datetime | None = None,
        superseded: bool = False,
    ) -> list[ArchivedLook]:
        """Return the archived looks of an area, oldest first.

        With `superseded`, also those that a re-processed acquisition replaced.
        """
        query = select(LOOKS).where(LOOKS.c.aoi_id == aoi_id)
        if track is not None:
            query = query.where(LOOKS.c.track == track)
        if since is not None:
            query = query.where(LOOKS.c.acquired_at >= since)
        if not superseded:
            query = query.where(LOOKS.c.superseded_by.is_(None))
        query = query.order_by(LOOKS.c.acquired_at, LOOKS.c.look_id)
        with reading(self._engine) as connection:
            return [look_of_row(row) for row in connection.execute(query).mappings()]

    def suspect_looks(self, since: datetime) -> list[ArchivedLook]:
        """Return the looks of all areas that are held for their radiometry, oldest first."""
        query = (
            select(LOOKS)
            .where(LOOKS.c.held_reason.startswith(SUSPECT_RADIOMETRY))
            .where(LOOKS.c.acquired_at >= since, LOOKS.c.superseded_by.is_(None))
            .order_by(LOOKS.c.acquired_at, LOOKS.c.look_id)
        )
        with reading(self._engine) as connection:
            return [look_of_row(row) for row in connection.execute(query).mappings()]

    def last_seen(self) -> dict[str, datetime]:
        """Return for each area the acquisition of the latest look that saw enough of it."""
        query = (
            select(COVERAGE_DAYS.c.aoi_id, func.max(COVERAGE_DAYS.c.day).label("day"))
            .where(COVERAGE_DAYS.c.state == "seen")
            .group_by(COVERAGE_DAYS.c.aoi_id)
        )
        latest = (
            select(LOOKS.c.aoi_id, LOOKS.c.acquired_at)
            .where(LOOKS.c.superseded_by.is_(None))
            .order_by(LOOKS.c.acquired_at)
        )
        with reading(self._engine) as connection:
            days: dict[str, date] = {row.aoi_id: row.day for row in connection.execute(query)}
            return {
                row.aoi_id: row.acquired_at
                for row in connection.execute(latest)
                if row.acquired_at.date() == days.get(row.aoi_id)
            }

    def coverage(
        self, aoi_id: str | None = None, *, since: date | None = None, until: date | None = None
    ) -> list[CoverageDay]:
        """Return the coverage ledger, by area and day, from `since` to `until` inclusive."""
        query = select(COVERAGE_DAYS).order_by(COVERAGE_DAYS.c.aoi_id, COVERAGE_DAYS.c.day)
        if aoi_id is not None:
            query = query.where(COVERAGE_DAYS.c.aoi_id == aoi_id)
        if since is not None:
            query = query.where(COVERAGE_DAYS.c.day >= since)
        if until is not None:
            query = query.where(COVERAGE_DAYS.c.day <= until)
        with reading(self._engine) as connection:
            return [coverage_of(row) for row in connection.execute(query).mappings()]

    def covered_until(self, aoi_id: str) -> date | None:
        """Return the last day of the ledger of an area, None if it was never run."""
        query = select(func.max(COVERAGE_DAYS.c.day)).where(COVERAGE_DAYS.c.aoi_id == aoi_id)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def searched_until(self, aoi_id: str) -> date | None:
        """Return the last day for which a catalogue answered, None if none ever did."""
        query = select(func.max(COVERAGE_DAYS.c.day)).where(
            COVERAGE_DAYS.c.aoi_id == aoi_id, COVERAGE_DAYS.c.state.in_(_ANSWERED)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def runs(self, aoi_id: str | None = None, *, limit: int | None = None) -> list[Run]:
        """Return runs, latest first."""
        query = select(RUNS).order_by(RUNS.c.started_at.desc(), RUNS.c.aoi_id).limit(limit)
        if aoi_id is not None:
            query = query.where(RUNS.c.aoi_id == aoi_id)
        with reading(self._engine) as connection:
            return [run_of(row) for row in connection.execute(query).mappings()]

    def problems(self, aoi_id: str) -> list[SceneProblem]:
        """Return the scenes of an area that could not be read, latest first."""
        query = (
            select(*(SCENE_PROBLEMS.c[name] for name in _PROBLEM_FIELDS))
            .where(SCENE_PROBLEMS.c.aoi_id == aoi_id)
            .order_by(SCENE_PROBLEMS.c.last_at.desc(), SCENE_PROBLEMS.c.scene_id)
        )
        with reading(self._engine) as connection:
            return [problem_of(row) for row in connection.execute(query).mappings()]


_ANSWERED = ("seen", "cloudy", "held", "no_acquisition")

_PROBLEM_FIELDS = (
    "aoi_id", "scene_id", "provider", "acquired_at", "reason", "hint", "temporary",
)  # fmt: skip


def _standing_readings() -> Select[Any]:
    return (
        select(READINGS)
        .join(LOOKS, LOOKS.c.look_id == READINGS.c.look_id)
        .where(LOOKS.c.superseded_by.is_(None))
        .order_by(READINGS.c.acquired_at, READINGS.c.look_id, READINGS.c.settlement_id)
    )


def _insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        statement = _insert_into(connection, table).on_conflict_do_nothing()
        connection.execute(statement, rows)


def _upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    statement = _insert_into(connection, table)
    keys = [column.name for column in table.primary_key]
    changed = {c.name: statement.excluded[c.name] for c in table.c if c.name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    connection.execute(statement, rows)


def _record_problems(
    connection: Connection, problems: Iterable[SceneProblem], now: datetime
) -> None:
    rows = [problem_row(problem, now) for problem in problems]
    if not rows:
        return
    statement = _insert_into(connection, SCENE_PROBLEMS)
    renewed = ("last_at", "reason", "hint", "temporary", "provider")
    statement = statement.on_conflict_do_update(
        index_elements=["aoi_id", "scene_id"],
        set_={
            **{name: statement.excluded[name] for name in renewed},
            "attempts": SCENE_PROBLEMS.c.attempts + 1,
        },
    )
    connection.execute(statement, rows)


def _supersede(connection: Connection, superseded: Mapping[str, str]) -> None:
    for old_id, new_id in superseded.items():
        connection.execute(
            update(LOOKS).where(LOOKS.c.look_id == old_id).values(superseded_by=new_id)
        )


def _insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    # The two dialects spell ON CONFLICT alike, but SQLAlchemy keeps it in each of them.
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
