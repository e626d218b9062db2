"""What an area knows of fires: its archive, and the static heat that does not count."""

from __future__ import annotations

from shapely.geometry import Point

from aoi.area import Aoi
from aoi.grid import to_degrees
from monitor.config import Config
from monitor.detectors.heat_sources import HeatSettings, HeatSource, heat_sources, month_text
from monitor.fire_file import read_seasons


def fires_document(config: Config, area: Aoi) -> dict[str, object]:
    """Return the archive of fires of one area as a document.

    Raises
    ------
    ArchiveError
        If the archive is damaged.
    """
    seasons = read_seasons(config.service.data_folder, area.aoi_id)
    if seasons is None:
        return {"since": None, "through": None, "static_sources": []}
    above = config.detection.fires.static_detections_per_year
    found = heat_sources(seasons.cells, HeatSettings(above_detections=above))
    return {
        "since": seasons.since,
        "through": seasons.through,
        "static_sources": [_source_document(one, area.epsg) for one in found],
    }


def fires_lines(document: dict[str, object]) -> list[str]:
    """Return the same in words."""
    if document["through"] is None:
        return ["  fires: not looked at yet"]
    since = document["since"]
    known = f"archive since {since}" if since else "no detection on record; a rate is assumed"
    sources = document["static_sources"]
    assert isinstance(sources, list)
    lines = [f"  fires: {known}, counted through {document['through']}"]
    for one in sources:
        lines.append(
            f"  static heat at {one['latitude']:.4f}, {one['longitude']:.4f}: "
            f"{one['detections']} detections in {one['months']} months of a year, "
            f"{one['first']} to {one['last']}; it has no weight"
        )
    return lines


def _source_document(source: HeatSource, epsg: int) -> dict[str, object]:
    place = to_degrees(Point(source.easting_m, source.northing_m), epsg).centroid
    return {
        "latitude": round(place.y, 5),
        "longitude": round(place.x, 5),
        "detections": source.detections,
        "months": source.months,
        "first": month_text(source.first_month),
        "last": month_text(source.last_month),
    }
