"""The body of a webhook: what a program reads of one revision (docs/schema/webhook-1.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.alert import Status
from alerts.disclosure import Disclosure, Tlp, cell_of

THIN = frozenset({Tlp.AMBER_STRICT, Tlp.RED})
"""Labels of which only that something changed, and where to read it, is sent."""

FINEST_STEP_DEG = 0.001
"""A webhook tells a cell and never an outline, also to those who may see it."""


@dataclass(frozen=True, slots=True)
class Post:
    """What surrounds the event in one body."""

    delivery_id: str
    number: int
    at: datetime
    reason: str
    link: str
    supersedes: int | None
    """The revision that this reader got before, None for the first."""


def webhook_body(shown: Disclosure, post: Post) -> bytes:
    """Return the JSON of one delivery; of the strictest labels without place and size."""
    thin = shown.tlp in THIN
    event: dict[str, Any] = {
        "delivery_id": post.delivery_id,
        "seq": post.number,
        "ref": shown.ref,
        "revision": shown.revision,
        "status": shown.status.value,
        "tlp": shown.tlp.value,
        "notification_reason": post.reason,
        "link": post.link,
        "supersedes": post.supersedes,
    }
    if not thin:
        event |= _details(shown)
    envelope = {"type": _type_of(shown, post), "timestamp": _instant(post.at), "data": event}
    return (json.dumps(envelope, ensure_ascii=False, sort_keys=True) + "\n").encode()


def challenge_body(challenge: str, at: datetime) -> bytes:
    """Return the body by which an endpoint shows that it is whose it says it is."""
    envelope = {"type": "test.v1", "timestamp": _instant(at), "data": {"challenge": challenge}}
    return (json.dumps(envelope, sort_keys=True) + "\n").encode()


def _details(shown: Disclosure) -> dict[str, Any]:
    return {
        "event_id": shown.event_id,
        "audience": shown.audience,
        "kind": shown.kind.value,
        "severity": shown.severity.value,
        "certainty": shown.certainty.value,
        "tier": shown.tier.value,
        "observed": {
            "after": f"{shown.observed_after:%Y-%m-%d}",
            "before": f"{shown.observed_before:%Y-%m-%d}",
        },
        "area_ha": round(shown.area_m2 / 10_000, 2),
        "location": _location(shown),
    }


def _location(shown: Disclosure) -> dict[str, Any] | None:
    if shown.geometry is None or shown.step_deg is None:
        return None
    step = max(shown.step_deg, FINEST_STEP_DEG)
    centre = shown.geometry.centroid
    return {"precision_deg": step, "bbox": list(cell_of((centre.x, centre.y), step))}


def _type_of(shown: Disclosure, post: Post) -> str:
    if shown.status is Status.RETRACTED:
        return "alert.cancelled.v1"
    return "alert.published.v1" if post.supersedes is None else "alert.updated.v1"


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
