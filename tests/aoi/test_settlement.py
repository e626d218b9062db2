from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from aoi.settlement import SettlementKind
from tests.builders import a_settlement


def test_a_settlement_is_a_mapped_village_unless_said() -> None:
    village = a_settlement()

    assert village.kind is SettlementKind.VILLAGE
    assert not village.footprint_assumed


def test_a_settlement_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        a_settlement().name = "other"  # type: ignore[misc]


def test_the_kinds_are_those_of_the_contract() -> None:
    assert list(SettlementKind) == ["village", "town", "camp"]
