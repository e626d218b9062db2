"""Audit lines: what sequential and daily tests say of the same p, beside the decision. Pure.

The decision rests on rates that were counted (`monitor.persistence`). These two lines
rest on other assumptions and are kept beside it, so that a reader can see where they
part: a sequential test that holds for any distribution, and the false discovery rate
among all settlements of one look (DETECTION 4a, steps 8 and 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.reading import Reading, Verdict

AUDIT_THRESHOLD = 5_000.0
"""Average run length to a false alarm in looks, some 0.01 alarms a year at 50 looks."""

APART = timedelta(days=10)
"""Looks nearer than this share weather and surface: only one of them counts."""

SMALLEST_P = 1e-12


def e_value(p: float) -> float:
    """Return the evidence against quiet that p carries; at most 1 on average in quiet looks.

    ``(1 - p + p ln p) / (p ln^2 p)``, the mixture of all calibrators of the form
    ``k p^(k - 1)``; 1/2 at p = 1.

    References
    ----------
    .. [1] Vovk, V., Wang, R. (2021). E-values: calibration, combination and applications.
       doi:10.1214/20-AOS2020
    """
    p = min(max(p, SMALLEST_P), 1.0)
    if p > 1.0 - 1e-6:
        return 0.5
    log = float(np.log(p))
    return (1.0 - p + p * log) / (p * log * log)


def audit_line(readings: Sequence[Reading]) -> float:
    """Return the Shiryaev-Roberts statistic of one settlement as of its newest clear look.

    Parameters
    ----------
    readings : sequence of Reading
        Of one settlement, any order; those not clear or held do not count.

    Returns
    -------
    float
        M of ``M_t = e_t (1 + M_(t-1))``; an alarm of this line is M of 5,000 and more.

    Notes
    -----
    Counted back from the newest look in steps of ten days or more, since residuals of
    near looks are alike. It sees only the looks that are given.
    """
    clear = [r for r in readings if r.verdict in (Verdict.QUIET, Verdict.BURN_LIKE)]
    apart: list[Reading] = []
    for reading in sorted(clear, key=lambda r: r.acquired_at, reverse=True):
        if not apart or apart[-1].acquired_at - reading.acquired_at >= APART:
            apart.append(reading)
    line = 0.0
    for reading in reversed(apart):
        line = e_value(reading.p) * (1.0 + line)
    return line


def q_values(p: Sequence[float]) -> NDArray[np.float64]:
    """Return the false discovery rate at which each place would be among those found.

    Parameters
    ----------
    p : sequence of float
        Of all settlements that one look saw, 0 to 1, shape (n,).

    Notes
    -----
    Benjamini and Yekutieli's step-up: it holds however the settlements depend on each
    other, and neighbours under one haze do.

    References
    ----------
    .. [1] Benjamini, Y., Yekutieli, D. (2001). The control of the false discovery rate in
       multiple testing under dependency. doi:10.1214/aos/1013699998
    """
    values = np.asarray(p, dtype=np.float64)
    count = values.size
    if not count:
        return values
    order = np.argsort(values)
    harmonic = (1.0 / np.arange(1, count + 1)).sum()
    stepped = values[order] * count * harmonic / np.arange(1, count + 1)
    found = np.empty(count)
    found[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return found
