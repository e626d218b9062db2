"""The registry: areas, their settlements, and which area is due."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace as changed
from datetime import datetime, timedelta

from shapely import unary_union
from sqlalchemy import Connection, Engine, func, or_, select, update

from aoi.area import Aoi, AoiState
from aoi.area_rows import (
    insert_tiles,
    members_of,
    record,
    replace_tiles,
    require_new_shape,
    unknown,
)
from aoi.database import reading, writing
from aoi.errors import InvalidAoi, UnknownAoi
from aoi.export import duration_text
from aoi.placement import placed
from aoi.settlement import Settlement, SettlementKind
from aoi.settlement_rows import require_replaceable, standing_settlements, store_settlements
from aoi.tables import (
    AOI_AUDIT,
    AOIS,
    SETTLEMENTS,
    aoi_of,
    settlement_of,
)
from aoi.tiling import surface, tiled

# The clock of a schedule trembles: a daily run at 06:00:00.1 must not miss the one that
# was marked at 06:00:00.2 the day before.
DUE_SLACK = timedelta(minutes=5)

WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)


class AoiRegistry:
    """Keeps areas, and knows which are due for a run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self, aoi: Aoi, now: datetime, actor: str = "operator", *, replace: bool = False
    ) -> tuple[Aoi, ...]:
        """Store `aoi`, in tiles if it is big, and return what was stored.

        With `replace` an area of the same identifier is changed; when it last
        ran stays known.

        Raises
        ------
        InvalidAoi
            If the identifier or the shape is taken. Nothing is stored then.
        """
        return self.add_all([aoi], now, actor, replace=replace)

    def add_all(
        self,
        areas: Iterable[Aoi],
        now: datetime,
        actor: str = "operator",
        *,
        replace: bool = False,
    ) -> tuple[Aoi, ...]:
        """Store the areas of a file as `add` does, all of them or none."""
        stored: list[Aoi] = []
        with writing(self._engine) as connection:
            for aoi in areas:
                tiles = tiled(aoi)
                action = _store(connection, aoi.aoi_id, tiles, now, replace=replace)
                record(connection, now, actor, action, aoi.aoi_id, _in_words(aoi, tiles))
                stored += tiles
        return tuple(stored)

    def get(self, aoi_id: str) -> Aoi:
        """Return one area, or one tile of a bigger one."""
        with reading(self._engine) as connection:
            members = members_of(connection, aoi_id)
        for aoi in members:
            if aoi.aoi_id == aoi_id:
                return aoi
        raise unknown(aoi_id, members)

    def group(self, aoi_id: str) -> tuple[Aoi, ...]:
        """Return the tiles of a bigger area, or the one area of that identifier."""
        with reading(self._engine) as connection:
            members = members_of(connection, aoi_id)
        if not members:
            raise unknown(aoi_id)
        return members

    def whole(self, aoi_id: str) -> Aoi:
        """Return the area as it was drawn: tiles put together again.

        To show, to export and to place settlements in; never to run on.
        """
        return whole(aoi_id, self.group(aoi_id))

    def all(self, states: Collection[AoiState] = WATCHED) -> list[Aoi]:
        """Return the areas (tiles each by itself) in one of `states`, by identifier."""
        query = select(AOIS).where(AOIS.c.state.in_([state.value for state in states]))
        with reading(self._engine) as connection:
            return [aoi_of(row) for row in connection.execute(query.order_by(AOIS.c.aoi_id))]

    def due(self, now: datetime) -> list[Aoi]:
        """Return the active areas whose revisit time has passed, longest overdue first.

        An area that was never run is the longest overdue. One whose last run
        lies in the future is due too: the clock was set back since.
        """
        latest = now + DUE_SLACK
        overdue = or_(AOIS.c.due_at.is_(None), AOIS.c.due_at <= latest, AOIS.c.last_run_at > latest)
        query = (
            select(AOIS)
            .where(AOIS.c.state == AoiState.ACTIVE.value, overdue)
            .order_by(AOIS.c.due_at.asc().nulls_first(), AOIS.c.aoi_id)
        )
        with reading(self._engine) as connection:
            return [aoi_of(row) for row in connection.execute(query)]

    def mark_run(self, aoi_id: str, at: datetime, retry_after: timedelta | None = None) -> None:
        """Remember that an area was run; whatever became of the run stands in its row.

        With `retry_after` it is due again after that time, if its revisit is longer.
        """
        with writing(self._engine) as connection:
            revisit_s = connection.scalar(select(AOIS.c.revisit_s).where(AOIS.c.aoi_id == aoi_id))
            if revisit_s is None:
                raise unknown(aoi_id)
            revisit = timedelta(seconds=revisit_s)
            connection.execute(
                update(AOIS)
                .where(AOIS.c.aoi_id == aoi_id)
                .values(last_run_at=at, due_at=at + min(revisit, retry_after or revisit))
            )

    def last_run_at(self, aoi_id: str) -> datetime | None:
        """Return when an area last ran, None if it never did."""
        query = select(AOIS.c.last_run_at).where(AOIS.c.aoi_id == aoi_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise unknown(aoi_id)
        last_run_at: datetime | None = row.last_run_at
        return last_run_at

    def pause(self, aoi_id: str, now: datetime, actor: str = "operator") -> None:
        """Stop watching for a while."""
        self._change_state(aoi_id, now, actor, {AoiState.ACTIVE}, AoiState.PAUSED)

    def resume(self, aoi_id: str, now: datetime, actor: str = "operator") -> None:
        """Watch again."""
        self._change_state(
            aoi_id, now, actor, {AoiState.PAUSED, AoiState.ARCHIVED}, AoiState.ACTIVE
        )

    def archive(self, aoi_id: str, now: datetime, actor: str = "operator") -> None:
        """Stop watching for good; what is on record of the area stays."""
        self._change_state(aoi_id, now, actor, set(WATCHED), AoiState.ARCHIVED)

    def remove(self, aoi_id: str, now: datetime, actor: str = "operator") -> str:
        """Archive an area, and return the sentence that says so.

        Nothing in the record is deleted: alerts and coverage must stay explicable.
        """
        self.archive(aoi_id, now, actor)
        return (
            f"{aoi_id} is archived: it is no longer watched. Its settlements, runs and alerts "
            f"stay on record, and: aoi resume {aoi_id} brings it back"
        )

    def add_settlements(
        self,
        aoi_id: str,
        settlements: Iterable[Settlement],
        now: datetime,
        actor: str = "operator",
        *,
        replace: bool = False,
    ) -> tuple[str, ...]:
        """Store settlements of an area, all or none, and return what a person should know.

        A settlement that is there already and is the same stays as it is, so
        that a file can be imported again; a different one needs `replace`.

        Raises
        ------
        InvalidAoi
            If an identifier is taken, or a settlement lies outside the area.
        """
        with writing(self._engine) as connection:
            members = members_of(connection, aoi_id)
            if not members:
                raise unknown(aoi_id)
            placement = placed(settlements, aoi_id, members)
            standing = standing_settlements(connection, placement.settlements)
            fresh = [one for one in placement.settlements if one.settlement_id not in standing]
            altered = [
                one
                for one in placement.settlements
                if one.settlement_id in standing and standing[one.settlement_id] != one
            ]
            require_replaceable(altered, standing, members, replace=replace)
            store_settlements(connection, fresh, altered, now)
            detail = _batch_in_words(fresh, altered)
            record(connection, now, actor, "settlements", aoi_id, detail)
        same = len(placement.settlements) - len(fresh) - len(altered)
        unchanged = (f"{same} settlements were there already and are unchanged",) if same else ()
        return placement.notices + unchanged

    def settlements(self, aoi_id: str) -> list[Settlement]:
        """Return the settlements of an area, of all its tiles if it is a bigger one."""
        with reading(self._engine) as connection:
            members = members_of(connection, aoi_id)
            if not members:
                raise unknown(aoi_id)
            query = (
                select(SETTLEMENTS)
                .where(SETTLEMENTS.c.aoi_id.in_([member.aoi_id for member in members]))
                .order_by(SETTLEMENTS.c.settlement_id)
            )
            return [settlement_of(row) for row in connection.execute(query)]

    def settlement(self, settlement_id: str) -> Settlement:
        """Return one settlement."""
        query = select(SETTLEMENTS).where(SETTLEMENTS.c.settlement_id == settlement_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownAoi(
                f"no settlement is called {settlement_id!r}",
                hint="list them with: settlement list --aoi ID",
            )
        return settlement_of(row)

    def count_in(
        self, bounds: tuple[float, float, float, float], kind: SettlementKind | None = None
    ) -> int:
        """Return how many settlements have their middle in a cell; of one kind, or of all.

        Parameters
        ----------
        bounds : tuple of float
            West, south, east, north in degrees; west and south held, east and north not.
        """
        west, south, east, north = bounds
        longitude = (SETTLEMENTS.c.west + SETTLEMENTS.c.east) / 2
        latitude = (SETTLEMENTS.c.south + SETTLEMENTS.c.north) / 2
        query = (
            select(func.count())
            .select_from(SETTLEMENTS)
            .where(longitude >= west, longitude < east, latitude >= south, latitude < north)
        )
        if kind is not None:
            query = query.where(SETTLEMENTS.c.kind == kind.value)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def audit(self, subject: str) -> list[tuple[datetime, str, str, str]]:
        """Return the changes of an area as (at, actor, action, detail), oldest first."""
        query = select(AOI_AUDIT).where(AOI_AUDIT.c.subject == subject)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(AOI_AUDIT.c.audit_id)).all()
        return [(row.at, row.actor, row.action, row.detail) for row in rows]

    def _change_state(
        self, aoi_id: str, now: datetime, actor: str, origins: set[AoiState], target: AoiState
    ) -> None:
        with writing(self._engine) as connection:
            members = members_of(connection, aoi_id)
            if not members:
                raise unknown(aoi_id)
            state = members[0].state
            if state not in origins:
                raise InvalidAoi(
                    f"the area {aoi_id!r} is {state.value} already"
                    if state is target
                    else f"the area {aoi_id!r} cannot become {target.value}: it is {state.value}",
                    hint="see the state of each area with: aoi list",
                )
            connection.execute(
                update(AOIS)
                .where(AOIS.c.aoi_id.in_([aoi.aoi_id for aoi in members]))
                .values(state=target.value)
            )
            record(connection, now, actor, target.value, aoi_id, f"was {state.value}")


def _store(
    connection: Connection, aoi_id: str, tiles: Sequence[Aoi], now: datetime, *, replace: bool
) -> str:
    """Store the tiles of one area; return what was done, in one word."""
    standing = members_of(connection, aoi_id)
    if standing and not replace:
        raise InvalidAoi(
            f"an area is already called {aoi_id!r}",
            hint="choose another id, or replace the area with: aoi add --replace",
        )
    require_new_shape(connection, tiles, aoi_id)
    if not standing:
        insert_tiles(connection, tiles, now)
        return "add"
    replace_tiles(connection, standing, tiles)
    return "replace"


def whole(aoi_id: str, members: Sequence[Aoi]) -> Aoi:
    """Return one area made of `members`, which are its tiles."""
    if len(members) == 1:
        return members[0]
    first = members[0]
    return changed(
        first,
        aoi_id=aoi_id,
        name=first.name.rpartition(" (")[0],
        geometry=surface(unary_union([aoi.geometry for aoi in members])),
        group_id="",
    )


def _in_words(aoi: Aoi, tiles: Sequence[Aoi]) -> str:
    outline = hashlib.sha256(aoi.geometry.normalize().wkb).hexdigest()[:16]
    every = duration_text(aoi.revisit)
    return (
        f"{aoi.name}; outline {outline} in {len(tiles)} part(s); revisit {every}; "
        f"{aoi.sensitivity.value}; {', '.join(aoi.detectors)}"
    )


def _batch_in_words(fresh: Sequence[Settlement], altered: Sequence[Settlement]) -> str:
    ids = sorted(settlement.settlement_id for settlement in (*fresh, *altered))
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]
    return f"{len(fresh)} added, {len(altered)} replaced; identifiers {digest}"
