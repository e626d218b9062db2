"""The burn test: what one look says of each settlement (DETECTION 4a, steps 1 to 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.baseline import Baseline, season_of, watched_features
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.calibration import Calibration, Stratum, stratum_of
from monitor.change import Changes, changes_in
from monitor.control import LEAST_UNBURNED
from monitor.features import FeatureSet, feature_set_of
from monitor.fusion import FusionSettings
from monitor.guard import held_by_rejections, held_by_shift
from monitor.layout import Layout, layout_of
from monitor.looks import Look
from monitor.matched import Direction, direction_of, templates_for
from monitor.observation import Flag
from monitor.persistence import PersistenceSettings
from monitor.reading import Reading, Verdict
from monitor.recent import Recent
from monitor.reference import Reference, reference_from_looks
from monitor.scan import scan

VERSION = "burn/1"

CHANGED = 12.59
"""Chi-square with 6 degrees of freedom, 0.95: a block that changed, whichever way."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BurnSettings:
    """Numbers of the burn test (DETECTION 4h)."""

    settlement_clear: float = 0.70
    """Share of a settlement's blocks that a look must see."""

    ring_clear: float = 0.50
    """Share of its ring that a look must see."""

    sign_p: float = 0.05
    """A look whose p is at most this carries the sign."""

    strong_p: float = 1e-3
    """A settlement keeps its recent level while p is at most this: weaker signs are mostly a
    season that differs, and must be learned or they last for months."""

    window_days: float = 15.0
    """Window mode compares with looks this near in the season."""

    window_least: int = 6
    """Looks in that window below which only the last clear looks serve (pair mode)."""

    pair_looks: int = 3
    """Last clear looks whose median a pair is compared with."""

    pair_reach: timedelta = timedelta(days=120)
    """No older look serves in pair mode."""

    persistence: PersistenceSettings = field(default_factory=PersistenceSettings)
    fusion: FusionSettings = field(default_factory=FusionSettings)


