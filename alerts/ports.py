"""What alerts ask of the room to the right: maps and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shapely.geometry.base import BaseGeometry

from monitor.observation import Observation


@dataclass(frozen=True, slots=True)
class Outline:
    """One named shape on a map."""

    role: str
    """``"settlement"``, ``"ring"``, ``"burned"``, ``"hotspot"``, ``"other_settlement"``."""

    label: str
    """For the reader; untrusted text."""

    geometry: BaseGeometry
    """EPSG:4326."""


@dataclass(frozen=True, slots=True, eq=False)
class AlertPicture:
    """Everything that one alert's map and plate may show: nothing else reaches `maps`."""

    title: str
    """Untrusted text, such as ``"Burned settlement, K7QF"``."""

    status_line: str
    """What the reader must know first: "PRELIMINARY, not yet seen by an analyst"."""

    kind: str
    """A value of `FindingKind`; decides colours and legend."""

    severity: str
    outlines: Sequence[Outline]
    before: Observation | None
    """Pixels before the change, None where there are none or they may not be shown."""

    after: Observation | None
    facts: Sequence[tuple[str, str]]
    """Label and value, in reading order, for the metadata panel; untrusted text."""

    attribution: str
    """Credit line for the imagery."""

    coverage_line: str
    """How much was seen, and when it was last seen."""

    language: str = "en"
    hotspots: Sequence[tuple[float, float, str]] = field(default=())
    """Longitude, latitude and a label of each active-fire detection."""

    tlp: str = ""
    """Traffic light marking, such as ``"TLP:AMBER"``; stands before everything else."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What is drawn of an alert for a bundle of evidence."""

    map_page: str
    plate_png: bytes = field(repr=False)
    recipe: Mapping[str, Any]
    """How the plate was drawn from the pixels: JSON values, so that anybody can draw it again."""


@dataclass(frozen=True, slots=True)
class OverviewArea:
    """One area on the overview map."""

    aoi_id: str
    name: str
    geometry: BaseGeometry
    last_seen: datetime | None
    state_line: str
    """Such as ``"seen 3 times in 14 days"`` or ``"BLIND since 12 May 2026: provider down"``."""

    open_alerts: Sequence[tuple[str, str, BaseGeometry]]
    """Reference, label and outline of each alert that stands."""

    standing: int | None = None
    """How many alerts stand, where they are too many to be named; None: those above."""

    @property
    def count(self) -> int:
        """How many alerts stand."""
        return len(self.open_alerts) if self.standing is None else self.standing


class MapRenderer(Protocol):
    """Draws; `maps` implements it. Every result is complete in itself: no network request."""

    def alert_map(self, picture: AlertPicture) -> str:
        """Return one HTML page: before and after with a swipe, outlines, facts."""
        ...

    def plate(self, picture: AlertPicture) -> bytes:
        """Return a still picture, before beside after, as JPEG of at most 640 px and 180 kB."""
        ...

    def overview(
        self, areas: Sequence[OverviewArea], generated_at: datetime, language: str = ""
    ) -> str:
        """Return one HTML page of all areas."""
        ...


class Exhibitor(Protocol):
    """Draws for evidence; `maps` implements it."""

    def exhibit(self, picture: AlertPicture) -> Exhibit:
        """Return map, plate and recipe of an alert, the same bytes each time."""
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """One finished message on its way: bytes that no attempt changes."""

    delivery_id: str
    sender: str
    """Envelope sender, which bounces come back to."""

    address: str = field(repr=False)
    message_id: str
    raw: bytes = field(repr=False)
    person_id: str = ""
    """Whom it is for, to find the secret of an endpoint."""


class Channel(Protocol):
    """Carries finished messages."""

    @property
    def folds(self) -> bool:
        """True if sending a parcel again leaves no second copy."""
        ...

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        """Deliver one parcel, and return the receiver's answer.

        Parameters
        ----------
        before_dot : callable
            Called once, after everything that can fail without doubt and before
            the receiver could take the message. If it raises, nothing was sent.

        Raises
        ------
        DeliveryFailed
            Says whether, and how, to try again; `AMBIGUOUS` if the receiver may have it.
        """
        ...

    def close(self) -> None:
        """End the conversation that was kept open between parcels."""
        ...
