"""Errors of alerts and their delivery.

ServiceError                      aoi.errors
└── AlertError
    ├── UnknownAlert              no alert has that identifier
    ├── NotAllowed                the table of states has no such step from here
    ├── StaleAlert                somebody else changed it meanwhile
    └── DeliveryFailed            a channel could not deliver; says whether for good
"""

from __future__ import annotations

from aoi.errors import ServiceError


class AlertError(ServiceError):
    """Base of the errors of `alerts`."""


class UnknownAlert(AlertError):
    """No alert has that identifier."""


class NotAllowed(AlertError):
    """The table of states has no such step from here, or the actor may not take it."""


class StaleAlert(AlertError):
    """Somebody else changed the alert since it was opened."""
