"""The matched filter: how much does a change look like fire, and like nothing else?

The direction of a change separates fire from shadow, wet soil and dust, which no
single index does (DETECTION 3.2). Whitening uses the full covariance: with variances
alone, shadow moves to within 48 degrees of the burn direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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
    # Measured: conifer burn 9-14 days old, Cold Springs. Trees between houses.
    "trees": (0.91, 0.01, 0.62, 0.27, 0.69, 0.35),
}

CAMP_TEMPLATES = {
    # Bright tarpaulin burns darker in the visible than in near infrared. So does a faint
    # shadow over a village: only settlements that are camps may use it.
    "camp": (0.23, 0.36, 0.20, 0.02, 0.06, -0.02),
}

REDUCED_TEMPLATES = {
    # -ln NIR, -ln VIS, -NDMI, -NDVI: the same mixes of DETECTION 5.2 without B12.
    "thatch": (0.29, 0.10, 0.06, 0.07),
    "wood": (0.49, -0.19, 0.25, 0.25),
    "trees": (0.91, 0.01, 0.50, 0.35),
}


CONFOUNDERS = {
    # What darkens a settlement and is no fire, same source and order as TEMPLATES. Straw
    # removal is not among them: it lies so near to real grass fires that its veto took
    # half of the burned ground of two Landsat 7 fires (measured); the near-infrared gate
    # of `burn_like` is what separates it.
    "shadow": (1.11, 0.76, 0.35, -0.03, -0.08, 0.12),
    "deep_shadow": (1.85, 1.34, 0.43, -0.01, -0.15, 0.01),
    "wet_soil": (0.36, 0.34, 0.02, -0.05, -0.08, 0.01),
    "dust": (0.01, -0.24, -0.01, -0.01, -0.06, 0.06),
    "offset_doubled": (0.44, 1.25, -0.02, -0.04, 0.02, -0.16),
}

REDUCED_CONFOUNDERS = {
    "shadow": (1.11, 0.76, -0.05, 0.12),
    "deep_shadow": (1.85, 1.34, -0.05, 0.01),
    "wet_soil": (0.36, 0.34, -0.03, 0.01),
    "dust": (0.01, -0.24, -0.01, 0.06),
    "offset_doubled": (0.44, 1.25, 0.02, -0.16),
}

CLEAR_CHANGE = 25.0
"""Squared whitened length from which a direction can be told: 25 is far beyond the 99.9 %
of chi-square with 6 degrees of freedom, and leaves an error of about 12 degrees."""


LEAST_VARIANCE = 1e-6
"""Below it nothing varied at all: one acquisition delivered twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """What the filter says of blocks."""

    q: Array
    """Component along the best burn template, N(0, 1) under no change; shape (m,). At most 0
    where a clear change points rather at a shadow, wet soil or dust."""

    off_template: Array
    """Squared distance from that direction, chi-square under no change; shape (m,)."""

    template: NDArray[np.intp]
    """Index of the best template; shape (m,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """Directions of change, each of shape (templates, features)."""

    burns: Array
    confounders: Array
    for_camps: NDArray[np.bool_]
    """True for the burn templates that only camps may use, shape (templates,)."""

    confounder_names: tuple[str, ...]


def templates_for(features: FeatureSet) -> Templates:
    """Return the templates of a feature set."""
    full = features is FULL
    confounders = CONFOUNDERS if full else REDUCED_CONFOUNDERS
    burns = {**TEMPLATES, **CAMP_TEMPLATES} if full else REDUCED_TEMPLATES
    return Templates(
        burns=np.array(list(burns.values()), dtype=np.float32),
        confounders=np.array(list(confounders.values()), dtype=np.float32),
        for_camps=np.array([name in CAMP_TEMPLATES for name in burns]),
        confounder_names=tuple(name.replace("_", " ") for name in confounders),
    )


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way the common change of many blocks points."""

    burn: float
    """Cosine between the change and the nearest burn template, -1 to 1."""

    other: float
    """Cosine between it and the nearest confounder."""

    name: str
    """Of that confounder."""

    length: float
    """Squared whitened length of the change, chi-square with 6 degrees of freedom if none."""

    @property
    def is_mimic(self) -> bool:
        """True if the change is clear and points rather at a confounder."""
        return self.length > CLEAR_CHANGE and self.other > self.burn


