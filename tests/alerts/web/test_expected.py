from __future__ import annotations

import pytest

from alerts.web.expected import Rates, expected_alerts


def test_a_month_brings_a_twelfth_of_what_the_rates_say_of_a_year() -> None:
    # 240 villages, of which a tenth burn: 24 a year, 2 a month; 2.4 false a year, 0.2 a month.
    found = expected_alerts(Rates(burns=0.1, false_alarms=0.01), 240)

    assert found.burned == pytest.approx(2.0)
    assert found.false == pytest.approx(0.2)
    assert found.all == pytest.approx(2.2)
    assert found.counted


def test_without_any_settlement_a_round_number_is_spoken_of() -> None:
    found = expected_alerts(Rates(burns=0.12, false_alarms=0.012), 0)

    assert (found.settlements, found.counted) == (100, False)
    assert found.burned == pytest.approx(1.0)
