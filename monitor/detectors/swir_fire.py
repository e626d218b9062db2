"""Flames at the moment of an optical look: short-wave infrared above near infrared. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon

from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier, finding_id
from monitor.looks import Look

VERSION = "swir-fire/1"

LEAST_RISE = 0.25
"""Rise of band 12 in a block, reflectance. Over a pixel of 20 m flames raise it by 0.3 and more
(DETECTION 3.1); a block of four such pixels shows only strong or wide fire."""

ASSUMED_P = 1e-3
ASSUMED_PROBABILITY = 0.5
"""Nearly conclusive by the literature, never measured here: between the two."""

BEGAN_BEFORE = timedelta(hours=12)

NEEDED = ("nir08", "swir16", "swir22")


@dataclass(frozen=True, slots=True)
class BurningBlocks:
    """What one look shows of flames in one settlement."""

    blocks: int
    """Blocks with the sign."""

    seen: int
    """Blocks that could have shown it: clear in this look and in one before."""

    rise: float
    """Largest rise of band 12, reflectance; NaN without a seen block."""

    own: int = 0
    """Blocks of the settlement."""

    @property
    def seen_fraction(self) -> float:
        """Share of the settlement that could have shown it, 0 to 1."""
        return self.seen / self.own if self.own else 0.0


def burning_blocks(
    look: Look, earlier: Sequence[Look], sets: BlockSets, place: SettlementBlocks
) -> BurningBlocks | None:
    """Return the blocks of a settlement in flames, None where the look cannot tell.

    A fire of 800 to 1,200 K radiates at 2.2 micrometres (Sentinel-2 B12) more than at 1.6
    (B11), and hardly at 0.86 (B8A), on top of what the ground reflects: both normalised
    hotspot indices are positive, and band 12 rises far above the usual [1]_.

    Parameters
    ----------
    look : Look
    earlier : sequence of Look
        Trusted ones of the same track; the median of their band 12 is what is usual.
    sets : BlockSets
    place : SettlementBlocks

    Notes
    -----
    Char has the same order of bands, but its band 12 does not rise. Hot roofs, flares and
    glint look the same. A look keeps means over *clear* pixels: where the provider takes
    flames and smoke for cloud, or a pixel is saturated, nothing is left to see, so that
    nothing seen says nothing.

    References
    ----------
    .. [1] Marchese, F. et al. (2019). A multi-channel algorithm for mapping volcanic
       thermal anomalies by means of Sentinel-2 MSI and Landsat-8 OLI data. Remote Sensing
       11(23), 2876. doi:10.3390/rs11232876
    """
    if any(band not in look.bands for band in NEEDED) or not earlier:
        return None
    own = sets.watched[place.own]
    usual = _usual([one for one in earlier if "swir22" in one.bands], own)
    if usual is None:
        return None
    nir, swir16, swir22 = (look.bands[band].ravel()[own] for band in NEEDED)
    seen = look.valid.ravel()[own] & np.isfinite(usual) & np.isfinite(nir + swir16 + swir22)
    rise = swir22 - usual
    burning = seen & (swir22 > swir16) & (swir16 > nir) & (rise > LEAST_RISE)
    largest = float(rise[seen].max()) if seen.any() else float("nan")
    return BurningBlocks(int(burning.sum()), int(seen.sum()), largest, int(own.size))


def flame_finding(
    settlement: Settlement, look: Look, burning: BurningBlocks, known_at: datetime
) -> Finding | None:
    """Return the provisional finding that a settlement was in flames, None without a block.

    Tier C: flames at the pass say that something burns, not what was lost, and no sample
    of real flames was there to rank them among.
    """
    if not burning.blocks:
        return None
    happened = Interval(look.acquired_at - BEGAN_BEFORE, look.acquired_at + timedelta(seconds=1))
    place, footprint = settlement.settlement_id, settlement.footprint
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=ASSUMED_P,
        score=burning.rise,
        score_unit="reflectance above the usual at 2.2 micrometres",
        happened=happened,
        look_ids=(look.look_id,),
        values={"blocks": float(burning.blocks), "seen_blocks": float(burning.seen)},
        confounders=("hot roofs, flares and glint on metal: the same order of bands",),
    )
    return Finding(
        finding_id=finding_id(look.aoi_id, FindingKind.HOTSPOTS, VERSION, place, (look.look_id,)),
        aoi_id=look.aoi_id,
        settlement_id=place,
        kind=FindingKind.HOTSPOTS,
        geometry=footprint if isinstance(footprint, MultiPolygon) else MultiPolygon([footprint]),
        area_m2=burning.blocks * look.blocks.pixel_area_m2,
        settlement_fraction=None,
        probability=ASSUMED_PROBABILITY,
        tier=Tier.C,
        looks_agreeing=1,
        happened=happened,
        first_seen=look.acquired_at,
        last_seen=look.acquired_at,
        known_at=known_at,
        evidence=(evidence,),
        mode="flames",
        detector=VERSION,
        calibration="none",
        clear_fraction=burning.seen_fraction,
        indicators={"swir_fire_blocks": float(burning.blocks), "swir_rise": burning.rise},
        flags=("uncalibrated",),
    )


def _usual(earlier: Sequence[Look], own: NDArray[np.int32]) -> NDArray[np.float32] | None:
    """Return the median of band 12 over earlier looks, NaN where none was clear."""
    if not earlier:
        return None
    layers = [
        np.where(one.valid.ravel()[own], one.bands["swir22"].ravel()[own], np.nan)
        for one in earlier
    ]
    stacked = np.stack(layers)
    known = np.isfinite(stacked).any(axis=0)
    median = np.full(own.shape, np.nan, dtype=np.float32)
    median[known] = np.nanmedian(stacked[:, known], axis=0)
    return median
