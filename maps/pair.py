"""What of before and after can be shown, and what ground: shared by map and plate."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.ports import AlertPicture
from maps.overlay import Composite, composites_of
from maps.shapes import bounds_of
from monitor.observation import Observation

BEFORE = "before"
AFTER = "after"

WORLD = (-180.0, -60.0, 180.0, 75.0)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The pictures that are shown: what there is of before and after."""

    before: Observation | None
    after: Observation | None
    composites: tuple[Composite, ...]
    notices: tuple[str, ...]
    """Keys of `maps.words`: what is missing, and why."""

    @property
    def shown(self) -> list[tuple[str, Observation]]:
        """Role and pixels of each picture, earlier first."""
        both = (BEFORE, self.before), (AFTER, self.after)
        return [(role, seen) for role, seen in both if seen is not None]


def choose_pair(picture: AlertPicture) -> Pair:
    """Return what can be shown of before and after, and what must be said about it."""
    before, after = picture.before, picture.after
    if before and after:
        composites = composites_of([before, after])
        if composites:
            return Pair(before, after, composites, ())
    if after:
        notice = "no_common_bands" if before else "no_before"
        return _alone(Pair(None, after, composites_of([after]), (notice,)))
    if before:
        return _alone(Pair(before, None, composites_of([before]), ("no_after",)))
    return Pair(None, None, (), ("no_pictures",))


def subject_of(picture: AlertPicture) -> tuple[float, float, float, float]:
    """Return west, south, east, north of what the alert is about; of anything if unknown."""
    for roles in ({"settlement", "burned"}, {"cell", "hotspot"}):
        bounds = bounds_of(item.geometry for item in picture.outlines if item.role in roles)
        if bounds:
            return bounds
    bounds = bounds_of(outline.geometry for outline in picture.outlines)
    if bounds:
        return bounds
    if picture.hotspots:
        longitudes, latitudes, _ = zip(*picture.hotspots, strict=True)
        return min(longitudes), min(latitudes), max(longitudes), max(latitudes)
    seen = picture.after or picture.before
    if seen is None:
        return WORLD
    west, south, east, north = seen.grid.outline.bounds
    return west, south, east, north


def _alone(pair: Pair) -> Pair:
    # Pixels without any band that we can draw are as good as none.
    return pair if pair.composites else Pair(None, None, (), ("no_pictures",))
