"""A curve as SVG: drawn here, so that a page needs no script and no other host for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from alerts.web.series import Band, Point

WIDTH, HEIGHT = 900, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 42
FONT = "font-family='system-ui,sans-serif' font-size='13'"


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on the plot."""

    title: str
    axis: str
    usual: str
    quiet: str
    showing: str
    event: str
    nothing: str
    month: Callable[[datetime], str]
    direction: str = "ltr"


@dataclass(frozen=True, slots=True)
class Frame:
    """Where time and value lie on the drawing."""

    start: datetime
    end: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        """Return the distance from the left, pixels."""
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the distance from the top, pixels."""
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def series_svg(
    points: Sequence[Point], bands: Sequence[Band], happened: tuple[datetime, datetime],
    showing: Collection[str], words: Words,
) -> str:  # fmt: skip
    """Return the plot: usual band, looks, and the interval in which the change came."""
    drawn = [_head(words), f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>"]
    if len(points) < 2:
        drawn.append(_text(WIDTH / 2, HEIGHT / 2, words.nothing, "middle"))
        return "".join([*drawn, "</svg>"])
    frame = _frame(points, bands)
    drawn += [*_grid(frame, words), *_usual(frame, bands), _interval(frame, happened)]
    drawn += [_mark(frame, point, point.look_id in showing) for point in points]
    drawn += _legend(words)
    return "".join([*drawn, "</svg>"])


def _head(words: Words) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' role='img' "
        f"direction='{words.direction}'><title>{escape(words.title)}</title>"
    )


def _frame(points: Sequence[Point], bands: Sequence[Band]) -> Frame:
    values = [point.nbr for point in points]
    values += [edge for band in bands for edge in (band.low, band.high)]
    pad = max(0.08 * (max(values) - min(values)), 0.02)
    start, end = points[0].acquired_at, points[-1].acquired_at
    room = (end - start) / 40
    return Frame(start - room, end + room, min(values) - pad, max(values) + pad)


def _grid(frame: Frame, words: Words) -> list[str]:
    drawn = []
    for step in range(-10, 11):
        value = step / 10
        if frame.low <= value <= frame.high:
            y = frame.y(value)
            drawn.append(f"<path d='M{LEFT} {y:.1f}H{WIDTH - RIGHT}' stroke='#ddd'/>")
            drawn.append(_text(LEFT - 6, y + 4, f"{value:.1f}", "end"))
    for tick in _months(frame):
        x = frame.x(tick)
        drawn.append(f"<path d='M{x:.1f} {TOP}V{HEIGHT - BOTTOM}' stroke='#eee'/>")
        drawn.append(_text(x, HEIGHT - BOTTOM + 16, words.month(tick), "middle"))
    drawn.append(_text(LEFT - 44, TOP - 2, words.axis, "start"))
    return drawn


def _months(frame: Frame) -> list[datetime]:
    """Return firsts of months, at most ten of them."""
    count = (frame.end.year - frame.start.year) * 12 + frame.end.month - frame.start.month
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 1_200) if count / step <= 10)
    ticks = []
    for month in range(frame.start.year * 12, frame.end.year * 12 + 12, every):
        tick = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        if frame.start <= tick <= frame.end:
            ticks.append(tick)
    return ticks


def _usual(frame: Frame, bands: Sequence[Band]) -> list[str]:
    if len(bands) < 2:
        return []
    top = " ".join(f"{frame.x(band.on):.1f},{frame.y(band.high):.1f}" for band in bands)
    low = " ".join(f"{frame.x(band.on):.1f},{frame.y(band.low):.1f}" for band in reversed(bands))
    middle = " ".join(f"{frame.x(band.on):.1f},{frame.y(band.middle):.1f}" for band in bands)
    return [
        f"<polygon points='{top} {low}' fill='#cfe3d4'/>",
        f"<polyline points='{middle}' fill='none' stroke='#3f7d52' stroke-dasharray='5 4'/>",
    ]


def _interval(frame: Frame, happened: tuple[datetime, datetime]) -> str:
    start, end = (min(max(at, frame.start), frame.end) for at in happened)
    x, width = frame.x(start), max(frame.x(end) - frame.x(start), 3)
    return (
        f"<rect x='{x:.1f}' y='{TOP}' width='{width:.1f}' height='{HEIGHT - TOP - BOTTOM}' "
        "fill='#f0a58f' fill-opacity='.45'/>"
    )


def _mark(frame: Frame, point: Point, shows: bool) -> str:
    x, y = frame.x(point.acquired_at), frame.y(point.nbr)
    if shows:
        corners = f"M{x:.1f} {y + 6:.1f}l-6 -10h12z"
        return f"<path d='{corners}' fill='#a3210f' stroke='#fff'/>"
    return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='#22527a'/>"


def _legend(words: Words) -> list[str]:
    y = HEIGHT - 8
    parts = (
        ("<rect x='{x}' y='{top}' width='14' height='10' fill='#cfe3d4'/>", words.usual),
        ("<circle cx='{mid}' cy='{half}' r='3.5' fill='#22527a'/>", words.quiet),
        ("<path d='M{mid} {y}l-6 -10h12z' fill='#a3210f'/>", words.showing),
        ("<rect x='{x}' y='{top}' width='14' height='10' fill='#f0a58f'/>", words.event),
    )
    drawn, x = [], LEFT
    for shape, text in parts:
        drawn.append(shape.format(x=x, mid=x + 7, top=y - 10, half=y - 5, y=y))
        drawn.append(_text(x + 20, y, text, "start"))
        x += 34 + 8 * len(text)
    return drawn


def _text(x: float, y: float, text: str, anchor: str) -> str:
    # In right-to-left text "start" is the right edge; the places here are of the drawing.
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {FONT} fill='#222' text-anchor='{anchor}' "
        f"direction='ltr'>{escape(text)}</text>"
    )
