"""Fitted weights of the fusion as a file in the data folder."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.archive import write_whole
from monitor.errors import ConfigError
from monitor.fusion import FusionSettings
from monitor.stacking import Weights

NAME = "fusion.json"
VERSION = 1


def write_weights(path: Path, weights: Weights) -> None:
    """Write weights whole or not at all.

    Raises
    ------
    ArchiveError
        If the folder cannot be written.
    """
    write_whole(path, json.dumps({"version": VERSION, **asdict(weights)}, indent=1).encode())


def read_weights(path: Path) -> Weights | None:
    """Return the weights of a file, None if there is none.

    Raises
    ------
    ConfigError
        If it is damaged, or of another version.
    """
    try:
        return _weights(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the weights of the fusion in {path} cannot be used: {error}",
            hint="remove the file to return to the shipped weights, or: emberwatch alert refit",
        ) from error


def with_fitted(settings: FusionSettings, folder: Path) -> FusionSettings:
    """Return settings with the weights of the data folder, as they are without any.

    Raises
    ------
    ConfigError
        As `read_weights`.
    """
    weights = read_weights(folder / NAME)
    return settings if weights is None else weights.applied(settings)


def _weights(told: Mapping[str, Any]) -> Weights:
    if told["version"] != VERSION:
        raise ValueError(f"version {told['version']} is not {VERSION}")
    weights = Weights(
        local_odds=float(told["local_odds"]),
        hotspot_weight=float(told["hotspot_weight"]),
        radar_weight=float(told["radar_weight"]),
        labels=int(told["labels"]),
        # Files of earlier versions lack it.
        front_weight=float(told.get("front_weight", FusionSettings().front_weight)),
    )
    values = (
        weights.local_odds, weights.hotspot_weight, weights.radar_weight, weights.front_weight,
    )  # fmt: skip
    if not all(math.isfinite(v) and v >= 0 for v in values) or weights.local_odds == 0:
        raise ValueError(f"weights {values} are impossible")
    return weights
