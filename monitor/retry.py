"""When an area whose run failed is tried again: soon, then less and less often. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from monitor.area_job import AreaReport
from monitor.run import Outcome, Run

FIRST = timedelta(minutes=15)
"""After the first failure; doubled for each further one in a row."""

LONGEST = timedelta(hours=6)

RUNS_COUNTED = 8
"""Earlier runs that tell how long it has been failing; from then on the wait is the longest."""


def retry_after(report: AreaReport, earlier: Iterable[Run]) -> timedelta | None:
    """Return after what time an area is due again because of what failed.

    Parameters
    ----------
    report : AreaReport
        Of the run that ended.
    earlier : iterable of Run
        Of the same area, latest first.

    Returns
    -------
    timedelta or None
        None if nothing failed, or trying again will not help: the revisit of the area decides.
    """
    if not _may_help(report):
        return None
    failures = 0
    for run in earlier:
        if run.outcome is not Outcome.FAILED:
            break
        failures += 1
    wait: timedelta = FIRST * 2 ** min(failures, RUNS_COUNTED)
    return min(wait, LONGEST)


def _may_help(report: AreaReport) -> bool:
    dated = [problem for problem in report.problems if problem.acquired_at is not None]
    if dated:
        return any(problem.temporary for problem in dated)
    # No catalogue answered, or the run died.
    return report.run.outcome is Outcome.FAILED and not report.problems
