from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.sources.sentinel_1_names import radar_name

NAME = "S1A_IW_GRDH_1SDV_20240511T160522_20240511T160547_053830_068B3E_4C6D"


def test_a_name_says_overpass_bands_and_time() -> None:
    told = radar_name(f"{NAME}_COG")

    assert told is not None
    assert told.overpass == "S1A_IW_GRDH_1SDV_053830"
    assert (told.satellite, told.mode, told.bands) == ("S1A", "IW", ("vv", "vh"))
    assert told.started_at == datetime(2024, 5, 11, 16, 5, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "orbit"),
    [
        # (53830 - 73) mod 175 = 32, (25000 - 27) mod 175 = 123, (1000 - 172) mod 175 = 128.
        pytest.param(NAME, 33, id="Sentinel-1A"),
        pytest.param(
            "S1B_IW_GRDH_1SDV_20210110T224512_20210110T224537_025000_02F9AA_ABCD",
            124,
            id="Sentinel-1B",
        ),
        pytest.param(
            "S1C_IW_GRDH_1SDV_20250110T224512_20250110T224537_001000_000001_ABCD",
            129,
            id="Sentinel-1C",
        ),
        pytest.param(
            "S1C_IW_GRDH_1SDV_20260612T224512_20260612T224537_008000_000001_ABCD",
            None,
            id="Sentinel-1C on its way to another orbit",
        ),
        pytest.param(
            "S1C_IW_GRDH_1SDV_20260801T224512_20260801T224537_009000_000001_ABCD",
            (9000 - 99) % 175 + 1,
            id="Sentinel-1C in its new orbit",
        ),
        # A true product, whose orbit the catalogue of Copernicus says is 171.
        pytest.param(
            "S1D_IW_GRDH_1SDV_20260927T112236_20260927T112305_004762_008EC4_A3A7.SAFE",
            171,
            id="Sentinel-1D",
        ),
        pytest.param(
            "S1E_IW_GRDH_1SDV_20300110T224512_20300110T224537_001000_000001_ABCD",
            None,
            id="a satellite of the future",
        ),
    ],
)
def test_the_place_in_the_repeat_follows_from_the_absolute_orbit(
    name: str, orbit: int | None
) -> None:
    told = radar_name(name)

    assert told is not None
    assert told.relative_orbit == orbit


@pytest.mark.parametrize(
    ("code", "bands"), [("1SSV", ("vv",)), ("1SDV", ("vv", "vh")), ("1SDH", ()), ("1SSH", ())]
)
def test_bands_follow_from_the_polarisations(code: str, bands: tuple[str, ...]) -> None:
    told = radar_name(NAME.replace("1SDV", code))

    assert told is not None
    assert told.bands == bands


@pytest.mark.parametrize(
    "name", ["", "S2B_MSIL2A_20240511T082559_N0510_R021_T35PPN_20240511T120000",
             NAME.replace("20240511T160522", "20241399T160522"), "S1A_20240511T1605_021"]
)  # fmt: skip
def test_other_names_say_nothing(name: str) -> None:
    assert radar_name(name) is None
