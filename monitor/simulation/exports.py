"""The areas, settlements and truth of a world as the files of CONTRACT section 5."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from aoi.interval import Interval
from monitor.simulation.events import TARGETS, Event, EventKind
from monitor.simulation.world import World

CAMPS = (EventKind.CAMP_NEW,)


def areas(world: World) -> dict[str, Any]:
    """Return the area of a world as a FeatureCollection."""
    area = world.aoi
    properties = {
        "id": area.aoi_id,
        "name": area.name,
        "sensitivity": area.sensitivity.value,
        "revisit": f"{area.revisit.days}d",
        "detectors": list(area.detectors),
    }
    return _collection([_feature(_area_outline(world), properties)])


def settlements(world: World) -> dict[str, Any]:
    """Return the settlements that the detector gets as a FeatureCollection."""
    return _collection(
        _feature(
            place.footprint,
            {
                "id": place.settlement_id,
                "name": place.name,
                "name_local": place.name_local,
                "kind": place.kind.value,
                "structures": place.structures,
                "admin_pcode": place.admin_pcode,
            },
        )
        for place in world.settlements
    )


def villages(world: World) -> dict[str, Any]:
    """Return true outlines beside the given ones, each settlement twice."""
    features = []
    for index, place in enumerate(world.settlements):
        for role, outline in (("true", world.true_footprint(index)), ("given", place.footprint)):
            features.append(_feature(outline, {"id": place.settlement_id, "outline": role}))
    return _collection(features)


def events(world: World, interval: Interval, *, targets: bool) -> dict[str, Any]:
    """Return what truly happened in an interval: targets, or confounders."""
    return _collection(
        _feature(world.outline(event), _properties(event))
        for event in _within(world, interval)
        if (event.kind in TARGETS) is targets
    )


def truth_csv(world: World, interval: Interval) -> str:
    """Return the targets of an interval as truth.csv."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ("settlement_id", "kind", "started_at", "ended_at", "fraction", "longitude", "latitude")
    )
    for event in _within(world, interval):
        if event.kind not in TARGETS:
            continue
        place: tuple[str, ...] = ("", "")
        if event.kind in CAMPS:
            centre = world.outline(event).centroid
            place = (f"{centre.x:.6f}", f"{centre.y:.6f}")
        rows.writerow(
            (
                event.settlement_id or "",
                event.kind.value,
                _time(event.interval.start),
                _time(event.interval.end),
                f"{event.fraction:.3f}",
                *place,
            )
        )
    return text.getvalue()


def as_text(collection: dict[str, Any]) -> str:
    """Return GeoJSON text, the same for the same values."""
    return json.dumps(collection, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _area_outline(world: World) -> BaseGeometry:
    """Return an outline that holds every settlement, since an import refuses the others.

    Worlds for large studies have settlements up to the edge of their window. As files
    their area is the whole window, and the margin around it has no imagery.
    """
    places = [settlement.footprint for settlement in world.settlements]
    if all(world.aoi.geometry.covers(place) for place in places):
        return world.aoi.geometry
    return world.blocks.outline


def _within(world: World, interval: Interval) -> list[Event]:
    return [event for event in world.truth if event.interval.meets(interval)]


def _properties(event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "kind": event.kind.value,
        "settlement_id": event.settlement_id,
        "started_at": _time(event.interval.start),
        "ended_at": _time(event.interval.end),
        "share": round(event.fraction, 3),
        "tau_days": None if math.isnan(event.tau_days) else round(event.tau_days, 1),
        "pattern": event.pattern,
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _feature(geometry: BaseGeometry, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": mapping(geometry)}


def _collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}
