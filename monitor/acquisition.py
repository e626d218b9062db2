"""Acquisitions: the scenes of one overpass, from whichever provider lists it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aoi.area import Aoi
from monitor.area_job import ArchivedLook
from monitor.reduction import look_id_of, newest_of_each_tile
from monitor.scene import Scene, Sensor

SAME_OVERPASS = timedelta(minutes=10)
"""Tiles of one datatake lie within minutes; the next overpass of a kind is an hour away."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One overpass of one satellite: its scenes as one provider lists them."""

    scenes: tuple[Scene, ...]
    """Sorted by identifier; at least one."""

    @property
    def sensor(self) -> Sensor:
        """Family of the sensor."""
        return self.scenes[0].sensor

    @property
    def provider(self) -> str:
        """Name of the source that listed them."""
        return self.scenes[0].provider

    @property
    def acquired_at(self) -> datetime:
        """Acquisition of the first tile, UTC."""
        return min(scene.acquired_at for scene in self.scenes)

    @property
    def available_at(self) -> datetime:
        """When the last tile could be read, UTC."""
        return max(scene.available_at for scene in self.scenes)

    @property
    def scene_ids(self) -> tuple[str, ...]:
        """Identifiers of the scenes, sorted."""
        return tuple(scene.scene_id for scene in self.scenes)

    def same_overpass(self, acquired_at: datetime, track: str) -> bool:
        """Return True if a look with these values shows the same overpass."""
        sensor = track.rsplit("-", 1)[0]
        near = abs(acquired_at - self.acquired_at) <= SAME_OVERPASS
        return near and sensor == self.sensor.value


def acquisitions(scenes: Iterable[Scene]) -> list[Acquisition]:
    """Group the scenes of one provider into overpasses, oldest first.

    Scenes belong together if track and platform are the same and they lie
    within minutes of the first.
    """
    groups: list[list[Scene]] = []
    for scene in sorted(scenes, key=lambda s: (s.acquired_at, s.scene_id)):
        for group in groups:
            if _together(group[0], scene):
                group.append(scene)
                break
        else:
            groups.append([scene])
    return [Acquisition(tuple(sorted(group, key=lambda s: s.scene_id))) for group in groups]


def alternatives(by_provider: Sequence[Sequence[Acquisition]]) -> list[tuple[Acquisition, ...]]:
    """Join the lists of several providers, given by preference, oldest first.

    Each result is one overpass as each provider lists it, the preferred one first.
    """
    joined: list[list[Acquisition]] = []
    for listed in by_provider:
        for acquisition in listed:
            for known in joined:
                if _same_pass(known[0], acquisition):
                    known.append(acquisition)
                    break
            else:
                joined.append([acquisition])
    joined.sort(key=lambda group: group[0].acquired_at)
    return [tuple(group) for group in joined]


def wanted(
    aoi: Aoi, overpass: Sequence[Acquisition], standing: ArchivedLook | None
) -> list[Acquisition]:
    """Return what should be read of an overpass, by preference; nothing if all is known.

    An overpass that is archived is read again only if the provider it came from
    lists it differently: re-processed, or with further tiles. Another provider's
    version of the same overpass is no news.
    """
    if standing is None:
        return list(overpass)
    return [
        acquisition
        for acquisition in overpass
        if acquisition.provider == standing.provider
        and look_id_of(aoi.aoi_id, newest_of_each_tile(acquisition.scenes), aoi.blocks)
        != standing.look_id
    ]


def _together(first: Scene, scene: Scene) -> bool:
    near = scene.acquired_at - first.acquired_at <= SAME_OVERPASS
    return near and scene.track == first.track and scene.platform == first.platform


def _same_pass(known: Acquisition, other: Acquisition) -> bool:
    near = abs(known.acquired_at - other.acquired_at) <= SAME_OVERPASS
    return near and known.sensor is other.sensor and known.provider != other.provider
