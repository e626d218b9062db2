"""What an area has of radar: looks by orbit, and the scenes that were refused."""

from __future__ import annotations

from aoi.area import Aoi
from monitor.commands.call import plain
from monitor.config import Config
from monitor.radar_shelf import RadarShelf
from monitor.radar_watch import NAME


def radar_document(config: Config, area: Aoi) -> dict[str, object]:
    """Return the radar looks of one area as a document."""
    shelf = RadarShelf(config.service.data_folder, area.aoi_id, area.blocks)
    return {
        "wanted": NAME in area.detectors,
        "looks": shelf.count(),
        "refused": dict(shelf.refused),
    }


def radar_lines(document: dict[str, object]) -> list[str]:
    """Return the same in words; nothing for an area that does not ask for radar."""
    looks, refused = document["looks"], document["refused"]
    assert isinstance(looks, dict) and isinstance(refused, dict)
    if not document["wanted"]:
        return []
    told = ", ".join(f"{count} of {track}" for track, count in looks.items())
    lines = [f"  radar looks: {told or 'none yet'}"]
    return lines + [f"  radar scene {plain(one)} refused: {plain(refused[one])}" for one in refused]
