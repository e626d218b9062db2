"""Which area, or which tile of it, a settlement belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import shapely

from aoi.area import Aoi
from aoi.errors import InvalidAoi
from aoi.settlement import Settlement


@dataclass(frozen=True, slots=True)
class Placement:
    """Settlements with the area that each is watched in."""

    settlements: tuple[Settlement, ...]
    notices: tuple[str, ...]


def placed(settlements: Iterable[Settlement], aoi_id: str, members: Sequence[Aoi]) -> Placement:
    """Return `settlements`, each with the identifier of the member that holds most of it.

    Parameters
    ----------
    settlements : iterable of Settlement
        As read from a file for the area `aoi_id`.
    aoi_id : str
        Area that the person named; in messages.
    members : sequence of Aoi
        That area, or the tiles that it is made of.

    Raises
    ------
    InvalidAoi
        If a settlement lies outside the area.
    """
    for member in members:
        shapely.prepare(member.geometry)
    placements, notices = [], []
    ids: set[str] = set()
    for settlement in settlements:
        if settlement.settlement_id in ids:
            raise InvalidAoi(
                f"two settlements are called {settlement.settlement_id!r}",
                hint="an id names one place, for ever: change one of them",
            )
        ids.add(settlement.settlement_id)
        home, notice = _home_of(settlement, aoi_id, members)
        placements.append(replace(settlement, aoi_id=home))
        notices += [notice] if notice else []
    return Placement(tuple(placements), tuple(notices))


def _home_of(settlement: Settlement, aoi_id: str, members: Sequence[Aoi]) -> tuple[str, str]:
    footprint = settlement.footprint
    for member in members:
        if member.geometry.covers(footprint):
            return member.aoi_id, ""
    shares = [member.geometry.intersection(footprint).area for member in members]
    inside_fraction = sum(shares) / footprint.area
    if inside_fraction <= 0:
        swapped = shapely.transform(footprint, lambda positions: positions[:, ::-1])
        raise InvalidAoi(
            f"the settlement {settlement.settlement_id!r} ({settlement.name}) lies outside "
            f"the area {aoi_id!r}",
            hint="its longitude and latitude are swapped: with the two exchanged it lies inside"
            if any(member.geometry.intersects(swapped) for member in members)
            else "check its position, or add an area around it",
        )
    home = members[shares.index(max(shares))].aoi_id
    if inside_fraction > 0.999999:
        return home, ""
    return home, (
        f"{settlement.settlement_id} ({settlement.name}): {1 - inside_fraction:.0%} of it lies "
        f"outside the area {aoi_id}; it is watched whole, since imagery is read 3 km beyond"
    )