def direction_of(
    change: Array,
    scale: Array,
    precision: Array,
    templates: Templates,
    *,
    is_camp: bool,
    count: float,
) -> Direction:
    """Return the direction of a change that many blocks share.

    Parameters
    ----------
    change, scale : array
        Mean change and sigma over the blocks, shape (features,).
    precision : array
        Inverse covariance of one block, shape (features, features).
    templates : Templates
    is_camp : bool
        Whether camp templates count.
    count : float
        How many independent blocks the mean is worth.

    Notes
    -----
    A faint change has no direction in one block; over a village it has: the error of
    the angle falls with the square root of the number of blocks.
    """
    d = change / scale
    weighted, metric = _whitened(d[:, None], scale[:, None], precision)
    total = float(change @ weighted[:, 0])
    norm = max(total, 1e-9) ** 0.5
    allowed = templates.burns if is_camp else templates.burns[~templates.for_camps]
    burns = _along(allowed, weighted, metric)[:, 0]
    others = _along(templates.confounders, weighted, metric)[:, 0]
    worst = int(np.argmax(others))
    return Direction(
        burn=float(burns.max()) / norm,
        other=float(others[worst]) / norm,
        name=templates.confounder_names[worst],
        length=total * count,
    )


def matched_filter(
    change: Array,
    scale: Array,
    precision: Array,
    templates: Templates,
    is_camp: NDArray[np.bool_] | None = None,
) -> Filtered:
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
    templates : Templates
    is_camp : array, optional
        True for blocks of camps, shape (m,); by default none is.

    Notes
    -----
    With z the whitened change and u the whitened template, q = u'z / |u| and the
    off-template distance is |z|^2 - q^2. Whitening with any square root of the
    precision gives the same numbers, so none is formed.
    """
    weighted, metric = _whitened(change / scale, scale, precision)
    total = (weighted * change).sum(axis=0)
    burns = _along(templates.burns, weighted, metric)
    camps = np.zeros(change.shape[1], dtype=np.bool_) if is_camp is None else is_camp
    burns[templates.for_camps[:, None] & ~camps & np.isfinite(burns)] = -np.inf
    best = np.argmax(np.where(np.isnan(burns), -np.inf, burns), axis=0)
    q = np.take_along_axis(burns, best[None], axis=0)[0]
    other = _along(templates.confounders, weighted, metric).max(axis=0)
    off_template = np.maximum(total - q**2, 0.0)
    with np.errstate(invalid="ignore"):
        mimic = (total > CLEAR_CHANGE) & (other > q)
    return Filtered(
        q=np.where(mimic, np.minimum(q, 0.0), q).astype(np.float32),
        off_template=off_template.astype(np.float32),
        template=best,
    )


def _whitened(d: Array, scale: Array, precision: Array) -> tuple[Array, Array]:
    """Return P d / scale, shape (features, m), and the metric of templates in raw units.

    The metric holds the upper triangle of P_kl / (scale_k scale_l), off-diagonal terms
    doubled, shape (pairs, m): a template's squared length is then one matrix product for
    all templates and blocks.
    """
    first, second = _pairs(len(scale))
    twice = np.where(first == second, 1.0, 2.0).astype(np.float32)
    if precision.ndim == 2:
        weighted = precision @ d
        entries = (twice * precision[first, second])[:, None]
    else:
        by_block = np.moveaxis(precision, 0, -1)
        weighted = (by_block * d).sum(axis=1)
        entries = twice[:, None] * by_block[first, second]
    metric = (entries / (scale[first] * scale[second])).astype(np.float32)
    return weighted / scale, metric


@cache
def _pairs(features: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # Asked for each settlement of each look; numpy makes them anew every time.
    first, second = np.triu_indices(features)
    return first, second


def _along(templates: Array, weighted: Array, metric: Array) -> Array:
    """Return the component of each change along each template, shape (templates, m)."""
    first, second = _pairs(templates.shape[1])
    norm = np.maximum((templates[:, first] * templates[:, second]) @ metric, 1e-12)
    return ((templates @ weighted) / np.sqrt(norm)).astype(np.float32)


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
    identity: Array = np.eye(features, dtype=np.float32)
    if count < 2 * features:
        return identity
    x = samples.astype(np.float64)
    covariance = x.T @ x / count
    mean_variance = np.trace(covariance) / features
    if mean_variance < LEAST_VARIANCE:
        return identity
    target = mean_variance * np.eye(features)
    distance = ((covariance - target) ** 2).sum() / features
    noise = ((x**2).T @ (x**2) / count - covariance**2).sum() / features / count
    share = min(1.0, max(0.0, noise / max(distance, 1e-12)))
    blended = share * target + (1.0 - share) * covariance
    # A floor keeps one feature that hardly varies from dominating every score.
    blended += 1e-3 * mean_variance * np.eye(features)
    return np.linalg.inv(blended).astype(np.float32)