@dataclass(frozen=True, slots=True, eq=False)
class LookVerdict:
    """One look, all settlements."""

    look_id: str
    readings: tuple[Reading, ...]
    placebo_readings: tuple[Reading, ...]
    """Patches of ring land that no burn of a settlement reaches: for calibration."""

    held_reason: str
    """Why nothing of the look may alert, empty if it may."""

    burned: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    """Settlement to the flat indices, on the look's grid, of its blocks that look burned."""

    recent: Recent | None = None
    """The recent past with this look in it, for the next; None without a baseline."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
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


def burn_readings(
    look: Look,
    sets: BlockSets,
    baseline: Baseline | None,
    earlier: Sequence[Look],
    settings: BurnSettings,
    calibration: Calibration,
    known_at: datetime,
    recent: Recent | None = None,
) -> LookVerdict:
    """Score every settlement of an area in one look.

    Fire removes vegetation and thatch and leaves char: near infrared falls, the
    short-wave slope changes, and the ground between houses darkens. Each settlement is
    held against its own season and against the land around it in the same look.

    Parameters
    ----------
    look : Look
        Bands B2, B3, B4, B8A (865 nm), B11 (1610 nm), B12 (2190 nm) as block means of
        surface reflectance, shape (height, width); without B2 and B12 a reduced set.
    sets : BlockSets
        Settlements, rings and placebos on the look's grid.
    baseline : Baseline or None
        Seasonal state of the look's track; None, or one of other sets or features,
        means window or pair mode.
    earlier : sequence of Look
        Earlier looks of the same track, any order; used without a baseline only.
    settings : BurnSettings
    calibration : Calibration
    known_at : datetime
        When the service had the look, UTC.
    recent : Recent, optional
        What the looks before it had in common; used with a baseline only.

    Returns
    -------
    LookVerdict
        One reading for each settlement, whatever was or was not seen.

    Raises
    ------
    GridMismatch
        If look and sets are not on one grid.

    Notes
    -----
    Looks the same: a single compound or refuse fire, an accidental village fire
    (identical, cannot be told apart), a bush fire that enters the footprint, thatch
    removal (no near-infrared drop), undetected cloud shadow (off the template). One
    look never decides where there is history: see `monitor.persistence`.

    References
    ----------
    .. [1] Marx, A., Windisch, R., Kim, J. S. (2019). Detecting village burnings with
       high-cadence smallsats (control pair and two sequential looks; as cited in the
       project's DETECTION notes).
    .. [2] Key, C. H., Benson, N. C. (2006). Landscape Assessment, RMRS-GTR-164-CD.
    """
    look.blocks.require_same(sets.blocks)
    features = feature_set_of(look.bands)
    if features is None:
        return _unread(look, sets, known_at, Verdict.NOT_CLEAR, "the scene lacks the bands needed")
    layout = layout_of(sets)
    observed = watched_features(look, sets, features)
    reference = _reference(look, sets, layout, baseline, earlier, features, observed, settings)
    if reference is None:
        return _unread(
            look, sets, known_at, Verdict.NO_BASELINE, "no earlier clear look to compare with"
        )
    residual = observed - reference.expected
    past = _past(recent, sets, reference)
    changes = changes_in(
        residual if past is None else residual - past.level(look.acquired_at), reference, layout
    )
    medians = _medians(changes, reference, layout)
    places = [_measure(i, layout, reference, changes, medians) for i in range(layout.count)]
    readings = [
        _reading(place, look, reference, settings, calibration, known_at) for place in places
    ]
    held = _held(look, observed, reference, layout, places, readings)
    if held:
        readings = [_with_hold(reading, held) for reading in readings]
    burned = {
        reading.settlement_id: sets.watched[place.blocks.own[place.burned]]
        for place, reading in zip(places, readings, strict=True)
        if place.burned.any()
    }
    if past is not None and not held:
        signed = [
            place.blocks.own
            for place, reading in zip(places, readings, strict=True)
            if reading.verdict is Verdict.BURN_LIKE and reading.p <= settings.strong_p
        ]
        past = past.followed_by(look.acquired_at, residual, signed)
    split = layout.settlement_count
    return LookVerdict(
        look_id=look.look_id,
        readings=tuple(readings[:split]),
        placebo_readings=tuple(readings[split:]),
        held_reason=held,
        burned=burned,
        recent=past,
    )


def _past(recent: Recent | None, sets: BlockSets, reference: Reference) -> Recent | None:
    if reference.mode != "series":
        return None
    features = reference.features
    if recent is None or (recent.sets_version, recent.features) != (sets.version, features):
        return Recent.empty(sets.version, features, sets.watched.size)
    return recent


def _reference(
    look: Look,
    sets: BlockSets,
    layout: Layout,
    baseline: Baseline | None,
    earlier: Sequence[Look],
    features: FeatureSet,
    observed: Array,
    settings: BurnSettings,
) -> Reference | None:
    if baseline is not None and (baseline.sets_version, baseline.features) == (
        sets.version,
        features,
    ):
        return baseline.reference(look.acquired_at, layout)
    before = sorted(
        (e for e in earlier if e.acquired_at < look.acquired_at and e.track == look.track),
        key=lambda e: e.acquired_at,
    )
    fitting = [e for e in before if all(name in e.bands for name in features.bands)]
    near = [e for e in fitting if _season_gap_d(e, look) <= settings.window_days]
    if len(near) >= settings.window_least:
        chosen, mode = near, "window"
    else:
        recent = [e for e in fitting if look.acquired_at - e.acquired_at <= settings.pair_reach]
        chosen, mode = recent[-settings.pair_looks :], "pair"
    stack = [watched_features(e, sets, features) for e in chosen]
    return reference_from_looks(observed, stack, features, layout, mode=mode)


def _season_gap_d(earlier: Look, look: Look) -> float:
    gap = abs(season_of(earlier.acquired_at) - season_of(look.acquired_at))
    return 365.25 * min(gap, 1.0 - gap)


def _medians(changes: Changes, reference: Reference, layout: Layout) -> Array:
    """Return the medians of q, off-template, near infrared and visible, shape (4, places)."""
    features = reference.features
    lines = (
        changes.filtered.q,
        changes.filtered.off_template,
        changes.change[features.nir],
        changes.change[features.visible],
    )
    return layout.medians(np.stack(lines))


def _measure(
    index: int, layout: Layout, reference: Reference, changes: Changes, medians: Array
) -> _Place:
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
    direction = _direction(index, part, valid, reference, changes, blocks.is_camp)
    centre, spread = reference.centre[:, index], reference.spread[:, index]
    green = float(reference.green[index])
    return _Place(
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
        values={
            "burn_direction": direction.burn,
            "other_direction": direction.other,
            "mimic": float(direction.is_mimic),
            "q_median": median,
            "scan_max": best.value,
            "scan_blocks": float(best.blocks),
            "valid_blocks": float(count),
            "own_blocks": float(valid.size),
            "burned_blocks": float(burned.sum()),
            "off_template": off_template,
            "nir_change": nir,
            "visible_change": visible,
            "green": green,
        },
    )


def _direction(
    index: int,
    part: slice,
    valid: NDArray[np.bool_],
    reference: Reference,
    changes: Changes,
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
        templates_for(reference.features),
        is_camp=is_camp,
        count=count / (1.0 + (count - 1.0) * float(reference.correlation[index])),
    )


def _reading(
    place: _Place,
    look: Look,
    reference: Reference,
    settings: BurnSettings,
    calibration: Calibration,
    known_at: datetime,
) -> Reading:
    """Return what is kept of one place: numbers, p, verdict and the reason for it."""
    verdict, reason, alpha, p = _judged(place, settings, calibration)
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
        score=alpha,
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
        },
        flags=_flags(place, reference, look),
    )


def _judged(
    place: _Place, settings: BurnSettings, calibration: Calibration
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
    alpha = calibration.alpha(place.stratum, place.median_q, place.scan)
    p = calibration.scores(place.stratum).look.p(alpha)
    numbers = f"p {p:.2g}, {100 * place.burned_fraction:.0f} % of its blocks look burned"
    if p <= settings.sign_p and place.direction.is_mimic:
        return (
            Verdict.QUIET,
            f"its change looks rather like {place.direction.name}",
            min(alpha, 0.0),
            1.0,
        )
    if p <= settings.sign_p and place.burned.any():
        return Verdict.BURN_LIKE, numbers, alpha, p
    return Verdict.QUIET, numbers, alpha, p


def _interval(place: _Place) -> tuple[float, float]:
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


def _flags(place: _Place, reference: Reference, look: Look) -> tuple[str, ...]:
    flags = []
    if place.borrowed:
        flags.append("ring_burning")
    if reference.mode != "series":
        flags.append("baseline=weak")
    if reference.features.name != "full":
        flags.append("reduced_bands")
    if np.any(look.flags & np.uint16(Flag.UNCLASSIFIED)):
        flags.append("cloud_unknown")
    return tuple(flags)


def _held(
    look: Look,
    observed: Array,
    reference: Reference,
    layout: Layout,
    places: Sequence[_Place],
    readings: Sequence[Reading],
) -> str:
    """Return why the look must be held, empty if it need not be."""
    if look.tags.get("suspect_radiometry"):
        return f"suspect radiometry: {look.tags['suspect_radiometry']}"
    shifted = held_by_shift(observed, reference)
    if shifted:
        return shifted
    split = layout.settlement_count
    quiet_land = [
        r.p for r, place in zip(readings, places, strict=True)
        if place.blocks.is_placebo and place.unburned >= 0.9 and r.verdict is not Verdict.NOT_CLEAR
    ]  # fmt: skip
    settlements = [r.p for r in readings[:split] if r.verdict is not Verdict.NOT_CLEAR]
    return held_by_rejections(settlements, quiet_land)


def _with_hold(reading: Reading, reason: str) -> Reading:
    if reading.verdict is Verdict.NOT_CLEAR:
        return reading
    return replace(reading, verdict=Verdict.HELD, reason=reason)


def _unread(
    look: Look, sets: BlockSets, known_at: datetime, verdict: Verdict, reason: str
) -> LookVerdict:
    readings = tuple(
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
    return LookVerdict(look.look_id, readings, (), "")
