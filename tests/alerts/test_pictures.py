from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.disclosure import AUDIENCES, Disclosure
from alerts.pictures import picture_of
from alerts.words import Speech
from monitor.errors import ArchiveError
from monitor.observation import Observation
from tests.alerts.conftest import read_chip, some_chips
from tests.alerts.test_alert import an_alert
from tests.alerts.test_disclosure import crowded
from tests.builders import a_finding


def shown_to(audience: str) -> Disclosure:
    alert = an_alert(finding=a_finding(chips=some_chips()))
    return Disclosure.for_(alert, AUDIENCES[audience], crowded)


def test_full_clearance_sees_pixels_before_and_after_and_both_outlines() -> None:
    picture = picture_of(shown_to("desk"), Speech(), read_chip, title="T", status="S")

    assert picture.before is not None and picture.after is not None
    assert [outline.role for outline in picture.outlines] == ["ring", "settlement", "burned"]
    assert picture.outlines[1].label == "Shagra"
    assert picture.attribution == (
        "Imagery: contains modified Copernicus Sentinel data 2024 (folder)."
    )
    assert picture.tlp == "TLP:AMBER"
    assert ("Before", "2024-05-13 12:00 UTC, S2-before") in picture.facts


@pytest.mark.parametrize(
    ("scene", "credit"),
    [
        ("S1A_IW_GRDH", "contains modified Copernicus Sentinel data 2024"),
        ("LC08_L2SP_176050", "Landsat, U.S. Geological Survey"),
        ("HLS.S30.T35PPN", "Harmonized Landsat Sentinel-2, NASA"),
        ("SIM-S2A_R078_20240513T082559_0_L2A", "simulated, not an image of any place"),
        ("20240513_081531_ssc4d1", "provider"),
    ],
)
def test_who_took_the_picture_is_credited_and_nobody_for_a_simulated_one(
    scene: str, credit: str
) -> None:
    chips = tuple(replace(chip, scene_ids=(scene,)) for chip in some_chips())
    shown = Disclosure.for_(an_alert(finding=a_finding(chips=chips)), AUDIENCES["desk"], crowded)

    picture = picture_of(shown, Speech(), read_chip, title="T", status="S")

    assert picture.attribution == f"Imagery: {credit} (folder)."


def test_a_coarse_audience_sees_its_cell_and_no_pixel() -> None:
    picture = picture_of(shown_to("partner"), Speech(), read_chip, title="T", status="S")

    assert (picture.before, picture.after) == (None, None)
    (outline,) = picture.outlines
    assert outline.geometry.bounds == (27.36, 13.65, 27.37, 13.66)
    assert "Shagra" not in str(picture.facts)


def test_a_damaged_chip_is_told_and_not_drawn_over() -> None:
    def unreadable(path: str) -> Observation:
        raise ArchiveError(f"{path} is damaged")

    with pytest.raises(ArchiveError, match=r"chips/before\.tif is damaged"):
        picture_of(shown_to("desk"), Speech(), unreadable, title="T", status="S")
