"""The map of all areas: when each was last seen, and the alerts that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import folium
from markupsafe import Markup

from alerts.ports import OverviewArea
from maps.controls.corner import Corner
from maps.controls.crowd import Box, Boxes, Count, Counts
from maps.controls.layers import Layers
from maps.controls.names import Name, Names
from maps.escaping import SafeHtml, escaped
from maps.land import land_within
from maps.offline import OfflineMap, OfflinePage
from maps.palette import AREA_STROKES, LAND, Stroke, stroke_of
from maps.shapes import add_outline, bounds_of, collection_of, dots, swatch
from maps.words import Words

# The words of the legend say these numbers.
RECENT = timedelta(days=7)
LATE = timedelta(days=14)

MOST_AREAS = 200
"""More areas are drawn as boxes, and only some of them are rows of the table."""

MOST_ALERTS = 300
"""More alerts are drawn as one dot for each area."""

VIEW_MARGIN = 0.15
MIN_VIEW_DEG = 0.5


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area as a row of the table."""

    swatch: Markup
    name: str
    seen: str
    state: str
    alerts: Sequence[tuple[str, str]]
    counted: str
    """How many alerts stand, where they are not named."""


def overview_map(
    areas: Sequence[OverviewArea],
    generated_at: datetime,
    *,
    language: str = "en",
    land: Path | None = None,
) -> str:
    """Return one HTML page of all `areas`, complete in itself.

    Raises
    ------
    UnreadableLand
        If `land` is given and cannot be drawn.
    """
    words = Words.of(language)
    view = view_of(areas)
    page = OfflinePage("overview.html", words, _context(areas, generated_at, words, land))
    canvas = OfflineMap(page)
    if land is not None:
        _land_layer(land, view).add_to(canvas)
    if is_crowd(areas):
        _crowd_layers(canvas, areas, generated_at, words)
    else:
        _area_layer(areas, generated_at, words).add_to(canvas)
        _alert_layer(areas, words).add_to(canvas)
        names = [_name_of(area) for area in areas if not area.geometry.is_empty]
        Names(escaped(words("names")), names).add_to(canvas)
    west, south, east, north = view
    canvas.fit_bounds([(south, west), (north, east)])
    Layers().add_to(canvas)
    Corner(words, "Natural Earth" if land else "", bare=True).add_to(canvas)
    return page.render()


def is_crowd(areas: Sequence[OverviewArea]) -> bool:
    """Return True if there is more than can be drawn one by one on a page of 1.5 MB."""
    counted = any(area.standing is not None for area in areas)
    many = len(areas) > MOST_AREAS or sum(area.count for area in areas) > MOST_ALERTS
    return counted or many


def freshness(last_seen: datetime | None, generated_at: datetime) -> str:
    """Return ``"seen_recently"``, ``"seen_late"`` or ``"not_seen"``."""
    if last_seen is None or generated_at - last_seen >= LATE:
        return "not_seen"
    return "seen_recently" if generated_at - last_seen < RECENT else "seen_late"


