"""What speaks against a patch of shelters being a new camp. Pure (DETECTION 4d, 4f)."""

from __future__ import annotations

import math

from monitor.camps.settings import CampSettings
from monitor.camps.verdict import NewPatch

LEAST_TEXTURE = 2.0
"""Rise of texture in sigmas, over the middle of a patch, from which it counts as up: missed
clouds mostly stay below, most camps of tuning worlds rise by six and more."""

LEAST_BRIGHTER = 0.03
"""Rise of ln visible: falling water lays bare ground that is bluer, but not brighter."""

LEAST_EARLY_TEXTURE, EARLY_TEXTURE_RATIO = 5.0, 1.5
"""The same where two looks alone show a patch, and the rise of the logarithm of texture beside
that of brightness and blueness: edges of clouds that were missed twice rise by five sigmas, and
by .9 where they brighten by .7; most camps by twice as much as they brighten and more."""

SLOW_SHARE = 0.4
"""Share of its strength from which a patch that had it three to six weeks before it first stood
came slowly."""

SLOW_SHARE_BEFORE = 0.2
"""The same of the months before these weeks, in which of a camp there is nothing."""

SLOW_SHARES_BOTH = (0.25, 0.15)
"""The same of both: a rise that goes on for months."""

LEAST_BLUER, SURE_SCORE = 0.5, 3.0
"""Rise of ln(B2/B4) beside that of ln visible, and the score from which it is not asked:
tarpaulin is bluer than soil, ground that herders trod and heaps of earth are brighter."""

NEW_LOOKS = 8
"""Clear looks for which a patch may stand that nobody saw come: clouds hid it. What stands for
longer without having been told of is a roof, or ground that never looked like shelters enough."""


def spoken_against(patch: NewPatch, settings: CampSettings) -> str:
    """Return why a patch is no new camp by what its last weeks show; empty if it may be one."""
    if patch.has_texture and not patch.texture_sigma >= LEAST_TEXTURE:
        return "its texture did not rise"
    if patch.patch.early and not _is_surely_uneven(patch):
        return "two looks alone show it, and its texture rose too little for that"
    if not patch.means["visible_change"] >= LEAST_BRIGHTER:
        return "its ground did not become brighter"
    score, least = patch.score, settings.min_score
    if not score >= least:
        return f"its sign is weak for its size: score {score:.1f} of {least:.1f}"
    bluer, brighter = patch.means["blue_red_change"], patch.means["visible_change"]
    if score < SURE_SCORE and not bluer >= LEAST_BLUER * brighter:
        return f"it is brighter rather than bluer: score {score:.1f} of {SURE_SCORE:.1f}"
    least_ha = settings.min_dense_share * settings.min_new_area_ha
    if not patch.dense_m2 >= 1e4 * least_ha:
        return f"most of it lies on {patch.dense_m2 / 1e4:.1f} ha, as stalls and yards do"
    if score >= settings.min_slow_score:
        return ""
    return _slow(patch, f"score {score:.1f} of {settings.min_slow_score:.1f}")


def _is_surely_uneven(patch: NewPatch) -> bool:
    means = patch.means
    brighter = means["visible_change"] + means["blue_red_change"]
    is_uneven = means["texture_change"] >= EARLY_TEXTURE_RATIO * brighter
    return is_uneven and patch.texture_sigma >= LEAST_EARLY_TEXTURE


def _slow(patch: NewPatch, but: str) -> str:
    """Return why the time in which a patch came speaks against it; empty if it does not."""
    coming = patch.coming
    earlier, before = SLOW_SHARES_BOTH
    if (
        coming.earlier >= SLOW_SHARE
        or coming.before >= SLOW_SHARE_BEFORE
        or (coming.earlier >= earlier and coming.before >= before)
    ):
        return f"it came slowly, as building does: {but}"
    if math.isnan(coming.earlier) and coming.looks > NEW_LOOKS:
        return f"nobody saw it come, and {coming.looks} clear looks show it"
    return ""
