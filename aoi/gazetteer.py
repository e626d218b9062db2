"""The gazetteer: the nearest place that readers will know by name."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aoi.errors import InvalidAoi
from aoi.text import cleaned
from aoi.tiling import ELLIPSOID

COLUMNS = ("lat", "lon", "name")
CANDIDATES = 8
"""Nearest by straight line through the sphere; the ellipsoid decides among them."""

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True, slots=True)
class NearestPlace:
    """A named place, and how far away it lies."""

    name: str
    admin1: str
    """First administrative unit, empty if the gazetteer has none."""

    country: str
    """Two letters (ISO 3166), empty if the gazetteer has none."""

    distance_m: float
    direction: str
    """From the place to the position asked for, one of eight points of the compass."""

    def __str__(self) -> str:
        where = ", ".join(word for word in (self.name, self.admin1, self.country) if word)
        if self.distance_m < 1_000:
            return f"at {where}"
        return f"{self.distance_m / 1000:.0f} km {self.direction} of {where}"


@dataclass(frozen=True, slots=True, eq=False)
class Gazetteer:
    """Named places, as a CSV in the columns of GeoNames lists them."""

    names: Sequence[tuple[str, str, str]]
    """Name, first administrative unit and country of each place."""

    longitudes: NDArray[np.float64]
    """Degrees east, shape (places,)."""

    latitudes: NDArray[np.float64]
    """Degrees north, shape (places,)."""

    on_sphere: NDArray[np.float64]
    """The same places as points of the unit sphere, shape (3, places)."""

    @classmethod
    def from_csv(cls, path: Path) -> Gazetteer:
        """Read a CSV with the columns ``lat, lon, name`` and, if there, ``admin1, cc``.

        Raises
        ------
        InvalidAoi
            If the file cannot be read, or a line is not a place.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(_rows(csv.DictReader(file), path.name))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InvalidAoi(
                f"the gazetteer {path.name} cannot be read: {error}",
                hint="it is a CSV in UTF-8 with the columns lat,lon,name,admin1,admin2,cc",
            ) from error
        if not rows:
            raise InvalidAoi(f"the gazetteer {path.name} has no place", hint="check the file")
        latitudes, longitudes, names = zip(*rows, strict=True)
        east, north = np.array(longitudes), np.array(latitudes)
        return cls(names, east, north, _on_sphere(east, north))

    def nearest(self, longitude: float, latitude: float) -> NearestPlace:
        """Return the place nearest to a position in degrees."""
        # Straight lines through the sphere have no seam at 180° and none at the poles.
        position = _on_sphere(np.array([longitude]), np.array([latitude]))
        chords = ((self.on_sphere - position) ** 2).sum(axis=0)
        count = min(CANDIDATES, len(chords))
        near = np.argpartition(chords, count - 1)[:count]
        azimuths, _, distances_m = ELLIPSOID.inv(
            self.longitudes[near],
            self.latitudes[near],
            np.full(count, longitude),
            np.full(count, latitude),
        )
        best = int(np.argmin(distances_m))
        name, admin1, country = self.names[int(near[best])]
        return NearestPlace(
            name, admin1, country, float(distances_m[best]), direction(float(azimuths[best]))
        )


def direction(azimuth_deg: float) -> str:
    """Return the point of the compass nearest to an azimuth from north over east."""
    return COMPASS[round(azimuth_deg / 45) % 8]


def _rows(
    reader: csv.DictReader[str], file_name: str
) -> Iterator[tuple[float, float, tuple[str, str, str]]]:
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise InvalidAoi(
            f"the gazetteer {file_name} has no column {', '.join(missing)}",
            hint="its columns are lat,lon,name,admin1,admin2,cc",
        )
    for row in reader:
        try:
            latitude, longitude = float(row["lat"]), float(row["lon"])
        except (TypeError, ValueError):
            latitude = longitude = math.nan
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise InvalidAoi(
                f"line {reader.line_num} of the gazetteer {file_name} is not a place: "
                f"lat {row['lat']!r:.30}, lon {row['lon']!r:.30}",
                hint="lat and lon are degrees",
            )
        words = (row.get(column) or "" for column in ("name", "admin1", "cc"))
        name, admin1, country = (cleaned(word[:200], "name")[0] for word in words)
        yield latitude, longitude, (name, admin1, country)


def _on_sphere(
    longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]
) -> NDArray[np.float64]:
    east, north = np.radians(longitudes), np.radians(latitudes)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
