"""What is measured of one settlement in one look: median, scan, burned share, direction.

Step 5 of DETECTION 4a; no judgement yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.blocks import SettlementBlocks
from monitor.calibration import Stratum, stratum_of
from monitor.change import Changes
from monitor.layout import Layout
from monitor.matched import Direction, Templates, direction_of
from monitor.reference import Reference
from monitor.scan import ScanResult, scan

Array = NDArray[np.float32]

CHANGED = 12.59
"""Chi-square with 6 degrees of freedom, 0.95: a block that changed, whichever way."""


@dataclass(frozen=True, slots=True, eq=False)
class SettlementLook:
    """What was measured of one place in one look."""

    blocks: SettlementBlocks
    clear: float
    ring_clear: float
    unburned: float
    borrowed: bool
    stratum: Stratum
    median_q: float
    scan: float
    burned_fraction: float
    burned: NDArray[np.bool_]
    direction: Direction
    values: Mapping[str, float]


def medians_of(changes: Changes, reference: Reference, layout: Layout) -> Array:
    """Return the medians of q, off-template, near infrared and visible, shape (4, places)."""
    features = reference.features
    lines = (
        changes.filtered.q,
        changes.filtered.off_template,
        changes.change[features.nir],
        changes.change[features.visible],
    )
    return layout.medians(np.stack(lines))


def measured(
    index: int,
    layout: Layout,
    reference: Reference,
    changes: Changes,
    medians: Array,
    templates: Templates,
) -> SettlementLook:
    """Return the settlement statistics of step 5 for one place."""
    blocks = layout.places[index]
    part = slice(int(layout.starts[index]), int(layout.starts[index + 1]))
    valid = changes.valid[part]
    count = int(valid.sum())
    clear = count / max(valid.size, 1)
    control = changes.control
    burned = changes.burned[part] & valid
    median, off_template, nir, visible = (float(v) for v in medians[:, index])
    best = scan(
        changes.filtered.q[part], valid, layout.windows[index], float(reference.correlation[index])
    )
    direction = _direction(
        index, part, valid, reference, changes, templates, is_camp=blocks.is_camp
    )
    centre, spread = reference.centre[:, index], reference.spread[:, index]
    green = float(reference.green[index])
    return SettlementLook(
        blocks=blocks,
        clear=clear,
        ring_clear=float(control.seen[index]),
        unburned=float(control.unburned[index]),
        borrowed=bool(control.borrowed[index]),
        stratum=stratum_of(reference.mode, green, blocks.own.size, clear),
        median_q=(median - float(centre[0])) / float(spread[0]),
        scan=(best.value - float(centre[1])) / float(spread[1]),
        burned_fraction=float(burned.sum()) / count if count else float("nan"),
        burned=burned,
        direction=direction,
        values=_values(median, off_template, nir, visible, best, direction, valid, burned, green),
    )


def _values(
    median: float,
    off_template: float,
    nir: float,
    visible: float,
    best: ScanResult,
    direction: Direction,
    valid: NDArray[np.bool_],
    burned: NDArray[np.bool_],
    green: float,
) -> dict[str, float]:
    """Return the numbers that a reading keeps, so that `explain` can say why not."""
    return {
        "burn_direction": direction.burn,
        "other_direction": direction.other,
        "mimic": float(direction.is_mimic),
        "q_median": median,
        "scan_max": best.value,
        "scan_blocks": float(best.blocks),
        "valid_blocks": float(valid.sum()),
        "own_blocks": float(valid.size),
        "burned_blocks": float(burned.sum()),
        "off_template": off_template,
        "nir_change": nir,
        "visible_change": visible,
        "green": green,
    }


def _direction(
    index: int,
    part: slice,
    valid: NDArray[np.bool_],
    reference: Reference,
    changes: Changes,
    templates: Templates,
    *,
    is_camp: bool,
) -> Direction:
    """Return which way the changed blocks of a place point together."""
    q, off = changes.filtered.q[part], changes.filtered.off_template[part]
    changed = valid & (q**2 + off > CHANGED)
    if not changed.any():
        return Direction(0.0, 0.0, "", 0.0)
    count = float(changed.sum())
    return direction_of(
        changes.change[:, part][:, changed].mean(axis=1),
        changes.scale[:, part][:, changed].mean(axis=1),
        reference.precision[index],
        templates,
        is_camp=is_camp,
        count=count / (1.0 + (count - 1.0) * float(reference.correlation[index])),
    )
