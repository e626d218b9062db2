"""The change of every settlement and placebo in one look, its local control removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.control import Control, borrow_control, ring_control
from monitor.layout import Layout
from monitor.matched import Filtered, burn_like, matched_filter, templates_for
from monitor.reference import Reference

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """One look against its reference, over the own blocks (m) of all places (p)."""

    valid: NDArray[np.bool_]
    """True where an own block was seen and has an expectation, shape (m,)."""

    change: Array
    """Difference in differences, shape (features, m); NaN where not valid."""

    scale: Array
    """Its sigma, shape (features, m)."""

    filtered: Filtered
    """NaN scores where not valid."""

    burned: NDArray[np.bool_]
    """True where a block looks burned, shape (m,)."""

    control: Control


def changes_in(
    residual: Array, reference: Reference, layout: Layout, control: Control | None = None
) -> Changes:
    """Compare a look with what was expected (DETECTION 4a, steps 2 to 4).

    Parameters
    ----------
    residual : array
        Observed minus expected features of the watched blocks, shape (features, n);
        NaN where not valid.
    reference : Reference
    layout : Layout
    control : Control, optional
        That of `controlled` on the same residual, where it is known already.
    """
    templates = templates_for(reference.features)
    residual = np.where(reference.usable, residual, np.nan)
    if control is None:
        control = controlled(residual, reference, layout)
    change = own_change(residual, control, reference, layout)
    scale = reference.scale[:, layout.own]
    precision = reference.precision[layout.place_of]
    filtered = matched_filter(change, scale, precision, templates, layout.is_camp)
    nir = reference.features.nir
    with np.errstate(invalid="ignore"):
        burned = burn_like(filtered, change[nir] / scale[nir])
    return Changes(
        valid=np.isfinite(filtered.q),
        change=change,
        scale=scale,
        filtered=filtered,
        burned=burned,
        control=control,
    )


def own_change(residual: Array, control: Control, reference: Reference, layout: Layout) -> Array:
    """Return what the places' own blocks did beyond their control, shape (features, m)."""
    shared = (reference.beta * control.change)[:, layout.place_of]
    return (residual[:, layout.own] - shared).astype(np.float32)


def controlled(residual: Array, reference: Reference, layout: Layout) -> Control:
    """Return the control of each place, borrowed where its ring burned."""
    score = matched_filter(
        residual, reference.scale, reference.ring_precision, templates_for(reference.features)
    ).q
    control = ring_control(residual, score, layout.ring, layout.in_ring)
    is_real = np.arange(layout.count) < layout.settlement_count
    return borrow_control(control, layout.medians(residual[:, layout.own]), is_real)
