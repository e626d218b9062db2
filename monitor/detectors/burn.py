"""The burn test: what one look says of each settlement (DETECTION 4a, steps 1 to 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.baseline import Baseline, season_of, watched_features
from monitor.blocks import BlockSets
from monitor.calibration import Calibration
from monitor.change import Changes, changes_in
from monitor.detectors.burn_reading import VERSION as VERSION
from monitor.detectors.burn_reading import held_reading, readings_of, unread
from monitor.detectors.burn_settings import BurnSettings as BurnSettings
from monitor.features import FeatureSet, feature_set_of
from monitor.guard import REJECTED_P, SUSPECT_RADIOMETRY, held_by_rejections, held_by_shift
from monitor.layout import Layout, layout_of
from monitor.looks import Look
from monitor.matched import templates_for
from monitor.reading import Reading, Verdict
from monitor.recent import Recent
from monitor.reference import Reference, reference_from_looks
from monitor.registration import held_by_misregistration
from monitor.settlement_look import SettlementLook, measured, medians_of

Array = NDArray[np.float32]

QUIET_RING = 0.98
"""A placebo beside a fire may burn with it: only those far from any say that a scene is odd."""


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
        Earlier looks of the same track, oldest first: what a look is held against without a
        baseline, and whether it lies where they do.
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
        lacking = "the scene lacks the bands needed"
        return _not_judged(look, unread(look, sets, known_at, Verdict.NOT_CLEAR, lacking))
    layout = layout_of(sets)
    observed = watched_features(look, sets, features)
    reference = _reference(look, sets, layout, baseline, earlier, features, observed, settings)
    if reference is None:
        nothing = "no earlier clear look to compare with"
        return _not_judged(look, unread(look, sets, known_at, Verdict.NO_BASELINE, nothing))
    residual = observed - reference.expected
    past = _past(recent, sets, reference)
    changes = changes_in(
        residual if past is None else residual - past.level(look.acquired_at), reference, layout
    )
    places = _places(changes, reference, layout)
    readings = readings_of(places, look, reference, settings, calibration, known_at)
    held = _held(look, observed, reference, places, readings)
    if not held and any(reading.p < REJECTED_P for reading in readings):
        # Where nothing stands out, nothing is lost by a picture that lies a little off.
        held = held_by_misregistration(look, earlier)
    if held:
        readings = [held_reading(reading, held) for reading in readings]
    elif past is not None:
        past = past.followed_by(look.acquired_at, residual, _signed(places, readings, settings))
    split = layout.settlement_count
    return LookVerdict(
        look_id=look.look_id,
        readings=tuple(readings[:split]),
        placebo_readings=tuple(readings[split:]),
        held_reason=held,
        burned={
            p.blocks.settlement_id: sets.watched[p.blocks.own[p.burned]]
            for p in places
            if p.burned.any()
        },
        recent=past,
    )


def _not_judged(look: Look, readings: tuple[Reading, ...]) -> LookVerdict:
    return LookVerdict(look.look_id, readings, (), "")


def _places(changes: Changes, reference: Reference, layout: Layout) -> list[SettlementLook]:
    medians = medians_of(changes, reference, layout)
    templates = templates_for(reference.features)
    return [
        measured(i, layout, reference, changes, medians, templates) for i in range(layout.count)
    ]


def _signed(
    places: Sequence[SettlementLook], readings: Sequence[Reading], settings: BurnSettings
) -> list[NDArray[np.int32]]:
    """Return the blocks of the places whose sign is too strong to be a season."""
    return [
        place.blocks.own
        for place, reading in zip(places, readings, strict=True)
        if reading.verdict is Verdict.BURN_LIKE and reading.p <= settings.strong_p
    ]


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


def _held(
    look: Look,
    observed: Array,
    reference: Reference,
    places: Sequence[SettlementLook],
    readings: Sequence[Reading],
) -> str:
    """Return why the look must be held, empty if it need not be."""
    if look.tags.get("suspect_radiometry"):
        return f"{SUSPECT_RADIOMETRY}: {look.tags['suspect_radiometry']}"
    shifted = held_by_shift(observed, reference)
    if shifted:
        return shifted
    seen = [
        (r.p, place)
        for r, place in zip(readings, places, strict=True)
        if r.verdict is not Verdict.NOT_CLEAR
    ]
    land = [p for p, place in seen if place.blocks.is_placebo and place.unburned >= QUIET_RING]
    settlements = [p for p, place in seen if not place.blocks.is_placebo]
    return held_by_rejections(settlements, land)
