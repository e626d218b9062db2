"""The still picture for mail: before beside after, outlines, dates, a scale bar.

Words stand in the mail and in `alt_text`, not in the picture: only Latin dates and
a length are drawn, which need no shaping and look the same on every machine.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rasterio.enums import Resampling
from rasterio.warp import reproject
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from alerts.ports import AlertPicture
from aoi.grid import Grid, to_metres, utm_epsg
from maps.overlay import coloured, common_stretch
from maps.pair import Pair, choose_pair, subject_of
from maps.palette import CASING, Stroke, stroke_of
from maps.shapes import role_label, roles_of
from maps.words import Words, latin_date
from monitor.observation import Observation

WIDTH_PX = 640
PANEL_HEIGHT_PX = 318
GAP_PX = 4
MAX_BYTES = 180_000
QUALITIES = (86, 76, 64, 50, 36)

FINE = 2
"""Lines are drawn at twice the size and reduced, which smooths them."""

MARGIN = 0.55
"""Ground around the place, as a share of its size, on each side."""

MIN_SIDE_M = 1_200.0
SCALE_BAR_M = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
GROUND = (233, 236, 238)
TEXT_PX = 15


@dataclass(frozen=True, slots=True)
class Window:
    """The ground that one panel shows, in metres of a projected system."""

    epsg: int
    left_m: float
    top_m: float
    metres_per_px: float
    width_px: int
    height_px: int

    def at(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Return column and row of a position."""
        return (x_m - self.left_m) / self.metres_per_px, (self.top_m - y_m) / self.metres_per_px

    @property
    def transform(self) -> Affine:
        """Maps (column, row) to metres."""
        size = self.metres_per_px
        return Affine(size, 0.0, self.left_m, 0.0, -size, self.top_m)


def plate(picture: AlertPicture) -> bytes:
    """Return before beside after as a JPEG of 640 px and at most 180 kB.

    One panel where only one date may be shown; outlines on plain ground where none.
    """
    return _jpeg(sheet_of(picture))


def plate_png(picture: AlertPicture) -> bytes:
    """Return before beside after without loss, and without anything but the pixels."""
    stream = io.BytesIO()
    sheet_of(picture).save(stream, format="PNG", optimize=False, compress_level=9)
    return stream.getvalue()


