"""What a run says of itself: outcome, reason and coverage. Pure decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.acquisition import Acquisition
from monitor.area_job import (
    ArchivedLook,
    AreaJob,
    AreaReport,
    SceneProblem,
    ScoredReading,
    search_start,
)
from monitor.catalogue import Listing
from monitor.coverage import CoverageState
from monitor.errors import MonitorError, SourceRefused
from monitor.finding import Finding
from monitor.ledger import days_between, searched_days, unsearched_days
from monitor.run import Outcome, Run
from monitor.shelf import Shelf


def run_id_of(aoi_id: str, now: datetime) -> str:
    """Return the identifier of a run: a digest, so that recording it twice adds nothing."""
    return hashlib.sha256(f"{aoi_id}|{now.isoformat()}".encode()).hexdigest()[:16]


def problems_of(aoi_id: str, acquisition: Acquisition, error: MonitorError) -> list[SceneProblem]:
    """Return the problem of each scene of an overpass that could not be read."""
    return [
        SceneProblem(
            aoi_id=aoi_id,
            scene_id=scene.scene_id,
            provider=scene.provider,
            acquired_at=scene.acquired_at,
            reason=error.message,
            hint=error.hint,
            temporary=not isinstance(error, SourceRefused),
        )
        for scene in acquisition.scenes
    ]


def report_of(
    job: AreaJob,
    listed: Listing,
    *,
    shelf: Shelf,
    looks: Sequence[ArchivedLook],
    superseded: Mapping[str, str],
    readings: Sequence[ScoredReading],
    findings: Sequence[Finding],
    problems: Sequence[SceneProblem],
) -> AreaReport:
    """Return the report of a run whose catalogue answered."""
    everything = (*problems, *_entry_problems(job, listed))
    outcome, reason = outcome_of(job, listed, looks, everything)
    first = job.now - job.settings.lookback
    if job.searched_until is not None:
        # The history of a first run is no watch that was kept; an outage made up for is.
        first = search_start(job.now, job.searched_until, job.settings)
    coverage = searched_days(
        job.aoi.aoi_id,
        list(days_between(first.date(), job.now.date())),
        shelf.standing,
        everything,
        job.settings.min_seen_fraction,
    )
    seen = [look.clear_fraction for look in looks if not look.held_reason]
    run = Run(
        run_id=run_id_of(job.aoi.aoi_id, job.now),
        aoi_id=job.aoi.aoi_id,
        started_at=job.now,
        finished_at=job.now,
        outcome=outcome,
        reason=reason,
        scene_ids=tuple(scene_id for look in looks for scene_id in look.scene_ids),
        look_ids=tuple(look.look_id for look in looks),
        finding_ids=tuple(finding.finding_id for finding in findings),
        clear_fraction=max(seen, default=None),
    )
    return AreaReport(
        run=run,
        coverage=tuple(coverage),
        looks=tuple(looks),
        superseded=superseded,
        readings=tuple(readings),
        findings=tuple(findings),
        problems=everything,
    )


def report_of_outage(job: AreaJob, listed: Listing) -> AreaReport:
    """Return the report of a run that no source answered."""
    reasons = "; ".join(str(failure) for failure in listed.failures)
    reason = reasons or "no imagery source is configured"
    return _failed(job, CoverageState.PROVIDER_DOWN, reason)


def report_of_bug(job: AreaJob, cause: BaseException) -> AreaReport:
    """Return the report of a run that died of something nobody expected."""
    name = type(cause).__name__
    reason = f"the run stopped on an unexpected {name}; the log has its traceback"
    return _failed(job, CoverageState.ERROR, reason)


def outcome_of(
    job: AreaJob,
    listed: Listing,
    looks: Sequence[ArchivedLook],
    problems: Sequence[SceneProblem],
) -> tuple[Outcome, str]:
    """Return how the run ended, and the sentence that says why.

    Unread scenes with nothing read are a failure, never "no imagery".
    """
    notes = [
        _problem_note(problems),
        *(f"{f.source} did not answer: {f.reason}" for f in listed.failures),
    ]
    note = "".join(f"; {one}" for one in notes if one)
    if looks:
        best = max(looks, key=lambda look: (not look.held_reason, look.clear_fraction))
        count = "1 new look" if len(looks) == 1 else f"{len(looks)} new looks"
        clear = f"{best.clear_fraction:.0%} of the area clear in the best"
        if best.held_reason:
            return Outcome.COMPLETED, f"{count}, held back: {best.held_reason}{note}"
        if best.clear_fraction < job.settings.min_seen_fraction:
            return Outcome.TOO_CLOUDY, f"{count}, {clear}{note}"
        return Outcome.COMPLETED, f"{count}, {clear}{note}"
    unread = any(problem.acquired_at is not None for problem in problems)
    if unread or (problems and not listed.overpasses):
        return Outcome.FAILED, _problem_note(problems)
    if not listed.overpasses:
        return Outcome.NO_IMAGERY, f"no scene meets the area in the time that was searched{note}"
    latest = listed.overpasses[-1][0].acquired_at
    return Outcome.NO_IMAGERY, f"nothing new since the acquisition of {latest:%Y-%m-%d}{note}"


def could_see(job: AreaJob, report: AreaReport) -> bool:
    """Return False if the area could not be seen.

    Its run failed, all was cloud or held back, a scene was unreadable, or there
    has been no clear look for as long as a run looks back.
    """
    if report.problems or report.run.outcome in (Outcome.FAILED, Outcome.TOO_CLOUDY):
        return False
    if report.run.outcome is Outcome.COMPLETED:
        return report.run.clear_fraction is not None
    since = job.now - job.settings.lookback
    return any(
        look.acquired_at >= since and look.clear_fraction >= job.settings.min_seen_fraction
        for look in job.looks
    )


def _failed(job: AreaJob, state: CoverageState, reason: str) -> AreaReport:
    days = unsearched_days(
        job.aoi.aoi_id, state, reason, after=job.covered_until, until=job.now.date()
    )
    run = Run(
        run_id=run_id_of(job.aoi.aoi_id, job.now),
        aoi_id=job.aoi.aoi_id,
        started_at=job.now,
        finished_at=job.now,
        outcome=Outcome.FAILED,
        reason=reason,
    )
    return AreaReport(run=run, coverage=tuple(days))


def _entry_problems(job: AreaJob, listed: Listing) -> list[SceneProblem]:
    """Return the catalogue's entries that are no scenes as problems without a time."""
    return [
        SceneProblem(
            aoi_id=job.aoi.aoi_id,
            scene_id=problem.entry[:200],
            provider="",
            acquired_at=None,
            reason=problem.reason,
            hint=problem.hint,
            temporary=False,
        )
        for problem in listed.problems
    ]


def _problem_note(problems: Sequence[SceneProblem]) -> str:
    if not problems:
        return ""
    count = "1 scene" if len(problems) == 1 else f"{len(problems)} scenes"
    return f"{count} could not be read: {problems[0].reason}"
