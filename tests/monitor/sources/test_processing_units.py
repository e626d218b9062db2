from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import SourceUnavailable
from monitor.sources.processing_units import UnitLedger, estimated_units
from tests.builders import NOW


@pytest.mark.parametrize(
    ("width", "height", "bands", "bits", "units"),
    [
        pytest.param(512, 512, 3, 16, 1.0, id="the definition"),
        pytest.param(512, 512, 3, 32, 2.0, id="floats cost twice"),
        pytest.param(512, 512, 3, 8, 1.0, id="bytes are no cheaper"),
        pytest.param(1024, 512, 6, 16, 4.0, id="twice the pixels, twice the bands"),
        pytest.param(51, 51, 3, 16, 0.01, id="the smallest area"),
        pytest.param(10, 10, 3, 16, 0.01, id="no smaller area is cheaper"),
        pytest.param(10, 10, 1, 16, 0.005, id="the smallest request"),
    ],
)
def test_a_request_costs_pixels_times_bands(
    width: int, height: int, bands: int, bits: int, units: float
) -> None:
    assert estimated_units(width, height, bands, bits=bits) == units


def test_each_sample_of_a_pixel_is_paid_for() -> None:
    # Four days of 51 x 51 pixels and one band: 4 x 0.01 / 3.
    assert estimated_units(51, 51, 1, samples=4, least=0.01) == pytest.approx(0.04 / 3)
    assert estimated_units(51, 51, 1, samples=2, least=0.01) == 0.01


@pytest.mark.parametrize(
    ("headers", "units"),
    [
        pytest.param({"x-processingunits-spent": "0.25"}, 0.25, id="as the service says"),
        pytest.param({}, 0.5, id="as estimated"),
        pytest.param({"x-processingunits-spent": "much"}, 0.5, id="garbled"),
    ],
)
def test_an_answer_is_paid(tmp_path: Path, headers: dict[str, str], units: float) -> None:
    ledger = UnitLedger(tmp_path, monthly_units=10)

    assert ledger.pay(headers, 0.5, "scene 1", NOW) == units
    assert ledger.spent(NOW) == units


def test_each_month_is_counted_by_itself(tmp_path: Path) -> None:
    ledger = UnitLedger(tmp_path, monthly_units=10)
    ledger.record(3.5, "scene 1", NOW, estimated=False)
    ledger.record(2.0, "scene 2", NOW, estimated=True)
    ledger.record(9.0, "scene 0", datetime(2024, 4, 30, tzinfo=UTC), estimated=False)

    assert ledger.spent(NOW) == 5.5
    assert ledger.spent(datetime(2024, 4, 1, tzinfo=UTC)) == 9.0
    assert ledger.spent(datetime(2024, 6, 1, tzinfo=UTC)) == 0.0


@pytest.mark.parametrize(
    ("units", "fits"),
    [pytest.param(4.5, True, id="to the last unit"), pytest.param(4.51, False, id="a bit more")],
)
def test_the_budget_of_a_month_is_never_exceeded(tmp_path: Path, units: float, fits: bool) -> None:
    ledger = UnitLedger(tmp_path, monthly_units=10)
    ledger.record(5.5, "scene 1", NOW, estimated=False)

    if fits:
        ledger.require(units, NOW)
    else:
        with pytest.raises(SourceUnavailable, match=r"5\.50 are spent and 4\.51 are") as caught:
            ledger.require(units, NOW)
        assert "goes on by itself on 1 June" in caught.value.hint


def test_after_december_comes_january(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        UnitLedger(tmp_path, monthly_units=1).require(2, datetime(2024, 12, 31, tzinfo=UTC))
    assert "1 January" in caught.value.hint


def test_a_line_that_a_crash_cut_short_does_not_hide_the_others(tmp_path: Path) -> None:
    ledger = UnitLedger(tmp_path, monthly_units=10)
    ledger.record(3.5, "scene 1", NOW, estimated=False)
    with (tmp_path / "units-2024-05.jsonl").open("a") as file:
        file.write('{"at": "2024-05\n')
    ledger.record(1.0, "scene 2", NOW, estimated=False)

    assert ledger.spent(NOW) == 4.5


def test_nothing_is_spent_that_cannot_be_counted(tmp_path: Path) -> None:
    in_the_way = tmp_path / "units"
    in_the_way.write_text("")
    ledger = UnitLedger(in_the_way, monthly_units=10)

    with pytest.raises(SourceUnavailable, match="ledger"):
        ledger.record(1, "scene", NOW, estimated=False)
    with pytest.raises(SourceUnavailable, match="ledger"):
        ledger.require(1, NOW)