def view_of(areas: Sequence[OverviewArea]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the first view."""
    bounds = bounds_of(area.geometry for area in areas)
    if bounds is None:
        return -180.0, -60.0, 180.0, 75.0
    west, south, east, north = bounds
    margin = max((east - west) * VIEW_MARGIN, (north - south) * VIEW_MARGIN, MIN_VIEW_DEG / 2)
    return west - margin, south - margin, east + margin, north + margin


def _area_layer(
    areas: Sequence[OverviewArea], generated_at: datetime, words: Words
) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name=escaped(words("overview")))
    for area in areas:
        if area.geometry.is_empty:
            continue
        text = f"<strong>{escaped(area.name)}</strong><br>{escaped(area.state_line)}"
        add_outline(group, area.geometry, _stroke(area, generated_at), text, bare=True)
    return group


def _crowd_layers(
    canvas: OfflineMap, areas: Sequence[OverviewArea], generated_at: datetime, words: Words
) -> None:
    shown = [area for area in areas if not area.geometry.is_empty]
    boxes = [
        Box(area.geometry.bounds, freshness(area.last_seen, generated_at),
            escaped(area.name), escaped(area.state_line))
        for area in shown
    ]  # fmt: skip
    Boxes(escaped(words("overview")), AREA_STROKES, boxes).add_to(canvas)
    counts = [_count_of(area, words) for area in shown if area.count]
    Counts(escaped(words("open_alerts")), stroke_of("alert", ""), counts).add_to(canvas)


def _count_of(area: OverviewArea, words: Words) -> Count:
    west, south, east, north = area.geometry.bounds
    text = f"<strong>{escaped(area.name)}</strong><br>{escaped(words('standing', area.count))}"
    return Count((south + north) / 2, (west + east) / 2, area.count, SafeHtml(text))


def _alert_layer(areas: Sequence[OverviewArea], words: Words) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name=escaped(words("open_alerts")))
    stroke = stroke_of("alert", "")
    for area in areas:
        for reference, label, outline in area.open_alerts:
            if outline.is_empty:
                continue
            centre = outline.centroid
            text = f"<strong>{escaped(reference)}</strong> {escaped(label)}"
            for dot in dots(centre.y, centre.x, stroke, text):
                dot.add_to(group)
    return group


def _land_layer(
    path: Path, view: tuple[float, float, float, float]
) -> folium.GeoJson | folium.FeatureGroup:
    # Ground around the view too, so that a reader who moves it a little stays on land.
    west, south, east, north = view
    wide, high = (east - west), (north - south)
    around = (
        max(-180.0, west - wide), max(-85.0, south - high),
        min(180.0, east + wide), min(85.0, north + high),
    )  # fmt: skip
    land = land_within(path, around)
    if land.is_empty:
        return folium.FeatureGroup(name="land", control=False)
    return folium.GeoJson(
        collection_of(land), control=False, interactive=False, style_function=lambda _: dict(LAND)
    )


def _name_of(area: OverviewArea) -> Name:
    west, _, east, north = area.geometry.bounds
    return Name(escaped(area.name), round(north, 6), round((west + east) / 2, 6), is_main=True)


def _stroke(area: OverviewArea, generated_at: datetime) -> Stroke:
    return AREA_STROKES[freshness(area.last_seen, generated_at)]


def _context(
    areas: Sequence[OverviewArea], generated_at: datetime, words: Words, land: Path | None
) -> dict[str, object]:
    listed = _listed(areas)
    return {
        "generated": words.moment(generated_at),
        "background": words("no_background" if land is None else "no_roads"),
        "legend": _legend(words),
        "rows": [_row(area, generated_at, words) for area in listed],
        "cut": words("listed", len(listed), len(areas)) if len(listed) < len(areas) else "",
    }


def _listed(areas: Sequence[OverviewArea]) -> Sequence[OverviewArea]:
    """Return the areas of the table: of many those with most alerts, then the unseen."""
    if len(areas) <= MOST_AREAS:
        return areas
    return sorted(areas, key=lambda area: (-area.count, area.last_seen is not None))[:MOST_AREAS]


def _legend(words: Words) -> list[tuple[Markup, str]]:
    recent, late = RECENT.days, LATE.days
    labels = {
        "seen_recently": words("seen_recently", recent),
        "seen_late": words("seen_late", late, recent),
        "not_seen": words("not_seen", late),
    }
    states = [(swatch(AREA_STROKES[key], bare=True), label) for key, label in labels.items()]
    return [*states, (swatch(stroke_of("alert", ""), dot=True, bare=True), words("alert"))]


def _row(area: OverviewArea, generated_at: datetime, words: Words) -> AreaRow:
    seen = words("never_seen") if area.last_seen is None else words.date(area.last_seen)
    named = [] if area.count > MOST_ALERTS else area.open_alerts
    alerts = [(reference, label) for reference, label, _ in named]
    counted = str(area.count) if area.count and not alerts else ""
    sign = swatch(_stroke(area, generated_at), bare=True)
    return AreaRow(sign, area.name, seen, area.state_line, alerts, counted)
