"""What the monitor asks of the outside world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.observation import Observation
from monitor.scene import Hotspot, Scene

Job = TypeVar("Job")
Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
class SearchProblem:
    """An entry of a catalogue that cannot be used as a scene; belongs into the ledger."""

    entry: str
    """What names it: a file below the folder, or an item's identifier."""

    reason: str
    """What is wrong with it, in a sentence."""

    hint: str = ""


class ImagerySource(Protocol):
    """A catalogue of scenes, and a reader of their pixels. Picklable."""

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        ...

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return the scenes that touch `aoi` and were acquired in `interval`, oldest first.

        Raises
        ------
        SourceError
            If the catalogue cannot answer. No scenes is an empty list, not an error.
        """
        ...

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return what `search` had to leave out although it may touch `aoi`, and why.

        Raises
        ------
        SourceError
            If the catalogue cannot answer.
        """
        ...

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return the pixels of one scene on `grid`, scaled, with flags.

        Parameters
        ----------
        scene : Scene
            From `search` of the same source.
        grid : Grid
            Grid of the result; pixels are resampled to it.
        bands : sequence of str
            Keys of `Scene.assets` without the classification, which is read by itself.
            A band that the scene does not list is left out of the result.

        Raises
        ------
        SourceError
            If the pixels cannot be read. Nothing measured on the grid is an
            observation without a clear pixel, not an error.
        """
        ...


class HotspotSource(Protocol):
    """A provider of active-fire detections. Picklable."""

    @property
    def name(self) -> str: ...

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        """Return the detections in and near `aoi` in `interval`, oldest first, each once.

        Raises
        ------
        SourceError
            If the provider cannot answer. None detected is an empty list.
        """
        ...


class Engine(Protocol):
    """Runs a function of values for each job, here or on other machines."""

    def run(
        self, function: Callable[[Job], Report], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Report | BaseException]]:
        """Yield each job with its report, or the exception it died of, as they finish."""
        ...

    def close(self) -> None:
        """Give back the workers."""
        ...
