"""Sentinel-1 scenes as providers deliver them: a STAC Item, VV and VH in linear power."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.simulation.materials import Cover
from monitor.simulation.pixels import Painter
from monitor.simulation.radar import (
    LOOKS_PER_M2,
    POLARISATIONS,
    RadarPass,
    Scatterer,
    mixed,
    power_gained,
)
from monitor.simulation.scene_files import utc_text, window_outline, write_item, write_raster
from monitor.simulation.world import World


@dataclass(frozen=True, slots=True, eq=False)
class RadarWriter:
    """Writes Sentinel-1 scenes of one world, pixels of 20 m."""

    world: World
    painter: Painter
    scatterer: Scatterer

    @classmethod
    def of(cls, world: World, painter: Painter) -> RadarWriter:
        """Return the writer of a world; `painter` is the one of its 20 m bands."""
        return cls(world, painter, Scatterer.of(world.land, painter.shape))

    def write(self, passing: RadarPass, folder: Path) -> dict[str, str]:
        """Write one scene into its own folder; return the SHA-256 of each file."""
        place = folder / passing.scene_id
        place.mkdir(parents=True, exist_ok=True)
        grid = self.world.blocks.at(10.0 * self.painter.product.step)
        digests, assets = {}, {}
        for name, power in zip(POLARISATIONS, self.paint(passing), strict=True):
            file = f"{name}.tif"
            digests[file] = write_raster(place / file, grid, power, nodata=np.nan, predictor=3)
            assets[name] = {
                "href": f"./{file}",
                "type": "image/tiff; application=geotiff",
                "roles": ["data"],
                "raster:bands": [{"nodata": "nan", "data_type": "float32"}],
                "file:checksum": f"1220{digests[file]}",
            }
        digests[f"{passing.scene_id}.json"] = write_item(
            place / f"{passing.scene_id}.json", self._item(passing, assets)
        )
        return {f"{passing.scene_id}/{name}": digest for name, digest in digests.items()}

    def paint(self, passing: RadarPass) -> NDArray[np.float32]:
        """Return gamma nought in linear power, shape (2, height, width)."""
        land = self.world.land
        power = mixed(land, passing.day, self.painter.shares.reshape(len(Cover), -1))
        picture = power.reshape(2, *self.painter.shape)
        for event in self.world.standing(passing.day):
            for number, change in enumerate(event.changes):
                gained = power_gained(change.course, change.covers, passing.day)
                parts = self.painter.changing(event, number, change)
                rows, columns = self.painter.window(change)
                added = gained @ parts.reshape(len(parts), -1)
                picture[:, rows, columns] += added.reshape(2, *parts.shape[1:])
        area_m2 = (10.0 * self.painter.product.step) ** 2
        received = self.scatterer.received(power, passing, looks=LOOKS_PER_M2 * area_m2)
        return received.reshape(2, *self.painter.shape)

    def _item(self, passing: RadarPass, assets: dict[str, Any]) -> dict[str, Any]:
        outline = window_outline(self.world.blocks)
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": passing.scene_id,
            "collection": "sentinel-1-rtc",
            "geometry": outline,
            "bbox": list(self.world.blocks.outline.bounds),
            "properties": {
                "datetime": utc_text(passing.acquired_at),
                "created": utc_text(passing.available_at),
                "platform": passing.platform,
                "constellation": "sentinel-1",
                "proj:epsg": self.world.blocks.epsg,
                "sat:relative_orbit": passing.relative_orbit,
                "sar:polarizations": [name.upper() for name in POLARISATIONS],
                "emberwatch:simulated": True,
            },
            "assets": assets,
            "links": [],
        }
