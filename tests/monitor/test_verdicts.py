from __future__ import annotations

import numpy as np

from monitor.detectors.burn import LookVerdict
from monitor.detectors.fires import fire_sky
from monitor.reading import Verdict
from monitor.verdicts import Verdicts
from tests.builders import an_aoi, days_ago
from tests.monitor.values import a_job, a_reading, a_scored_reading

NO_FIRES = fire_sky([], an_aoi().blocks.outline, an_aoi().epsg)


def a_verdict(look_id: str, verdict: Verdict) -> LookVerdict:
    reading = a_reading(look_id=look_id, verdict=verdict, acquired_at=days_ago(1))
    burned = {"sd-test-0001": np.array([7], dtype=np.int32)}
    return LookVerdict(look_id, (reading,), (), "", burned if verdict is Verdict.BURN_LIKE else {})


def test_only_what_the_run_added_is_new() -> None:
    verdicts = Verdicts(a_job(readings=(a_scored_reading(),)))

    verdicts.add(a_verdict("look-2", Verdict.BURN_LIKE))

    (new,) = verdicts.new
    assert new.reading.look_id == "look-2"
    assert new.burned_blocks.tolist() == [7]


def test_a_quiet_look_asks_for_no_finding() -> None:
    verdicts = Verdicts(a_job())
    verdicts.add(a_verdict("look-2", Verdict.QUIET))

    assert list(verdicts.findings("look-2", NO_FIRES)) == []
    assert verdicts.found_ids == set()


def test_the_quiet_looks_of_a_settlement_are_known() -> None:
    verdicts = Verdicts(a_job(readings=(a_scored_reading(),)))
    verdicts.add(a_verdict("look-2", Verdict.BURN_LIKE))
    verdicts.add(a_verdict("look-3", Verdict.NOT_CLEAR))

    assert verdicts.quiet_look_ids("sd-test-0001") == {"look-1"}


def test_a_look_that_was_replaced_is_forgotten() -> None:
    verdicts = Verdicts(a_job(readings=(a_scored_reading(),)))

    verdicts.forget("look-1")

    assert verdicts.quiet_look_ids("sd-test-0001") == set()
