"""The map of one alert: before and after with a swipe, outlines, facts."""

from __future__ import annotations

from collections.abc import Sequence

import folium

from alerts.ports import AlertPicture
from maps.controls.corner import Corner
from maps.controls.layers import Layers
from maps.controls.names import Names
from maps.controls.swipe import DateLabel, Swipe, panes
from maps.escaping import escaped
from maps.offline import OfflineMap, OfflinePage
from maps.overlay import Composite, coloured, common_stretch, picture_of
from maps.pair import AFTER, BEFORE, Pair, choose_pair, subject_of
from maps.palette import banner_name
from maps.shapes import layer_of, legend_of, names_of, roles_of, rows_of
from maps.words import Words

VIEW_MARGIN = 0.9
"""Ground shown around the place, as a share of its size, on each side."""

MIN_VIEW_DEG = 0.012
"""A hamlet is shown with at least about 1.3 km around it."""


def alert_map(picture: AlertPicture) -> str:
    """Return one HTML page that shows `picture`, complete in itself."""
    words = Words.of(picture.language)
    pair = choose_pair(picture)
    page = OfflinePage("alert.html", words, _context(picture, pair, words))
    canvas = OfflineMap(page)
    bare = not pair.shown
    for pane in panes():
        pane.add_to(canvas)
    for number, composite in enumerate(pair.composites):
        _picture_layer(pair, composite, words, show=number == 0).add_to(canvas)
    for role in roles_of(picture):
        layer_of(role, picture, words, bare=bare).add_to(canvas)
    names = names_of(picture)
    if names:
        Names(escaped(words("names")), names).add_to(canvas)
    canvas.fit_bounds(view_of(picture))
    # After the layers: a control that fails must not take them along.
    Layers().add_to(canvas)
    Corner(words, "" if bare else picture.attribution, bare=bare).add_to(canvas)
    _dates_on_map(pair, words, canvas)
    return page.render()


def view_of(picture: AlertPicture) -> Sequence[tuple[float, float]]:
    """Return south-west and north-east of the first view: the place and some ground around."""
    west, south, east, north = subject_of(picture)
    wide = max((east - west) * VIEW_MARGIN, (MIN_VIEW_DEG - (east - west)) / 2)
    high = max((north - south) * VIEW_MARGIN, (MIN_VIEW_DEG - (north - south)) / 2)
    return [(south - high, west - wide), (north + high, east + wide)]


def _picture_layer(
    pair: Pair, composite: Composite, words: Words, *, show: bool
) -> folium.FeatureGroup:
    """Return one choice of the composite switch: the same bands of both dates."""
    group = folium.FeatureGroup(name=escaped(words(composite.name)), overlay=False, show=show)
    stretch = common_stretch(composite, [seen for _, seen in pair.shown])
    for role, seen in pair.shown:
        shown = picture_of(coloured(seen, composite, stretch), seen.grid)
        folium.raster_layers.ImageOverlay(
            shown.url,
            bounds=[shown.south_west, shown.north_east],
            pixelated=False,
            control=False,
            pane=role,
            alt=escaped(f"{words(role)} {words.date(seen.acquired_at)}"),
        ).add_to(group)
    return group


def _dates_on_map(pair: Pair, words: Words, canvas: OfflineMap) -> None:
    dates = {role: words.date(seen.acquired_at) for role, seen in pair.shown}
    if len(dates) == 2:
        Swipe(words, dates[BEFORE], dates[AFTER]).add_to(canvas)
        return
    for role, date in dates.items():
        DateLabel(words, role, date).add_to(canvas)


def _context(picture: AlertPicture, pair: Pair, words: Words) -> dict[str, object]:
    sizes = dict.fromkeys(f"{seen.grid.resolution_m:g} m" for _, seen in pair.shown)
    return {
        "picture": picture,
        "banner": banner_name(picture.severity),
        "notices": [words(key) for key in pair.notices],
        "dates": [
            (f"{words('imagery')}: {words(role)}", words.moment(seen.acquired_at))
            for role, seen in pair.shown
        ],
        "legend": legend_of(picture, words, bare=not pair.shown),
        "readings": [
            (words(composite.name), words(f"{composite.name}_read"))
            for composite in pair.composites
        ],
        "comparable": len(pair.shown) == 2,
        "pixel": words.as_html("pixel", " / ".join(sizes)),
        "shapes": rows_of(picture, words),
    }
