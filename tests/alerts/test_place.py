from __future__ import annotations

from alerts.place import place_of
from tests.builders import a_settlement, an_aoi


def test_a_place_keeps_the_names_it_had_when_the_alert_was_opened() -> None:
    place = place_of(an_aoi(), a_settlement(name_local="شقرا", admin_pcode="SD04118"))

    assert (place.name, place.name_local, place.aoi_name) == ("Shagra", "شقرا", "Test area")
    assert place.admin_pcode == "SD04118"


def test_a_new_place_has_an_area_and_no_settlement() -> None:
    place = place_of(an_aoi(), None)

    assert place.aoi_id == "sd-test"
    assert (place.settlement_id, place.footprint) == (None, None)
