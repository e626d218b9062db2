"""The matched filter: how much does a change look like fire, and like nothing else?

The direction of a change separates fire from shadow, wet soil and dust, which no
single index does (DETECTION 3.2). Whitening uses the full covariance: with variances
alone, shadow moves to within 48 degrees of the burn direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.features import FULL, FeatureSet

Array = NDArray[np.float32]

BURN_LIKE_Q = 2.5
OFF_TEMPLATE = 15.09
"""Chi-square with 5 degrees of freedom, 0.99."""

OFF_TEMPLATE_SHARE = 0.70
"""Square of the tangent of 40 degrees: a strong burn may stray this far in direction."""

NIR_DROP = 1.0
"""Sigmas by which near infrared must have fallen: straw removal has no such drop."""

TEMPLATES = {
    # Change per fully affected block in the order of FULL (DETECTION 3.2, derived there
    # from customary spectra; to be replaced by labelled burns).
    "thatch": (0.29, 0.10, 0.46, 0.06, 0.10, 0.07),
    "mud_brick": (0.07, 0.03, 0.12, 0.02, 0.02, 0.02),
    "wood": (0.49, -0.19, 0.49, 0.11, 0.28, 0.25),
    "camp": (0.23, 0.36, 0.20, 0.02, 0.06, -0.02),
    # Measured: conifer burn 9-14 days old, Cold Springs. Trees between houses.
    "trees": (0.91, 0.01, 0.62, 0.27, 0.69, 0.35),
}

REDUCED_TEMPLATES = {
    # -ln NIR, -ln VIS, -NDMI, -NDVI: the same mixes of DETECTION 5.2 without B12.
    "thatch": (0.29, 0.10, 0.06, 0.07),
    "wood": (0.49, -0.19, 0.25, 0.25),
    "trees": (0.91, 0.01, 0.50, 0.35),
}


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """What the filter says of blocks."""

    q: Array
    """Component along the best burn template, N(0, 1) under no change; shape (m,)."""

    off_template: Array
    """Squared distance from that direction, chi-square under no change; shape (m,)."""

    template: NDArray[np.intp]
    """Index of the best template; shape (m,)."""


def templates_for(features: FeatureSet) -> Array:
    """Return the burn templates of a feature set, shape (templates, features)."""
    table = TEMPLATES if features is FULL else REDUCED_TEMPLATES
    return np.array(list(table.values()), dtype=np.float32)


def matched_filter(change: Array, scale: Array, precision: Array, templates: Array) -> Filtered:
    """Return the matched-filter score of each block.

    Parameters
    ----------
    change : array
        Change in features, control removed, shape (features, m); NaN where not valid.
    scale : array
        Sigma of each feature and block in this season, shape (features, m).
    precision : array
        Inverse covariance of ``change / scale`` in quiet times: (features, features)
        for all blocks, or (m, features, features).
    templates : array
        Shape (templates, features).

    Notes
    -----
    With z the whitened change and u the whitened template, q = u'z / |u| and the
    off-template distance is |z|^2 - q^2. Whitening with any square root of the
    precision gives the same numbers, so none is formed.
    """
    d = change / scale
    expected = templates[:, :, None] / scale
    if precision.ndim == 2:
        weighted = np.einsum("kl,tlm->tkm", precision, expected)
        total = np.einsum("km,kl,lm->m", d, precision, d, optimize=True)
    else:
        weighted = np.einsum("mkl,tlm->tkm", precision, expected)
        total = (np.einsum("mkl,lm->km", precision, d) * d).sum(axis=0)
    norm = np.sqrt(np.maximum((weighted * expected).sum(axis=1), 1e-12))
    along = (weighted * d).sum(axis=1) / norm
    best = np.argmax(np.nan_to_num(along, nan=-np.inf), axis=0)
    q = np.take_along_axis(along, best[None], axis=0)[0]
    return Filtered(
        q=q.astype(np.float32),
        off_template=np.maximum(total - q**2, 0.0).astype(np.float32),
        template=best,
    )


def burn_like(filtered: Filtered, nir_change: Array) -> NDArray[np.bool_]:
    """Return True where a block looks burned.

    Parameters
    ----------
    filtered : Filtered
    nir_change : array
        Change of -ln NIR in sigmas, shape (m,): positive where NIR fell.

    Notes
    -----
    A fixed cut on the off-template distance would reject the clearest cases, since a
    strong real burn never matches a template exactly; hence the angle of 40 degrees.
    Straw removal lies 36 degrees off the thatch template, so NIR must have fallen too.
    """
    q = filtered.q
    allowed = np.maximum(OFF_TEMPLATE, OFF_TEMPLATE_SHARE * q**2)
    like: NDArray[np.bool_] = (
        (q > BURN_LIKE_Q) & (filtered.off_template < allowed) & (nir_change > NIR_DROP)
    )
    return like


def shrunk_precision(samples: Array) -> Array:
    """Return the inverse of the Ledoit-Wolf covariance of samples about zero.

    Parameters
    ----------
    samples : array
        Shape (n, features), finite; quiet changes in units of their sigma.

    References
    ----------
    .. [1] Ledoit, O., Wolf, M. (2004). A well-conditioned estimator for
       large-dimensional covariance matrices. doi:10.1016/S0047-259X(03)00096-4
    """
    count, features = samples.shape
    if count < 2 * features:
        return np.eye(features, dtype=np.float32)
    x = samples.astype(np.float64)
    covariance = x.T @ x / count
    mean_variance = np.trace(covariance) / features
    target = mean_variance * np.eye(features)
    distance = ((covariance - target) ** 2).sum() / features
    noise = ((x**2).T @ (x**2) / count - covariance**2).sum() / features / count
    share = min(1.0, max(0.0, noise / max(distance, 1e-12)))
    blended = share * target + (1.0 - share) * covariance
    # A floor keeps one feature that hardly varies from dominating every score.
    blended += 1e-3 * mean_variance * np.eye(features)
    return np.linalg.inv(blended).astype(np.float32)
