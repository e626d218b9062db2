"""A simulated world as the files that providers and people would deliver.

    OUT/imagery/<scene>/<scene>.json, blue.tif ...    STAC Items (CONTRACT section 4)
    OUT/imagery/hotspots/*.csv                        FIRMS
    OUT/areas.geojson, settlements.geojson            CONTRACT section 5
    OUT/truth.csv, events.geojson, confounders.geojson, villages.geojson
    OUT/manifest.json                                 seed, settings, checksums

The truth lies outside the imagery folder: no detector comes across it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.scene import Hotspot
from monitor.simulation import exports
from monitor.simulation.hotspots import SATELLITES, firms_csv, hotspots
from monitor.simulation.orbits import acquisitions
from monitor.simulation.presets import VERSION
from monitor.simulation.radar import radar_passes
from monitor.simulation.radar_files import RadarWriter
from monitor.simulation.scene_files import SceneWriter
from monitor.simulation.world import World

WORKERS = 2
"""Scenes written at a time; NumPy and GDAL leave the interpreter while they work."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What was written, and where."""

    folder: Path
    imagery: Path
    """The imagery folder: what ``[sources.folder] path`` names."""

    scene_count: int
    hotspot_count: int

    @property
    def areas(self) -> Path:
        """File of the area."""
        return self.folder / "areas.geojson"

    @property
    def settlements(self) -> Path:
        """File of the settlements, with the errors that mapped footprints have."""
        return self.folder / "settlements.geojson"

    @property
    def truth(self) -> Path:
        """What a detector should find; nothing else reads it."""
        return self.folder / "truth.csv"


def write(
    world: World,
    interval: Interval,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    radar: bool = True,
) -> Catalogue:
    """Write the scenes, hotspots, places and truth of an interval.

    Parameters
    ----------
    progress : callable, optional
        Told the scenes written and the scenes in all, after each.
    radar : bool
        Sentinel-1 scenes too.

    Raises
    ------
    SourceRefused
        If the folder cannot be written.
    """
    imagery = folder / "imagery"
    spots = hotspots(world, interval)
    try:
        (imagery / "hotspots").mkdir(parents=True, exist_ok=True)
        digests = _write_scenes(world, interval, imagery, progress, radar=radar)
        scene_count = sum(name.endswith(".json") for name in digests)
        for name, text in _texts(world, interval, spots).items():
            (folder / name).write_text(text, encoding="utf-8")
            digests[name] = hashlib.sha256(text.encode()).hexdigest()
        manifest = exports.as_text(_manifest(world, interval, digests))
        (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    except OSError as error:
        raise SourceRefused(
            f"the catalogue cannot be written to {folder}: {error.strerror}",
            hint="name another folder, or make room on the disk",
        ) from error
    return Catalogue(folder, imagery, scene_count, len(spots))


def _write_scenes(
    world: World, interval: Interval, imagery: Path,
    progress: Callable[[int, int], None] | None, *, radar: bool,
) -> dict[str, str]:  # fmt: skip
    """Write every scene of an interval; return the SHA-256 of each file."""
    optical = SceneWriter.of(world)
    jobs = [
        partial(optical.write, passing, imagery)
        for passing in acquisitions(world.settings, world.seed, interval)
    ]
    if radar:
        writer = RadarWriter.of(world, optical.coarse)
        passes = radar_passes(world.seed, interval)
        jobs += [partial(writer.write, passing, imagery) for passing in passes]
    digests: dict[str, str] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, files in enumerate(pool.map(_call, jobs), start=1):
            digests |= {f"imagery/{name}": digest for name, digest in files.items()}
            if progress is not None:
                progress(number, len(jobs))
    return digests


def _call(job: Callable[[], dict[str, str]]) -> dict[str, str]:
    return job()


def _texts(world: World, interval: Interval, spots: list[Hotspot]) -> dict[str, str]:
    """Return every text file by its name below the folder."""
    texts = {
        "areas.geojson": exports.as_text(exports.areas(world)),
        "settlements.geojson": exports.as_text(exports.settlements(world)),
        "villages.geojson": exports.as_text(exports.villages(world)),
        "events.geojson": exports.as_text(exports.events(world, interval, targets=True)),
        "confounders.geojson": exports.as_text(exports.events(world, interval, targets=False)),
        "truth.csv": exports.truth_csv(world, interval),
    }
    for satellite in SATELLITES:
        seen = [spot for spot in spots if spot.satellite == satellite]
        # Real files come in two spellings; a reader must know both.
        archive = satellite == SATELLITES[-1]
        name = f"imagery/hotspots/viirs_{satellite.lower()}.csv"
        texts[name] = firms_csv(seen, archive=archive)
    return texts


def _manifest(world: World, interval: Interval, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "generator": VERSION,
        "seed": world.seed,
        "from": interval.start.isoformat(),
        "to": interval.end.isoformat(),
        "settings": _plain(world.settings),
        "sha256": dict(sorted(digests.items())),
        "note": "Simulated. Results on it are design guidance, never accuracy.",
    }


def _plain(value: Any) -> Any:
    """Return settings as JSON can hold them."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
