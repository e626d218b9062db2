"""From the records of simulated worlds to calibration and to a page for the documents.

Pure: what goes in are the tables that `monitor.camp_study` wrote.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitor.camp_area_skill import AreaSkill, area_skill, series_of
from monitor.camp_causes import cause_lines
from monitor.camp_skill import (
    EMPTYING,
    GROWTH,
    NEW,
    CampAlarm,
    CampEvent,
    CampResult,
    camp_results,
    false_alarms,
)
from monitor.camps.calibration import CampCalibration, QuietScores
from monitor.camps.growth import Growth
from monitor.camps.reading import CampReading
from monitor.camps.rules import fall_at, growth_at
from monitor.camps.settings import CampSettings
from monitor.detectors.camps_changes import AGAIN, WORSE
from monitor.goals import written
from monitor.skill import season_of

Record = Mapping[str, Any]

BLOCK_M = 40.0
SETTINGS = CampSettings()
LEAST_WIDTH = {"patches": 0.3, "falls": 0.05}
AT_END = timedelta(days=45)
"""What begins later than this before a world ends cannot be found in time."""

HA_PROMISED = 1.0
LATER_DAYS = 15.0
"""Three looks at five days."""


def calibration_of(records: Sequence[Record], version: str) -> CampCalibration:
    """Return the calibration that tuning worlds give.

    Patches of lasting shelters where no camp came, the highest score of each place; and
    the least of three falls in a row of camps that neither emptied nor burned.
    """
    placebos: list[float] = []
    patches: list[float] = []
    falls: list[float] = []
    for record in records:
        placebos += _placebo_scores(record, 0.0)
        patches += _placebo_scores(record, SETTINGS.min_new_area_ha)
        falls += _quiet_falls(record)
    km2_years = sum(record["km2_years"] for record in records)
    camp_years = sum(len(_quiet_camps(r)) * _years(r) for r in records)
    names = ", ".join(str(record["world"]) for record in records)
    return CampCalibration(
        version=version,
        made_from=f"simulated tuning worlds: {names}",
        placebos=_quiet(placebos, km2_years / 1e3, LEAST_WIDTH["patches"]),
        patches=_quiet(patches, km2_years / 1e3, LEAST_WIDTH["patches"]),
        falls=_quiet(falls, camp_years, LEAST_WIDTH["falls"]),
    )


def results_of(records: Sequence[Record], least_ha: float = HA_PROMISED) -> tuple[CampResult, ...]:
    """Return the result of each kind over worlds; events of smaller new camps only excuse."""
    alarms, events = [], []
    for number, record in enumerate(records):
        # Worlds lie side by side, so that no alarm is about another world's camp.
        alarms += [_moved(alarm, number) for alarm in alarms_of(record)]
        events += [_moved_event(event, number) for event in events_of(record)]
    km2_years = sum(record["km2_years"] for record in records)
    camp_years = sum(len(_camps(r)) * _years(r) for r in records)
    counted = [e for e in events if e.kind != NEW or e.area_ha >= least_ha]
    excused = [e for e in events if e.kind == NEW and e.area_ha < least_ha]
    kept = [a for a in alarms if not any(_excuses(event, a) for event in excused)]
    return camp_results(kept, counted, km2_years, camp_years)


def by_class(records: Sequence[Record]) -> Iterator[tuple[str, str, CampResult]]:
    """Yield kind, class and result: dry and wet new camps, ways of emptying."""
    for season in ("dry", "wet"):
        part = [_only(r, NEW, lambda e, s=season: season_of(e.started_at) == s) for r in records]
        yield NEW, season, results_of(part)[0]
    for pattern in ("dismantled", "burned", "deserted"):
        part = [_only(r, EMPTYING, lambda e, p=pattern: e.pattern == p) for r in records]
        yield EMPTYING, pattern, results_of(part)[2]


def alarms_of(record: Record) -> Iterator[CampAlarm]:
    """Yield what the detector said of one world."""
    for patch in record["patches"]:
        if patch["new"]:
            yield CampAlarm(
                NEW, "", datetime.fromisoformat(patch["at"]), patch["column"] * BLOCK_M,
                patch["row"] * BLOCK_M, patch["area_ha"],
            )  # fmt: skip
    for camp_id, series in series_of(record["camps"]).items():
        yield from _growth_alarms(camp_id, series)
        yield from _emptying_alarms(camp_id, series)
    yield from _found_again(record)


def events_of(record: Record) -> Iterator[CampEvent]:
    """Yield what truly happened to the camps of one world, where it could be found."""
    camps = _camps(record)
    begin, end = (datetime.fromisoformat(record[name]) for name in ("from", "until"))
    for row in record["events"]:
        burned = row["kind"] == "burned" and row["settlement_id"] in camps
        kind = EMPTYING if burned else row["kind"]
        started = datetime.fromisoformat(row["start"])
        if kind not in (NEW, GROWTH, EMPTYING) or not begin <= started <= end - AT_END:
            continue
        if burned and row["fraction"] < SETTINGS.min_emptying_fraction:
            continue
        event = CampEvent(
            kind, row["settlement_id"] or "", started, datetime.fromisoformat(row["end"]),
            row["fraction"], row["column"] * BLOCK_M, row["row"] * BLOCK_M, row["area_ha"],
            "burned" if burned else row["pattern"], _one_ha_at(row),
        )  # fmt: skip
        only_kind, wanted = record.get("only", ("", None))
        if kind != only_kind or wanted(event):
            yield event


def _one_ha_at(row: Record) -> datetime | None:
    at = row.get("one_ha_at")
    return datetime.fromisoformat(at) if at else None


def report_lines(worlds_of: Mapping[str, Sequence[Record]]) -> list[str]:
    """Return the tables of the report, a section for each purpose that has records."""
    lines = []
    for name, records in worlds_of.items():
        if not records:
            continue
        worlds = ", ".join(str(record["world"]) for record in records)
        km2_years = sum(record["km2_years"] for record in records)
        lines += [f"## {name}", "", f"{worlds}: {km2_years:,.0f} km2-years.", ""]
        results, classes, area = results_of(records), list(by_class(records)), area_skill(records)
        lines += [*_goal_table(results, classes, area, _taken_down(records)), ""]
        lines += [*_result_table(results), ""]
        lines += [*_class_table(classes), ""]
        lines += [*_area_table(area, area_skill(records, LATER_DAYS)), ""]
        lines += [*cause_lines(records), ""]
    return lines


def _taken_down(records: Sequence[Record]) -> CampResult:
    """Return how camps did that were dismantled or burned: their shelters went within weeks."""
    part = [_only(r, EMPTYING, lambda e: e.pattern in ("dismantled", "burned")) for r in records]
    return results_of(part)[2]


def _goal_table(
    results: Sequence[CampResult],
    classes: Sequence[tuple[str, str, CampResult]],
    area: AreaSkill,
    taken_down: CampResult,
) -> list[str]:
    """Return the goals (DETECTION 7), and what was reached."""
    dry = next(one for kind, label, one in classes if (kind, label) == (NEW, "dry"))
    days = "30 days of its first shelter"
    of_size, gone = dry.found_in_time_of_size, taken_down.found_in_time
    rows = [
        (f"new camps of 1 ha, dry, found within {days}", "0.70 or more",
         written(dry.found_in_time), _verdict(dry.found_in_time.value, at_least=0.70)),
        ("the same within 30 days of the day it measured 1 ha", "0.70 or more",
         written(of_size), _verdict(of_size.value, at_least=0.70)),
        ("false new camps per 1,000 km2 and year", "0.2 or less",
         written(results[0].false_rate), _verdict(-results[0].false_rate.value, at_least=-0.2)),
        ("30-day area change, mean error", "10 % or less",
         f"{100 * area.error:.1f} %", _verdict(-area.error, at_least=-0.10)),
        ("its sign right where it changed by 10 % or more", "0.90 or more",
         written(area.sign_right), _verdict(area.sign_right.value, at_least=0.90)),
        ("dismantled or burned camps told within 45 days", "0.60 or more",
         written(gone), _verdict(gone.value, at_least=0.60)),
    ]  # fmt: skip
    return _table(("goal", "asked", "measured", ""), rows)


def _verdict(value: float, *, at_least: float) -> str:
    if math.isnan(value):
        return "not measured"
    return "met" if value >= at_least else "missed"


def _result_table(results: Sequence[CampResult]) -> list[str]:
    rows = [
        (
            one.kind, str(one.events), written(one.found), written(one.found_in_time),
            _of_size(one), _number(one.median_lag_days), written(one.false_rate),
            _number(one.area_error), written(one.sign_right),
        )
        for one in results
    ]  # fmt: skip
    head = (
        "kind", "events", "found", "in time from its first day",
        "in time from the day it measured 1 ha", "median lag, days", "false alarms",
        "area or share error", "sign right",
    )  # fmt: skip
    return _table(head, rows)


def _class_table(classes: Iterable[tuple[str, str, CampResult]]) -> list[str]:
    rows = [
        (kind, label, str(one.events), written(one.found), written(one.found_in_time),
         _of_size(one), _number(one.median_lag_days))
        for kind, label, one in classes
    ]  # fmt: skip
    head = ("kind", "class", "events", "found", "in time from its first day",
            "in time from the day it measured 1 ha", "median lag, days")  # fmt: skip
    return _table(head, rows)


def _of_size(one: CampResult) -> str:
    return written(one.found_in_time_of_size) if one.kind == NEW else "–"


def _area_table(at_once: AreaSkill, later: AreaSkill) -> list[str]:
    head = ("said", "30-day windows", "mean error", "windows with 10 % or more",
            "their mean error", "sign right", "and the interval holds no other sign",
            "90 % interval holds the truth", "holds it where it changed")  # fmt: skip
    rows = [
        (
            said, str(skill.windows), f"{100 * skill.error:.1f} %", str(skill.changed_windows),
            f"{100 * skill.changed_error:.1f} %", written(skill.sign_right),
            written(skill.sign_sure), written(skill.covered), written(skill.changed_covered),
        )
        for said, skill in (("at once", at_once), (f"{LATER_DAYS:.0f} days later", later))
    ]  # fmt: skip
    return _table(head, rows)


def _found_again(record: Record) -> Iterator[CampAlarm]:
    """Yield growth of camps that were found: new shelters beside them are new camps to some."""
    places = {(row["camp_id"], row["reading"]["at"]): row for row in record.get("found", ())}
    for camp_id, series in series_of(record.get("found", ())).items():
        for latest, growth in _growths(series):
            row = places[camp_id, latest.at.isoformat()]
            yield CampAlarm(
                NEW, "", latest.at, row["column"] * BLOCK_M, row["row"] * BLOCK_M,
                growth.area_m2 / 1e4,
            )  # fmt: skip


def _growth_alarms(camp_id: str, series: Sequence[CampReading]) -> Iterator[CampAlarm]:
    for latest, growth in _growths(series):
        change = growth.area_m2 / latest.outline_m2 - 1.0
        yield CampAlarm(
            GROWTH, camp_id, latest.at, math.nan, math.nan, growth.area_m2 / 1e4, change
        )


def _growths(series: Sequence[CampReading]) -> Iterator[tuple[CampReading, Growth]]:
    """Yield the readings that completed growth, beyond what was told before."""
    told_m2 = 0.0
    for end in range(1, len(series) + 1):
        growth = growth_at(series[:end], SETTINGS, told_m2)
        if growth is not None:
            told_m2 = max(told_m2, growth.area_m2)
            yield series[end - 1], growth


def _emptying_alarms(camp_id: str, series: Sequence[CampReading]) -> Iterator[CampAlarm]:
    """Yield falls as the detector tells them: once, and again when they became worse."""
    told: list[tuple[datetime, float]] = []
    for end in range(1, len(series) + 1):
        latest, run = series[end - 1], fall_at(series[:end], SETTINGS)
        if not run:
            continue
        fall = float(np.median([r.fall for r in run[-3:]]))
        since = run[0].at - AGAIN
        if not any(at >= since and before + WORSE > min(fall, 1.0) for at, before in told):
            told.append((latest.at, fall))
            yield CampAlarm(EMPTYING, camp_id, latest.at, math.nan, math.nan, math.nan, fall)


def _placebo_scores(record: Record, least_ha: float) -> list[float]:
    """Return the highest score of each place where patches stood and no camp had come."""
    alarms = []
    for patch in record["patches"]:
        weak = patch["refused"].startswith("its sign is weak") or not patch["refused"]
        large = patch["area_ha"] >= least_ha
        if weak and large and not any(event.startswith("camp-") for event in patch["events"]):
            alarms.append(
                CampAlarm(
                    NEW,
                    "",
                    datetime.fromisoformat(patch["at"]),
                    patch["column"] * BLOCK_M,
                    patch["row"] * BLOCK_M,
                    patch["area_ha"],
                    patch["score"],
                )
            )
    # From the highest down, so that each place keeps its highest.
    return [a.change for a in false_alarms(sorted(alarms, key=lambda a: -a.change))]


def _quiet_falls(record: Record) -> list[float]:
    quiet = _quiet_camps(record)
    found = []
    for camp_id, series in series_of(record["camps"]).items():
        falls = [r.fall for r in series if not math.isnan(r.fall)]
        if camp_id in quiet and len(falls) >= SETTINGS.emptying_looks:
            runs = np.lib.stride_tricks.sliding_window_view(falls, SETTINGS.emptying_looks)
            found.append(float(runs.min(axis=1).max()))
    return found


def _quiet_camps(record: Record) -> set[str]:
    touched = {
        row["settlement_id"]
        for row in record["events"]
        if row["kind"] in ("burned", "compound_fire", "camp_emptied")
    }
    return _camps(record) - touched


def _camps(record: Record) -> set[str]:
    return {row["camp_id"] for row in record["camps"]}


def _years(record: Record) -> float:
    begin, end = (datetime.fromisoformat(record[name]) for name in ("from", "until"))
    return (end - begin) / timedelta(days=365.25)


def _quiet(scores: Sequence[float], exposure: float, least_width: float) -> QuietScores:
    # Of an exponential tail the standard deviation is the width.
    spread = float(np.std(scores)) if len(scores) > 2 else 0.0
    return QuietScores(np.sort(np.array(scores)), exposure, max(spread, least_width))


def _only(record: Record, kind: str, wanted: Any) -> Record:
    """Return a record without the events of a kind that are not wanted, and their alarms."""
    return {**record, "only": (kind, wanted)}


def _moved(alarm: CampAlarm, number: int) -> CampAlarm:
    return CampAlarm(
        alarm.kind, alarm.settlement_id, alarm.at, alarm.x_m + 1e6 * number, alarm.y_m,
        alarm.area_ha, alarm.change,
    )  # fmt: skip


def _moved_event(event: CampEvent, number: int) -> CampEvent:
    return CampEvent(
        event.kind, event.settlement_id, event.started_at, event.ended_at, event.fraction,
        event.x_m + 1e6 * number, event.y_m, event.area_ha, event.pattern, event.one_ha_at,
    )  # fmt: skip


def _excuses(event: CampEvent, alarm: CampAlarm) -> bool:
    return alarm.kind == NEW and math.hypot(event.x_m - alarm.x_m, event.y_m - alarm.y_m) <= 500.0


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2g}"
