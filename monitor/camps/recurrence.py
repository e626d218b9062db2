"""Whether a sign comes every year: fairs and harvests do, displaced people do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.camps.control import controlled
from monitor.camps.features import BLUE_RED, TEXTURE, VISIBLE
from monitor.camps.region import Chosen, Region
from monitor.camps.season import Season
from monitor.camps.settings import CampSettings
from monitor.camps.sign import STEPS, UNSEEN, sign_of

Array = NDArray[np.float32]

YEAR = timedelta(days=365.25)

AROUND = 40
"""Blocks about a patch that its control is taken from: 1.6 km."""

LEAST_RISE = 0.1
"""Rise of brightness and blueness in an earlier year: more than places drift by."""

LEFT_OF_A_FAIR = 1 / 3
"""Part of today's rise that a fair of earlier years shows at least. Two or three years of a
yearly fair teach the season half of it and more: of a rise of .46 today, .15 to .26 was left in
the years before (a tuning world), and of ground where people settled nothing."""

MOST_OF_A_FAIR, MOST_RISE = 2.0, 0.8
"""Times the strength of today, and rise, beyond both of which an earlier look is a missed cloud:
a fair that just began is weaker than the whole one of last year."""

NEIGHBOUR = timedelta(days=12)

UNEVEN = 1.0
"""Rise of texture in sigmas without which strength alone is a missed cloud: clouds are smooth."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The features of one look over a region."""

    look_id: str
    track: str
    at: datetime
    values: NDArray[np.floating]
    """Shape (features, n); NaN where not seen."""


def years_with_sign(
    own: Chosen,
    past: Iterable[Seen],
    seasons: Mapping[str, Season],
    region: Region,
    settings: CampSettings,
    strength: float,
    now: datetime,
) -> tuple[int, int]:
    """Return how many earlier years were seen at a place, and how many showed the sign.

    Parameters
    ----------
    own : array
        Blocks of the place, shape (n,).
    past : iterable of Seen
        Looks of the same weeks of earlier years.
    strength : float
        Rise of brightness and blueness at the place today.
    now : datetime
        Acquisition of the look that is judged.

    Notes
    -----
    A year shows it if one of its looks does (`stood`): fairs of the rains are seen through gaps. A
    look of then shows it if half of the place resembles shelters, or if it had a third of the
    strength of today and was as uneven: a season that learned most of a yearly fair hides it
    in all years.
    """
    at, shape, inner = _window(own, region)
    years: dict[int, list[tuple[datetime, bool]]] = {}
    for seen in past:
        season = seasons.get(seen.track)
        if season is None:
            continue
        values = seen.values[:, at].astype(np.float32)
        if np.isfinite(values[0, inner]).mean() < 0.5:
            continue
        part = replace(seen, values=values)
        share, then = _then(part, _part(season, at), shape, inner, settings)
        if np.isnan(share) or then > max(MOST_OF_A_FAIR * strength, MOST_RISE):
            continue
        is_shown = share >= 0.5 or then >= max(LEFT_OF_A_FAIR * strength, LEAST_RISE)
        # Seasons run across the turn of the year.
        years_ago = round((now - seen.at) / YEAR)
        years.setdefault(years_ago, []).append((seen.at, is_shown))
    return len(years), sum(stood(looks) for looks in years.values())


def stood(looks: Sequence[tuple[datetime, bool]]) -> bool:
    """Return True if a look of a year shows a place, and not the looks on both sides otherwise.

    Parameters
    ----------
    looks : sequence of (datetime, bool)
        When, and whether it shows the place, in any order.

    Notes
    -----
    Fairs stand for weeks: a look between two that show nothing, each within twelve days, is a
    missed cloud. Where clouds hid one of these, it counts.
    """
    ordered = sorted(looks)
    quiet = [on for on, is_shown in ordered if not is_shown]
    return any(
        not (
            any(timedelta(0) < on - other <= NEIGHBOUR for other in quiet)
            and any(timedelta(0) < other - on <= NEIGHBOUR for other in quiet)
        )
        for on, is_shown in ordered
        if is_shown
    )


def _window(own: Chosen, region: Region) -> tuple[NDArray[np.intp], tuple[int, int], Chosen]:
    """Return indices of the blocks about a place, their shape, and which are its own."""
    height, width = region.shape
    rows, columns = np.divmod(np.flatnonzero(own), width)
    top, bottom = max(int(rows.min()) - AROUND, 0), min(int(rows.max()) + AROUND + 1, height)
    left, right = max(int(columns.min()) - AROUND, 0), min(int(columns.max()) + AROUND + 1, width)
    at = (np.arange(top, bottom)[:, np.newaxis] * width + np.arange(left, right)).ravel()
    return at, (bottom - top, right - left), own[at]


def _part(season: Season, at: NDArray[np.intp]) -> Season:
    return replace(
        season,
        gram=season.gram[:, :0],
        moment=season.moment[:, :, :0],
        theta=season.theta[:, :, at],
        variance=season.variance[:, at],
    )


def _then(
    seen: Seen, season: Season, shape: tuple[int, int], inner: Chosen, settings: CampSettings
) -> tuple[float, float]:
    """Return the share of a place that showed shelters, and their strength; NaN if unseen."""
    residual = (seen.values - season.expected(seen.at)).astype(np.float32)
    left = controlled(residual, season.covariates(seen.at), shape, inner)
    if not np.isfinite(left.scale).all():
        return float("nan"), float("nan")
    sign, z = sign_of(seen.look_id, season, seen.at, left.residual, left.scale)
    level = sign.level[inner]
    known = level != UNSEEN
    if not known.any():
        return float("nan"), float("nan")
    shown = float((level[known] >= settings.low * STEPS).mean())
    if season.has_texture and not float(np.nanmedian(z[TEXTURE, inner])) >= UNEVEN:
        return shown, 0.0
    rise = left.residual[VISIBLE, inner] + left.residual[BLUE_RED, inner]
    return shown, float(np.nanmean(rise))
