"""How often an area can be seen: asked of Sentinel Hub once, kept, and told."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aoi.area import Aoi
from aoi.interval import Interval
from monitor.clear_sky import ClearSky
from monitor.config import Config
from monitor.errors import ConfigError
from monitor.sources.in_order import hub_of

if TYPE_CHECKING:
    from monitor.sources.sentinel_hub import SentinelHub
    from monitor.sources.sentinel_hub_sky import SkyQuestion

YEAR_DAYS = 365


def past_days(now: datetime, days: int) -> Interval:
    """Return the whole days before today, UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Interval.ending(today, timedelta(days=days))


@dataclass(frozen=True, slots=True)
class SkyDesk:
    """Asks Sentinel Hub for the sky over areas, and keeps what it says."""

    config: Config
    now: Callable[[], datetime]

    def question(self, area: Aoi, days: int) -> SkyQuestion:
        """Return what asking for the last `days` days takes; nothing is paid.

        Raises
        ------
        ConfigError
            If Sentinel Hub is no source.
        SourceError
            If its catalogue cannot answer.
        """
        from monitor.sources.sentinel_hub_sky import sky_question

        span = past_days(self.now(), days)
        whole_tiles = self.config.sources.whole_tiles
        return sky_question(self._hub(), area, span, whole_tiles=whole_tiles)

    def answer(self, question: SkyQuestion) -> ClearSky:
        """Return the sky that a question asks for; its units are spent and in the ledger.

        Raises
        ------
        SourceError
            If the service cannot answer, or the monthly budget does not cover it.
        """
        from monitor.sources.sentinel_hub_sky import clear_sky

        return clear_sky(self._hub(), question)

    def _hub(self) -> SentinelHub:
        order = self.config.sources.order
        if "sentinel_hub" not in order:
            raise ConfigError(
                f"Sentinel Hub counts the clear sky, and [sources] order is {', '.join(order)}",
                hint='add "sentinel_hub" and its client to [sources], see docs/how-to/providers.md',
            )
        return replace(hub_of(self.config.sources, self.config.service.data_folder), now=self.now)


def question_document(question: SkyQuestion) -> dict[str, object]:
    """Return what will be asked as a document."""
    return {
        "overpass_days": question.days,
        "requests": sum(1 for _, days in question.parts if days),
        "units_expected": round(question.units, 4),
        "pixel_m": question.grid.resolution_m,
    }


def question_line(area_id: str, question: SkyQuestion) -> str:
    """Return the same in words."""
    return (
        f"{area_id}: {question.days} days with an overpass; counting their clear sky "
        f"takes {question.units:.2f} processing units"
    )


def sky_document(sky: ClearSky | None) -> dict[str, object] | None:
    """Return what is known of the sky over an area as a document; None if nobody asked."""
    if sky is None:
        return None
    return {
        "since": sky.since,
        "until": sky.until,
        "asked_at": sky.asked_at,
        "clear_fraction": _rounded(sky.clear_fraction),
        "overpass_days": len(sky.days),
        "seen_days": sky.seen_days,
        "longest_gap_days": sky.longest_gap_days,
        "lost_days": sky.lost_days,
        "pixel_m": sky.pixel_m,
        "units": round(sky.units, 4),
        "months": [
            {"month": one.month, "days": one.days, "clear_fraction": _rounded(one.clear_fraction)}
            for one in sky.by_month
        ],
    }


def sky_lines(sky: ClearSky | None) -> list[str]:
    """Return the same in words; nothing if nobody asked."""
    if sky is None or sky.clear_fraction is None:
        return []
    lines = [
        f"  sky: {sky.clear_fraction:.0%} clear from {sky.since} to {sky.until}; most of the area "
        f"seen on {sky.seen_days} of {len(sky.days)} days with an overpass, "
        f"longest gap {sky.longest_gap_days} days",
        "  by month: " + _months(sky),
    ]
    if sky.lost_days:
        lines.append(f"  on {sky.lost_days} more days the service could not tell: ask again")
    return lines


def _months(sky: ClearSky) -> str:
    return ", ".join(f"{month_abbr[one.month]} {one.clear_fraction:.0%}" for one in sky.by_month)


def _rounded(fraction: float | None) -> float | None:
    return None if fraction is None else round(fraction, 3)
