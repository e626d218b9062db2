"""From what was measured of a settlement to its reading: p, verdict, reason, flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from monitor.blocks import BlockSets
from monitor.calibration import Calibration
from monitor.control import LEAST_UNBURNED
from monitor.detectors.burn_settings import BurnSettings
from monitor.evidence import evidence_of
from monitor.looks import Look
from monitor.observation import Flag
from monitor.reading import Reading, Verdict
from monitor.reference import Reference
from monitor.settlement_look import SettlementLook

VERSION = "burn/2"


def readings_of(
    places: Sequence[SettlementLook],
    look: Look,
    reference: Reference,
    settings: BurnSettings,
    calibration: Calibration,
    known_at: datetime,
) -> list[Reading]:
    """Return what is kept of each place: numbers, p, verdict and the reason for it."""
    flags = _flags(look, reference)
    return [
        _reading(place, look, reference, settings, calibration, known_at, flags) for place in places
    ]


def _reading(
    place: SettlementLook,
    look: Look,
    reference: Reference,
    settings: BurnSettings,
    calibration: Calibration,
    known_at: datetime,
    flags: tuple[str, ...],
) -> Reading:
    verdict, reason, evidence, p = _judged(place, settings, calibration)
    low, high = _interval(place)
    return Reading(
        settlement_id=place.blocks.settlement_id,
        look_id=look.look_id,
        aoi_id=look.aoi_id,
        track=look.track,
        acquired_at=look.acquired_at,
        known_at=known_at,
        detector=VERSION,
        mode=reference.mode,
        verdict=verdict,
        reason=reason,
        p=p,
        score=evidence,
        burned_fraction=place.burned_fraction,
        values={
            **place.values,
            "median_q_standard": place.median_q,
            "scan_standard": place.scan,
            "settlement_clear": place.clear,
            "ring_clear": place.ring_clear,
            "ring_unburned": place.unburned,
            "burned_low": low,
            "burned_high": high,
            "reference_looks": float(reference.look_count),
            "leverage": reference.leverage,
        },
        flags=("ring_burning", *flags) if place.borrowed else flags,
    )


def _judged(
    place: SettlementLook, settings: BurnSettings, calibration: Calibration
) -> tuple[Verdict, str, float, float]:
    nothing = float("nan"), 1.0
    if place.clear < settings.settlement_clear:
        share = f"{100 * place.clear:.0f} % of the settlement was seen"
        return (
            Verdict.NOT_CLEAR,
            f"{share}, {100 * settings.settlement_clear:.0f} % needed",
            *nothing,
        )
    if place.ring_clear < settings.ring_clear:
        if place.unburned < LEAST_UNBURNED and place.ring_clear == 0.0:
            return Verdict.NOT_CLEAR, "no unburned land around it serves as a control", *nothing
        share = f"{100 * place.ring_clear:.0f} % of its surroundings was seen"
        return Verdict.NOT_CLEAR, f"{share}, {100 * settings.ring_clear:.0f} % needed", *nothing
    measured = {
        **place.values, "median_q_standard": place.median_q, "scan_standard": place.scan,
        "ring_unburned": place.unburned,
    }  # fmt: skip
    evidence = evidence_of(measured, place.burned_fraction, calibration.weights)
    p = calibration.p(place.stratum, evidence)
    numbers = f"p {p:.2g}, {100 * place.burned_fraction:.0f} % of its blocks look burned"
    if p <= settings.sign_p and place.burned.any():
        return Verdict.BURN_LIKE, numbers, evidence, p
    if place.direction.is_mimic:
        numbers = f"its change looks rather like {place.direction.name}"
    return Verdict.QUIET, numbers, evidence, p


def _interval(place: SettlementLook) -> tuple[float, float]:
    """Return a 90 % interval of the burned fraction (Wilson, blocks correlated in fours).

    A block bootstrap gave the same width on simulated villages and needs random numbers;
    neighbouring blocks burn together, so four of them count as one observation.
    """
    count = place.values["valid_blocks"] / 4.0
    if not count or not np.isfinite(place.burned_fraction):
        return float("nan"), float("nan")
    z = 1.645
    share = place.burned_fraction
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))


def _flags(look: Look, reference: Reference) -> tuple[str, ...]:
    """Return the flags that all readings of a look share."""
    flags = []
    if reference.mode != "series":
        flags.append("baseline=weak")
    if reference.features.name != "full":
        flags.append("reduced_bands")
    if np.any(look.flags & np.uint16(Flag.UNCLASSIFIED)):
        flags.append("cloud_unknown")
    return tuple(flags)


def held_reading(reading: Reading, reason: str) -> Reading:
    if reading.verdict is Verdict.NOT_CLEAR:
        return reading
    return replace(reading, verdict=Verdict.HELD, reason=reason)


def unread(
    look: Look, sets: BlockSets, known_at: datetime, verdict: Verdict, reason: str
) -> tuple[Reading, ...]:
    """Return a reading for each settlement of a look that cannot be judged."""
    return tuple(
        Reading(
            settlement_id=place.settlement_id,
            look_id=look.look_id,
            aoi_id=look.aoi_id,
            track=look.track,
            acquired_at=look.acquired_at,
            known_at=known_at,
            detector=VERSION,
            mode="none",
            verdict=verdict,
            reason=reason,
            p=1.0,
            score=float("nan"),
            burned_fraction=float("nan"),
        )
        for place in sets.settlements
    )
