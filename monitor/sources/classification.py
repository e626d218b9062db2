"""Provider classifications as our flags: Sentinel-2 SCL, Landsat QA, HLS Fmask. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from monitor.observation import UNCLEAR, Flag

Codes = NDArray[np.uint16]
Flags = NDArray[np.uint16]

# Sen2Cor scene classification. 2 (dark feature, cast shadow of terrain) and 7 (unclassified)
# stay usable: DETECTION 4.0 takes {0, 1, 3, 8, 9, 10, 11} out.
_SCL: Mapping[int, Flag] = {
    0: Flag.NODATA,
    1: Flag.SATURATED,
    3: Flag.SHADOW,
    6: Flag.WATER,
    8: Flag.CLOUD,
    9: Flag.CLOUD,
    10: Flag.CLOUD,
    11: Flag.SNOW,
}
SCL_CLASSES = 12

# Landsat Collection 2 QA_PIXEL (USGS LSDS-1619): bit to flag.
_QA_PIXEL_C2 = (
    (0, Flag.NODATA), (1, Flag.DILATED), (2, Flag.CLOUD), (3, Flag.CLOUD), (4, Flag.SHADOW),
    (5, Flag.SNOW), (7, Flag.WATER),
)  # fmt: skip
# Landsat Collection 1 pixel_qa (USGS LSDS-1368): bit to flag.
_PIXEL_QA_C1 = (
    (0, Flag.NODATA), (2, Flag.WATER), (3, Flag.SHADOW), (4, Flag.SNOW), (5, Flag.CLOUD),
)  # fmt: skip
# Collection 1 has 11 bits; Collection 2 always carries confidences in bits 8 to 15.
_END_OF_C1 = 1 << 11

# HLS version 2 Fmask (HLS user guide 2.0, table 9).
_FMASK = (
    (0, Flag.CLOUD), (1, Flag.CLOUD), (2, Flag.DILATED), (3, Flag.SHADOW), (4, Flag.SNOW),
    (5, Flag.WATER),
)  # fmt: skip
_FMASK_FILL = 255


def scl_flags(codes: Codes) -> Flags:
    """Return flags for Sentinel-2 scene classes; an unknown class counts as no measurement."""
    table = np.zeros(SCL_CLASSES + 1, dtype=np.uint16)
    for code, flag in _SCL.items():
        table[code] = flag
    table[SCL_CLASSES] = Flag.NODATA
    return table[np.minimum(codes, SCL_CLASSES)]


def unseen_scl_classes() -> list[int]:
    """Return the scene classes whose ground was measured and not seen: cloud, shadow, snow."""
    return [code for code, flag in _SCL.items() if flag & UNCLEAR and flag is not Flag.NODATA]


def qa_pixel_flags(codes: Codes) -> Flags:
    """Return flags for Landsat quality bits, of Collection 2 or Collection 1 by their range.

    In Collection 1 high cirrus confidence (bits 8-9) is cloud too; Collection 2 has
    its own cirrus bit.
    """
    first = codes < _END_OF_C1
    cirrus = first & (((codes >> 8) & 3) == 3)
    flags = np.where(first, _of_bits(codes, _PIXEL_QA_C1), _of_bits(codes, _QA_PIXEL_C2))
    flags[cirrus] |= np.uint16(Flag.CLOUD)
    # In both layouts a set fill bit makes the others meaningless.
    flags[(codes & 1) == 1] = Flag.NODATA
    return flags.astype(np.uint16)


def fmask_flags(codes: Codes) -> Flags:
    """Return flags for the Fmask layer of HLS; a high aerosol level is haze."""
    flags = _of_bits(codes, _FMASK)
    flags[((codes >> 6) & 3) == 3] |= np.uint16(Flag.HAZE)
    flags[codes >= _FMASK_FILL] = Flag.NODATA
    return flags


CLASSIFICATIONS: Mapping[str, Callable[[Codes], Flags]] = {
    "scl": scl_flags,
    "qa_pixel": qa_pixel_flags,
    "fmask": fmask_flags,
}
"""Asset name of a classification to its translation."""

NOTHING_MEASURED: Mapping[str, int] = {"scl": 0, "qa_pixel": 1, "fmask": _FMASK_FILL}
"""The code of each classification that stands for a pixel outside the scene."""


def _of_bits(codes: Codes, bits: tuple[tuple[int, Flag], ...]) -> Flags:
    flags = np.zeros(codes.shape, dtype=np.uint16)
    for bit, flag in bits:
        flags[(codes >> bit) & 1 == 1] |= np.uint16(flag)
    return flags
