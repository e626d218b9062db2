"""Evidence of one look: what was measured of a settlement as one number, log-odds. Pure.

The rank statistics of a settlement, how much of it looks burned, what its surroundings
do and which way the change points are weighed together. The weights are fitted on
labelled looks of tuning worlds and kept in the calibration; what the number means is
read from quiet looks, never from the fit (`monitor.calibration`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Values = NDArray[np.float64]

LEAST = -6.0
"""Log-odds below which a look is simply quiet."""

MEDIAN_RANGE = (-3.0, 15.0)
SCAN_RANGE = (-3.0, 40.0)
RIDGE = 3.0

WHOLE = 0.6
"""Share of burned blocks from which there is too little left to contrast a part with: the
largest window of the scan."""

WHOLE_SCAN = 0.5
"""Of the median, what such a settlement's best window is taken for at least. A village that
burned evenly stands out by its median alone: at 40 sigma and all blocks burned its scan was
1, and it was missed. Simulated villages burn unevenly; on tuning worlds it changes little."""


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """Log-odds per unit of each thing measured, in the order of `measured_of`."""

    median: float = 0.5
    """Of the settlement's standardised median, logarithm with sign."""

    scan: float = 2.2
    """Of its standardised best window, logarithm with sign."""

    burned: float = 5.5
    """Of the square root of the share of blocks that look burned, 0 to 1."""

    ring_unburned: float = 5.5
    """Of the share of the ring that did not burn, 0 to 1."""

    other_direction: float = -1.0
    """Of how well the change fits a confounder, -1 to 1."""

    green: float = -2.0
    """Of the expected NDVI: growing seasons differ more from year to year."""

    constant: float = -16.0


_SLOPES = attrgetter("median", "scan", "burned", "ring_unburned", "other_direction", "green")
# By name: `astuple` copies deeply, at a tenth of the time of a whole look.


def measured_of(values: Mapping[str, float], burned_fraction: float) -> Values:
    """Return what the weights apply to, shape (6,); NaN counts as nothing seen.

    Where `WHOLE` of a settlement looks burned, its best window counts for at least
    `WHOLE_SCAN` of its median.

    Parameters
    ----------
    values : mapping
        Of a reading: ``median_q_standard``, ``scan_standard``, ``ring_unburned``,
        ``other_direction``, ``green``.
    burned_fraction : float
        Share of the settlement's blocks that look burned, 0 to 1.
    """
    median = float(np.clip(values["median_q_standard"], *MEDIAN_RANGE))
    scan = float(np.clip(_scan_of(values, burned_fraction), *SCAN_RANGE))
    measured: Values = np.array(
        [
            np.copysign(np.log1p(abs(median)), median),
            np.copysign(np.log1p(abs(scan)), scan),
            np.sqrt(max(burned_fraction, 0.0)),
            values["ring_unburned"],
            values["other_direction"],
            values["green"],
        ]
    )
    return np.where(np.isfinite(measured), measured, 0.0)


def _scan_of(values: Mapping[str, float], burned_fraction: float) -> float:
    scan, median = values["scan_standard"], values["median_q_standard"]
    return float(np.fmax(scan, WHOLE_SCAN * median)) if burned_fraction >= WHOLE else scan


def evidence_of(
    values: Mapping[str, float], burned_fraction: float, weights: EvidenceWeights
) -> float:
    """Return the log-odds of one look; NaN if neither statistic was measured."""
    if np.isnan(values["median_q_standard"]) and np.isnan(values["scan_standard"]):
        return float("nan")
    slopes = np.array(_SLOPES(weights))
    return float(measured_of(values, burned_fraction) @ slopes + weights.constant)


def fitted_weights(measured: Values, burned: Values, weight: Values) -> EvidenceWeights:
    """Return the ridge-logistic weights of labelled looks.

    Parameters
    ----------
    measured : array
        Rows of `measured_of`, shape (n, 6).
    burned : array
        1 for looks at a fresh burn, 0 for quiet ones, shape (n,).
    weight : array
        Of each look, shape (n,); 0 leaves it out.

    Notes
    -----
    Newton's method on standardised columns; a ridge of three keeps rare columns small.
    """
    centre, spread = measured.mean(axis=0), measured.std(axis=0) + 1e-9
    x = np.column_stack([(measured - centre) / spread, np.ones(len(measured))])
    ridge = RIDGE * np.diag([*np.ones(measured.shape[1]), 0.0])
    b = np.zeros(x.shape[1])
    for _ in range(50):
        likely = expit(x @ b)
        hessian = (x * (weight * likely * (1.0 - likely) + 1e-9)[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, x.T @ (weight * (burned - likely)) - ridge @ b)
        b = b + step
        if np.abs(step).max() < 1e-8:
            break
    slopes = b[:-1] / spread
    fitted = [*slopes, b[-1] - float(slopes @ centre)]
    return EvidenceWeights(*(round(float(value), 4) for value in fitted))
