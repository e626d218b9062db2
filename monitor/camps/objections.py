"""What speaks against a patch of shelters being a new camp. Pure (DETECTION 4d, 4f)."""

from __future__ import annotations

import math

from monitor.camps.settings import CampSettings
from monitor.camps.verdict import NewPatch

LEAST_TEXTURE = 2.0
"""Rise of texture in sigmas, over the middle of a patch, from which it counts as up: missed
clouds stay below, camps of tuning worlds rise by six and more."""

LEAST_BRIGHTER = 0.03
"""Rise of ln visible: falling water lays bare ground that is bluer, but not brighter."""

SLOW_SHARE = 0.5
"""Share of its strength from which a patch that had it weeks before it first stood came slowly."""

NEW_LOOKS = 8
"""Clear looks for which a patch may stand that nobody saw come: clouds hid it. What stands for
longer without having been told of is a roof, or ground that never looked like shelters enough."""


def spoken_against(patch: NewPatch, settings: CampSettings) -> str:
    """Return why a patch is no new camp by what its last weeks show; empty if it may be one."""
    if patch.has_texture and not patch.texture_sigma >= LEAST_TEXTURE:
        return "its texture did not rise"
    if not patch.means["visible_change"] >= LEAST_BRIGHTER:
        return "its ground did not become brighter"
    score, least = patch.score, settings.min_score
    if not score >= least:
        return f"its sign is weak for its size: score {score:.1f} of {least:.1f}"
    if score >= settings.min_slow_score:
        return ""
    if patch.earlier >= SLOW_SHARE:
        return (
            f"it came slowly, as building does: score {score:.1f} of {settings.min_slow_score:.1f}"
        )
    if math.isnan(patch.earlier) and patch.standing_looks > NEW_LOOKS:
        return f"nobody saw it come, and {patch.standing_looks} clear looks show it"
    return ""
