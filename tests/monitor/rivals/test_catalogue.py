from __future__ import annotations

import numpy as np

from monitor.alarm import alarms_at
from monitor.rivals.catalogue import ABLATIONS, FAMILIES, score_all
from tests.monitor.rivals.builders import (
    BLOCKS,
    a_hotspot,
    a_radar_look,
    cloudy_village,
    day,
    look_on,
    the_sets,
)

QUIET = [look_on(5 * n, nir=0.25 + 0.01 * (-1) ** n) for n in range(150)]


def test_every_rule_of_the_specification_is_run() -> None:
    scored = score_all(QUIET[:2], the_sets(), [], day(0))

    names = {name for variants in FAMILIES.values() for name in variants} | set(ABLATIONS)
    assert {s.rule for s in scored} == names


def test_no_rule_alarms_on_a_quiet_village() -> None:
    for scored in score_all(QUIET, the_sets(), [], day(735)):
        assert alarms_at(scored.scores, scored.native) == [], scored.rule


def test_no_rule_alarms_where_all_is_cloud() -> None:
    clouds = [look_on(750 + 5 * n, nir=0.6, clear=cloudy_village()) for n in range(10)]

    for scored in score_all([*QUIET, *clouds], the_sets(), [], day(735)):
        assert alarms_at(scored.scores, scored.native) == [], scored.rule


def test_all_optical_rules_but_the_outlier_filter_see_a_burned_village() -> None:
    # Near infrared halves, B12 stays: NBR falls by a third.
    burned = [look_on(750 + 5 * n, nir=0.12) for n in range(12)]
    scored = score_all([*QUIET, *burned], the_sets(), [a_hotspot(749)], day(735))

    found = {s.rule for s in scored if alarms_at(s.scores, s.native)}

    assert found >= {"cir", "cir-fast", "dnbr10", "dnbr27", "marx", "marx-norm", "z1", "z2"}
    assert found >= {"firms", "firms-fp"}
    assert not {"ewma-nbr", "ewma-nir", "pwtt", "pwtt-pooled"} & found


def test_radar_looks_go_to_the_radar_rule() -> None:
    level = np.full(BLOCKS.shape, -10.0, np.float32)
    noise = np.random.default_rng(3).normal(0.0, 0.3, (8, *BLOCKS.shape)).astype(np.float32)
    radar = [a_radar_look(12.0 * n, level + part) for n, part in enumerate(noise)]

    scored = {s.rule: s for s in score_all(radar, the_sets(), [], day(0))}

    assert len(scored["pwtt"].scores) > 0
    assert len(scored["marx"].scores) == 0


def test_rules_write_to_nothing_that_they_are_shown() -> None:
    look = look_on(0)
    before = {name: values.copy() for name, values in look.bands.items()}

    score_all([look], the_sets(), [], day(0))

    for name, values in before.items():
        np.testing.assert_array_equal(look.bands[name], values)
