"""What the names of Sentinel-1 products say that items leave out. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

ORBITS = 175
"""Orbits of one repeat of twelve days."""

# Absolute orbit of the first relative one, less one. Sentinel-1C was moved to another place
# in the constellation in June 2026; between the two its orbits repeat nothing.
FIRST_ORBIT = {"S1A": 73, "S1B": 27, "S1C": 172, "S1D": 42}
MOVING = {"S1C": (datetime(2026, 6, 9, tzinfo=UTC), datetime(2026, 6, 24, tzinfo=UTC))}
FIRST_ORBIT_MOVED = {"S1C": 99}

POLARISATIONS = {"SV": ("vv",), "DV": ("vv", "vh"), "SH": (), "DH": ()}
"""Code in the name to the bands of ours that it holds; HH is not read."""

# S1A_IW_GRDH_1SDV_20240511T160522_20240511T160547_053830_068B3E_4C6D
_NAME = re.compile(
    r"(?P<prefix>(?P<satellite>S1\w)_(?P<mode>\w\w)_\w{3}[HMF_]_\w\w(?P<polarisations>[SD][VH]))_"
    r"(?P<start>\d{8}T\d{6})_\d{8}T\d{6}_(?P<orbit>\d{6})_"
)


@dataclass(frozen=True, slots=True)
class RadarName:
    """A product name, taken apart."""

    overpass: str
    """The same for all slices of an overpass: satellite, mode, product, absolute orbit."""

    satellite: str
    mode: str
    """``"IW"`` over land."""

    bands: tuple[str, ...]
    started_at: datetime
    absolute_orbit: int

    @property
    def relative_orbit(self) -> int | None:
        """Place in the repeat, 1 to 175; None if it is not known of this satellite and day."""
        first = FIRST_ORBIT.get(self.satellite)
        leaves, stays = MOVING.get(self.satellite, (None, None))
        if leaves and stays and self.started_at >= leaves:
            first = FIRST_ORBIT_MOVED[self.satellite] if self.started_at >= stays else None
        return None if first is None else (self.absolute_orbit - first) % ORBITS + 1


def radar_name(name: str) -> RadarName | None:
    """Return what a product name says; None if it is no name of a Sentinel-1 product."""
    found = _NAME.match(name)
    if not found:
        return None
    try:
        started_at = datetime.strptime(found["start"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return RadarName(
        overpass=f"{found['prefix']}_{found['orbit']}",
        satellite=found["satellite"],
        mode=found["mode"],
        bands=POLARISATIONS[found["polarisations"]],
        started_at=started_at,
        absolute_orbit=int(found["orbit"]),
    )
