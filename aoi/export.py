"""Areas and settlements back to GeoJSON, as CONTRACT section 5 has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta

from shapely.geometry import mapping

from aoi.area import Aoi
from aoi.settlement import Settlement

UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def areas_geojson(areas: Iterable[Aoi]) -> str:
    """Return a FeatureCollection of `areas` that `read_areas` reads in again identically.

    Tiles belong to the registry: export what `AoiRegistry.whole` returns.
    """
    return _collection(
        {
            "type": "Feature",
            "properties": {
                "id": area.aoi_id,
                "name": area.name,
                "sensitivity": area.sensitivity.value,
                "revisit": duration_text(area.revisit),
                "detectors": list(area.detectors),
            },
            "geometry": mapping(area.geometry),
        }
        for area in areas
    )


def settlements_geojson(settlements: Iterable[Settlement]) -> str:
    """Return a FeatureCollection of `settlements`, to be read by `read_settlements`."""
    return _collection(
        {
            "type": "Feature",
            "properties": dict(_properties(settlement)),
            "geometry": mapping(settlement.footprint),
        }
        for settlement in settlements
    )


def duration_text(span: timedelta) -> str:
    """Return `span` as a revisit is written: ``"1d"``, ``"12h"``, ``"90m"``."""
    for letter, unit in UNITS:
        if span % unit == timedelta(0):
            return f"{span // unit}{letter}"
    raise ValueError(f"a revisit is a whole number of minutes, got {span}")


def _properties(settlement: Settlement) -> Iterator[tuple[str, object]]:
    yield "id", settlement.settlement_id
    yield "name", settlement.name
    if settlement.name_local:
        yield "name_local", settlement.name_local
    yield "kind", settlement.kind.value
    if settlement.structures is not None:
        yield "structures", settlement.structures
    if settlement.admin_pcode:
        yield "admin_pcode", settlement.admin_pcode
    if settlement.footprint_assumed:
        yield "footprint", "assumed"


def _collection(features: Iterable[dict[str, object]]) -> str:
    # One feature a line: such a file can be compared and mended by hand.
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
