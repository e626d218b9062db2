"""Land and sea in cells of two degrees: enough to doubt an outline drawn in the ocean.

``land.txt`` is a picture of the world, north up, ``#`` where a cell touches land. It was
made from the land outlines of Natural Earth (public domain, 1:50 million): every cell
that their polygons touch.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

CELL_DEG = 2


def at_sea(longitude: float, latitude: float) -> bool:
    """Return True if no land lies in the cell of two degrees around a position."""
    row = min(int((90 - latitude) / CELL_DEG), 180 // CELL_DEG - 1)
    column = min(int((longitude + 180) / CELL_DEG), 360 // CELL_DEG - 1)
    return _rows()[row][column] != "#"


@cache
def _rows() -> tuple[str, ...]:
    return tuple(files("aoi").joinpath("land.txt").read_text(encoding="ascii").splitlines())