def window_of(picture: AlertPicture, pair: Pair) -> Window:
    """Return the ground that each panel of a plate shows."""
    count = max(1, len(pair.shown))
    return _window(picture, pair, (WIDTH_PX - GAP_PX * (count - 1)) // count)


def sheet_of(picture: AlertPicture) -> Image.Image:
    """Return before beside after as it is drawn."""
    pair = choose_pair(picture)
    window = window_of(picture, pair)
    width = window.width_px // FINE
    sheet = Image.new("RGB", (WIDTH_PX, PANEL_HEIGHT_PX), "white")
    for number, panel in enumerate(_panels(picture, pair, window)):
        sheet.paste(panel, (number * (width + GAP_PX), 0))
    _draw_scale_bar(ImageDraw.Draw(sheet), window)
    return sheet


def alt_text(picture: AlertPicture) -> str:
    """Return what the plate shows, in words, in the language of the picture."""
    words = Words.of(picture.language)
    pair = choose_pair(picture)
    dates = [words.date(seen.acquired_at) for _, seen in pair.shown]
    shown = ", ".join(
        dict.fromkeys(role_label(role, picture.kind, words) for role in roles_of(picture))
    )
    if len(dates) == 2:
        start = words("alt_pair", *dates)
    elif dates:
        start = words("alt_single", words(pair.shown[0][0]), dates[0])
    else:
        start = words("no_pictures")
    composite = f" {words(pair.composites[0].name)}." if pair.composites else ""
    return f"{start}{composite}" + (f" {words('alt_outlines', shown)}" if shown else "")


def _window(picture: AlertPicture, pair: Pair, width_px: int) -> Window:
    subject = box(*subject_of(picture))
    centre = subject.centroid
    seen = pair.after or pair.before
    epsg = seen.grid.epsg if seen else utm_epsg(centre.x, centre.y)
    left, bottom, right, top = to_metres(subject, epsg).bounds
    side = max((right - left), (top - bottom)) * (1 + 2 * MARGIN)
    size = max(side, MIN_SIDE_M) / min(width_px, PANEL_HEIGHT_PX)
    x, y = (left + right) / 2, (top + bottom) / 2
    return Window(
        epsg=epsg,
        left_m=x - size * width_px / 2,
        top_m=y + size * PANEL_HEIGHT_PX / 2,
        metres_per_px=size / FINE,
        width_px=width_px * FINE,
        height_px=PANEL_HEIGHT_PX * FINE,
    )


def _panels(picture: AlertPicture, pair: Pair, window: Window) -> Iterator[Image.Image]:
    if not pair.shown or not pair.composites:
        yield _panel(picture, None, window)
        return
    composite = pair.composites[0]
    stretch = common_stretch(composite, [seen for _, seen in pair.shown])
    for _, seen in pair.shown:
        pixels = _pixels(coloured(seen, composite, stretch), seen.grid, window)
        panel = _panel(picture, pixels, window)
        _draw_date(ImageDraw.Draw(panel), seen)
        yield panel


def _panel(picture: AlertPicture, pixels: NDArray[np.uint8] | None, window: Window) -> Image.Image:
    image = Image.new("RGB", (window.width_px, window.height_px), GROUND)
    if pixels is not None:
        seen = Image.fromarray(pixels)
        image.paste(seen, mask=seen.getchannel("A"))
    draw = ImageDraw.Draw(image)
    for role in roles_of(picture):
        stroke = stroke_of(role, picture.kind)
        for outline in picture.outlines:
            if outline.role == role and not outline.geometry.is_empty:
                _draw_outline(draw, outline.geometry, stroke, window)
    for longitude, latitude, _ in picture.hotspots:
        _draw_dot(draw, Point(longitude, latitude), window, stroke_of("hotspot", picture.kind))
    return image.resize(
        (window.width_px // FINE, window.height_px // FINE), Image.Resampling.LANCZOS
    )


def _pixels(rgba: NDArray[np.uint8], grid: Grid, window: Window) -> NDArray[np.uint8]:
    out = np.zeros((4, window.height_px, window.width_px), dtype=np.uint8)
    reproject(
        np.moveaxis(rgba, -1, 0).copy(),
        out,
        src_transform=grid.transform,
        src_crs=f"EPSG:{grid.epsg}",
        dst_transform=window.transform,
        dst_crs=f"EPSG:{window.epsg}",
        resampling=Resampling.nearest,
    )
    return np.ascontiguousarray(np.moveaxis(out, 0, -1))


def _draw_outline(
    draw: ImageDraw.ImageDraw, geometry: BaseGeometry, stroke: Stroke, window: Window
) -> None:
    for line in _lines(to_metres(geometry, window.epsg).boundary):
        points = [window.at(x, y) for x, y in line.coords]
        pieces = _dashes(points, stroke.dash)
        width = round(stroke.width_px * 0.8 * FINE)
        for piece in pieces:
            draw.line(piece, fill=CASING, width=width + 2 * FINE, joint="curve")
        for piece in pieces:
            draw.line(piece, fill=stroke.colour, width=width, joint="curve")


def _lines(boundary: BaseGeometry) -> Iterator[LineString]:
    for part in getattr(boundary, "geoms", [boundary]):
        if isinstance(part, LineString):
            yield part


def _dashes(points: list[tuple[float, float]], dash: str) -> list[list[tuple[float, float]]]:
    """Return the drawn pieces of a line whose SVG dash pattern is ``"on off"``."""
    if not dash:
        return [points]
    drawn_px, gap_px = (float(part) * FINE for part in dash.split())
    line = LineString(points)
    starts = np.arange(0.0, line.length, drawn_px + gap_px)
    pieces = (substring(line, start, start + drawn_px) for start in starts)
    return [[(x, y) for x, y in piece.coords] for piece in pieces if len(piece.coords) > 1]


def _draw_dot(
    draw: ImageDraw.ImageDraw, place: BaseGeometry, window: Window, stroke: Stroke
) -> None:
    point = to_metres(place, window.epsg).centroid
    x, y = window.at(point.x, point.y)
    for radius, colour in ((7, CASING), (5, "#FFFFFF"), (4, stroke.colour)):
        size = radius * FINE
        draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)


def _draw_date(draw: ImageDraw.ImageDraw, seen: Observation) -> None:
    text = latin_date(seen.acquired_at)
    font = ImageFont.load_default(TEXT_PX)
    width = draw.textlength(text, font=font)
    draw.rounded_rectangle((6, 6, 6 + width + 14, 28), radius=6, fill=CASING)
    draw.text((13, 17), text, font=font, fill="white", anchor="lm")


def _draw_scale_bar(draw: ImageDraw.ImageDraw, window: Window) -> None:
    metres_per_px = window.metres_per_px * FINE
    longest = 0.32 * window.width_px / FINE * metres_per_px
    length_m = max((bar for bar in SCALE_BAR_M if bar <= longest), default=SCALE_BAR_M[0])
    text = f"{length_m} m" if length_m < 1_000 else f"{length_m // 1_000} km"
    font = ImageFont.load_default(TEXT_PX - 2)
    end = 12 + length_m / metres_per_px
    top = PANEL_HEIGHT_PX - 30
    right = max(end, 12 + draw.textlength(text, font=font)) + 6
    draw.rounded_rectangle((6, top, right, PANEL_HEIGHT_PX - 6), radius=4, fill="white")
    draw.text((12, top + 9), text, font=font, fill=CASING, anchor="lm")
    draw.rectangle((12, PANEL_HEIGHT_PX - 13, end, PANEL_HEIGHT_PX - 11), fill=CASING)


def _jpeg(image: Image.Image) -> bytes:
    encoded = b""
    for quality in QUALITIES:
        stream = io.BytesIO()
        image.save(stream, format="JPEG", quality=quality, optimize=True, progressive=True)
        encoded = stream.getvalue()
        if len(encoded) <= MAX_BYTES:
            break
    return encoded
