"""The local control: what the land around a settlement did in the same look.

Rain, haze, sun and season move a settlement and its ring together; a fire at the
settlement moves the settlement alone (DETECTION 4a, steps 2 and 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Chosen = NDArray[np.bool_]

BURNED_ABOVE_RING = 3.7
"""Three sigma above the median of an unburned ring, counted from its 25th percentile."""

LEAST_UNBURNED = 0.30
"""Share of a ring that must be unburned for it to serve as a control."""

BIWEIGHT_TUNING = 6.0
"""Distance in median absolute deviations beyond which a block has no weight."""


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """What the ring of each place says of one look."""

    change: Array
    """Residual that the land shared, per feature and place, shape (features, places); 0
    where no control could be had."""

    seen: Array
    """Share of the ring that was valid, 0 to 1, shape (places,)."""

    unburned: Array
    """Share of the valid ring that does not itself look burned, 0 to 1, shape (places,)."""

    borrowed: Chosen
    """True where the ring burned and other settlements serve as control, shape (places,)."""


def ring_control(residual: Array, score: Array, ring: NDArray[np.intp], in_ring: Chosen) -> Control:
    """Return the robust mean residual of each ring, its burned blocks left out.

    Parameters
    ----------
    residual : array
        Observed minus expected, shape (features, n) over the watched blocks; NaN where
        not valid.
    score : array
        Matched-filter score without control, shape (n,); NaN where not valid.
    ring : array
        Indices into the watched blocks, shape (places, longest ring).
    in_ring : array
        True where `ring` is not padding.

    Returns
    -------
    Control
        `borrowed` is all False and `change` 0 where fewer than 30 % of the valid ring
        is unburned: see `borrow_control`.

    Notes
    -----
    The 25th percentile of the scores holds as a reference until about 70 % of the
    ring has burned. A front that burns more than that hides behind its own control;
    then other settlements must serve.
    """
    scores = np.where(in_ring, score[ring], np.nan)
    valid = np.isfinite(scores)
    reference = masked_quantile(scores, valid, 0.25)
    burned = valid & (scores - reference[:, None] > BURNED_ABOVE_RING)
    usable = valid & ~burned
    count = np.maximum(valid.sum(axis=1), 1)
    change = biweight_mean(residual[:, ring], np.broadcast_to(usable, (len(residual), *ring.shape)))
    unburned = usable.sum(axis=1) / count
    enough = (unburned >= LEAST_UNBURNED) & valid.any(axis=1)
    return Control(
        change=np.where(enough, np.nan_to_num(change), 0.0).astype(np.float32),
        seen=(valid.sum(axis=1) / np.maximum(in_ring.sum(axis=1), 1)).astype(np.float32),
        unburned=np.where(valid.any(axis=1), unburned, 0.0).astype(np.float32),
        borrowed=np.zeros(len(ring), dtype=np.bool_),
    )


def borrow_control(control: Control, own_change: Array, is_real: Chosen) -> Control:
    """Return the control with burning rings replaced by what other settlements did.

    Parameters
    ----------
    control : Control
    own_change : array
        Median residual of each place itself, shape (features, places); NaN where unseen.
    is_real : array
        True for settlements, False for placebos, which are land and no control for huts.

    Returns
    -------
    Control
        Rings with less than 30 % unburned take the median change of at least five
        other settlements of the look; with fewer, `change` stays 0 and `seen` becomes 0,
        so that nothing is concluded.
    """
    burning = (control.unburned < LEAST_UNBURNED) & (control.seen > 0)
    if not burning.any():
        return control
    donors = is_real & ~burning & np.isfinite(own_change).all(axis=0)
    if donors.sum() < 5:
        return Control(
            control.change,
            np.where(burning, 0.0, control.seen).astype(np.float32),
            control.unburned,
            control.borrowed,
        )
    shared = np.median(own_change[:, donors], axis=1, keepdims=True)
    change = np.where(burning, shared, control.change).astype(np.float32)
    return Control(change, control.seen, control.unburned, burning)


def masked_quantile(values: Array, valid: Chosen, share: float) -> Array:
    """Return a quantile along the last axis over the valid values; NaN where none is."""
    ordered = np.sort(np.where(valid, values, np.inf), axis=-1)
    count = valid.sum(axis=-1)
    position = share * np.maximum(count - 1, 0)
    low = np.floor(position).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    first = np.take_along_axis(ordered, low[..., None], axis=-1)[..., 0]
    second = np.take_along_axis(ordered, high[..., None], axis=-1)[..., 0]
    with np.errstate(invalid="ignore"):
        between = first + (position - low) * (second - first)
    return np.where(count > 0, between, np.nan).astype(np.float32)


def biweight_mean(values: Array, valid: Chosen) -> Array:
    """Return Tukey's biweight mean along the last axis over the valid values.

    Blocks six median absolute deviations from the median have no weight: single
    clouds, huts and fires in a ring do not move it.
    """
    centre = masked_quantile(values, valid, 0.5)
    distance = np.abs(values - centre[..., None])
    spread = np.maximum(masked_quantile(distance, valid, 0.5), 1e-6)
    u = np.where(valid, distance / (BIWEIGHT_TUNING * spread[..., None]), 1.0)
    weight = np.where(u < 1.0, (1.0 - u**2) ** 2, 0.0)
    total = weight.sum(axis=-1)
    moved = (weight * np.where(valid, values - centre[..., None], 0.0)).sum(axis=-1)
    mean: Array = centre + moved / np.maximum(total, 1e-6)
    return mean
