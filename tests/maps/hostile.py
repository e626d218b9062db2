"""The names of corpus E that concern pages; each would set `window.ran` if it ran."""

from __future__ import annotations

from dataclasses import replace

from shapely.geometry import box

from alerts.ports import AlertPicture, Outline, OverviewArea
from tests.maps.pictures import a_patch, a_picture, an_area

RUN = "window.ran=(window.ran||0)+1"

PAYLOADS = {
    "E1": f'<img src=x onerror="{RUN}">',
    "E1-svg": f"<svg/onload={RUN}>",
    "E1-quote": f'" autofocus onfocus="{RUN}" x="',
    "E2": f"${{{RUN}}}",
    "E3": f"`+({RUN})+`",
    "E4": f"</script><script>{RUN}</script>",
    "E4-comment": f"<!--<script>{RUN}</script>-->",
    "E4-style": f"</style></title></noscript><script>{RUN}</script>",
    "E5": f"\\x3cimg src=x onerror={RUN}\\x3e",
    "E5-u": f"\\u003cimg src=x onerror={RUN}\\u003e",
    "E6": "trailing backslash \\",
    "E7": "{{7*7}} {% for x in y %} {# note #}",
    "E9": "Shagra\r\nBcc: x@example.org",
    "E10": "abc\u202edef\u2066ghi\u200bjkl\u2028mno",
    "E11": "A" * 2_000,
    "E12": "👩\u200d🚒 Z" + "\u0301" * 100,
    "E13": "قرية شقرا K7QF، 62 % من 120",
    "E15": "\x00",
    "E16": "../../etc/passwd",
    "E17": "%s %n {0}",
    "E18": "\x1b[31mred\x1b[0m",
    "E19": "13.65812, 25.36981",
    "E20": "'); DROP TABLE alerts; --",
}


def hostile_picture(text: str) -> AlertPicture:
    """Return a picture with `text` in every place that a person or a file can fill."""
    shapes = [
        Outline(role, text, a_patch(300 + 40 * number))
        for number, role in enumerate(("settlement", "burned", "other_settlement", "cell"))
    ]
    return a_picture(
        title=text,
        status_line=text,
        tlp=text,
        kind=text,
        severity=text,
        outlines=[*shapes, Outline(text, text, a_patch(900))],
        facts=[(text, text), ("Place", text)],
        attribution=text,
        coverage_line=text,
        hotspots=[(27.37, 13.66, text)],
        before=None,
        after=None,
    )


def hostile_area(text: str) -> OverviewArea:
    """Return an area with `text` in every place."""
    alert = (text, text, box(27.36, 13.65, 27.37, 13.66))
    return replace(an_area(), aoi_id=text, name=text, state_line=text, open_alerts=[alert])
