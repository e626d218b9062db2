"""Small scored worlds for the tests of studies and backtests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from aoi.interval import Interval
from monitor.alarm import ScoreRows, Scores
from monitor.detector_scores import FULL
from monitor.rivals.rule import Scored
from monitor.skill import TrueEvent
from monitor.world_scores import WorldScores

START = datetime(2024, 1, 1, tzinfo=UTC)
TWO_YEARS = Interval(START, START + timedelta(days=730.5))


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def some_scores(
    rows: Mapping[float, Sequence[float]], ids: Sequence[str], probability: float = np.nan
) -> Scores:
    """Day to the score of each settlement; NaN where it was not clear."""
    parts = [ScoreRows.at_look(np.array(values), day(number)) for number, values in rows.items()]
    for part in parts:
        part.probability[:] = probability
    return Scores.of(ids, parts)


def a_burn(place: str, number: float, fraction: float = 0.8, **strata: str) -> TrueEvent:
    classes = {"season": "dry", "area": "2-5 ha", "repeat": "first", "late": "in time"}
    return TrueEvent(place, "burned", day(number), day(number), fraction, {**classes, **strata})


def a_world(
    name: str = "w1",
    *,
    rows: Mapping[float, Sequence[float]] | None = None,
    burns: Sequence[TrueEvent] | None = None,
    probability: float = 0.8,
    confounders: Sequence[TrueEvent] = (),
) -> WorldScores:
    """Five villages over two years: ten settlement-years; the first burns on day 98.

    The detector scores it 5 on days 100 and 105, everything else 0; the rival `marx` the
    half of that. Both alarm above 2.4.
    """
    ids = tuple(f"{name}/{letter}" for letter in "abcde")
    shown = rows or {95: [0] * 5, 100: [5, 0, 0, 0, 0], 105: [5, 0, 0, 0, 0], 150: [0] * 5}
    halved = {number: [value / 2 for value in values] for number, values in shown.items()}
    return WorldScores(
        world=name,
        origin="simulated",
        interval=TWO_YEARS,
        years=10.0,
        settlement_ids=ids,
        scored=(
            Scored(FULL, some_scores(shown, ids, probability), 2.4),
            Scored("marx", some_scores(halved, ids), 2.4),
            Scored("pwtt", Scores.of(ids, []), 3.3),
        ),
        events=(a_burn(ids[0], 98),) if burns is None else tuple(burns),
        confounders=tuple(confounders),
        quiet_p=np.array([0.25, 0.75], dtype=np.float32),
        clear_looks=20,
        held_looks=1,
    )
