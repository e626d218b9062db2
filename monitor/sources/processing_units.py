"""What requests to Sentinel Hub cost: an estimate before, a ledger after, a limit each month."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.errors import SourceUnavailable

# One unit is 512 x 512 pixels of three bands of at most 16 bits, one sample a pixel (Sentinel Hub
# documentation, "Processing unit definition"); an area counts as a hundredth of that at least, and
# no request costs less than the smallest.
UNIT_PIXELS = 512 * 512
UNIT_BANDS = 3
SMALLEST_AREA = 0.01
SMALLEST_UNITS = 0.005
SMALLEST_STATISTICS_UNITS = 0.01


def estimated_units(
    width: int,
    height: int,
    bands: int,
    *,
    bits: int = 16,
    factor: float = 1.0,
    samples: int = 1,
    least: float = SMALLEST_UNITS,
) -> float:
    """Return what one request costs.

    Parameters
    ----------
    width, height : int
        Pixels.
    bands : int
        Input bands; the data mask is free.
    bits : int
        Of each output number; 32 cost twice as much.
    factor : float
        Of additional processing, such as orthorectification.
    samples : int
        Values taken of each pixel: of statistics, the days with an overpass.
    least : float
        What any request of this service costs.
    """
    area = max(width * height / UNIT_PIXELS, SMALLEST_AREA)
    units = area * bands / UNIT_BANDS * max(1.0, bits / 16) * samples
    return max(units * factor, least)


@dataclass(frozen=True, slots=True)
class UnitLedger:
    """The units spent each month, one line a request, in a file that is only added to."""

    folder: Path
    monthly_units: float
    """Fetching stops when they are spent."""

    def spent(self, month: datetime) -> float:
        """Return the units spent in the month of an instant.

        Raises
        ------
        SourceUnavailable
            If the ledger cannot be read: nothing is spent that cannot be counted.
        """
        try:
            lines = self._file(month).read_text(encoding="utf-8").splitlines()
            return sum(_units_of(line) for line in lines)
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            raise self._broken(error) from error

    def require(self, units: float, now: datetime) -> None:
        """Raise `SourceUnavailable` if `units` more would exceed the limit of the month."""
        spent = self.spent(now)
        if spent + units > self.monthly_units:
            ends = f"{_next_month(now):%d %B}".lstrip("0")
            raise SourceUnavailable(
                f"the monthly budget of {self.monthly_units:g} processing units is used up: "
                f"{spent:.2f} are spent and {units:.2f} are needed",
                hint=f"fetching goes on by itself on {ends}; to go on now, raise "
                "[sources.sentinel_hub] monthly_units",
            )

    def pay(self, headers: Mapping[str, Any], estimate: float, what: str, now: datetime) -> float:
        """Add one request that was answered, and return its units.

        They are what its headers say, else the estimate.

        Raises
        ------
        SourceUnavailable
            If the ledger cannot be written.
        """
        try:
            units, estimated = float(headers["x-processingunits-spent"]), False
        except (KeyError, ValueError):
            units, estimated = estimate, True
        self.record(units, what, now, estimated=estimated)
        return units

    def record(self, units: float, what: str, now: datetime, *, estimated: bool) -> None:
        """Add one request to the ledger.

        Raises
        ------
        SourceUnavailable
            If the ledger cannot be written.
        """
        entry = {"at": now.isoformat(), "units": units, "what": what, "estimated": estimated}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One short write at the end of the file: those of several processes do not mix.
            with self._file(now).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise self._broken(error) from error

    def _file(self, now: datetime) -> Path:
        return self.folder / f"units-{now:%Y-%m}.jsonl"

    def _broken(self, error: OSError) -> SourceUnavailable:
        return SourceUnavailable(
            f"the ledger of processing units cannot be kept: {error.strerror}",
            hint="units are only spent if they can be counted; see to the disk",
        )


def _units_of(line: str) -> float:
    try:
        return float(json.loads(line)["units"])
    except (ValueError, KeyError, TypeError):
        # A line that a crash cut short; what it cost is not known, and not much.
        return 0.0


def _next_month(now: datetime) -> datetime:
    return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
