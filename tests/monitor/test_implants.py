from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from monitor.errors import ArchiveError
from monitor.implants import (
    ASH,
    PATTERNS,
    CharLibrary,
    Implant,
    burn_pattern,
    burned_spectra,
    load_library,
    planted,
    save_library,
)
from monitor.real_pairs import BurnPair
from tests.monitor.test_real_series import a_series

BANDS = tuple(ASH)


def a_fire(**changes: object) -> BurnPair:
    """9 x 9 pixels: near infrared 0.30 and B12 0.15 before; 0.10 and 0.20 after."""
    shape = (9, 9)
    before = {name: np.full(shape, 0.15, np.float32) for name in BANDS}
    after = {name: np.full(shape, 0.20, np.float32) for name in BANDS}
    before["nir08"][:], after["nir08"][:] = 0.30, 0.10
    pair = BurnPair(
        name="fire",
        sensor="Landsat 8",
        transform=rasterio.Affine(30, 0, 0, 0, -30, 0),
        crs=CRS.from_epsg(32635),
        before=before,
        after=after,
        valid=np.ones(shape, dtype=np.bool_),
        inside=np.ones(shape, dtype=np.bool_),
    )
    return replace(pair, **changes)  # type: ignore[arg-type]


def an_implant(**changes: object) -> Implant:
    """The upper left pixel burns on the day of the second image, half of it to black char."""
    burned = np.zeros((50, 50), dtype=np.bool_)
    burned[0, 0] = True
    implant = Implant(
        burned=burned,
        at=a_series(2).acquired_at[1],
        char=0.5,
        ash=0.0,
        char_tau=timedelta(days=5 / np.log(2)),
        ash_tau=timedelta(days=4),
        char_spectrum=dict.fromkeys(BANDS, 0.04),
    )
    return replace(implant, **changes)  # type: ignore[arg-type]


def test_the_library_keeps_what_burned_and_lies_two_pixels_inside() -> None:
    library = burned_spectra([a_fire()])

    # Of 9 x 9 pixels, two at each edge go.
    assert len(library.spectra) == 5 * 5
    assert library.spectra[0, BANDS.index("nir08")] == pytest.approx(0.10)
    assert set(library.source) == {"fire"}


def test_ground_that_was_dark_before_is_left_out_as_shadow() -> None:
    shadow = a_fire()
    shadow.before["nir08"][4, 4] = 0.10

    assert len(burned_spectra([shadow]).spectra) == 24


def test_ground_that_hardly_changed_is_left_out() -> None:
    fire = a_fire()
    fire.after["nir08"][4, 4] = 0.25

    assert len(burned_spectra([fire]).spectra) == 24


def test_a_pair_without_all_bands_gives_nothing() -> None:
    with_all, without = a_fire(), a_fire(name="two bands", before={}, after={})

    assert set(burned_spectra([with_all, without]).source) == {"fire"}


def test_the_purest_char_is_the_darkest_quarter_of_each_fire() -> None:
    nir = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 1.0, 1.1, 1.2], dtype=np.float32)
    library = CharLibrary(("nir08",), nir[:, None], ("one",) * 4 + ("other",) * 4)

    pure = library.pure()

    assert pure.spectra.ravel().tolist() == pytest.approx([0.1, 0.9])


def test_every_fire_is_drawn_as_often_as_any_other() -> None:
    spectra = np.concatenate([np.full((99, 1), 0.1), np.full((1, 1), 0.2)]).astype(np.float32)
    library = CharLibrary(("nir08",), spectra, ("large",) * 99 + ("small",))
    rng = np.random.default_rng(1)

    drawn = [library.drawn(rng)["nir08"] for _ in range(200)]

    assert 60 < sum(value > 0.15 for value in drawn) < 140


def test_the_library_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    library = burned_spectra([a_fire()])

    save_library(library, tmp_path / "kept" / "library.npz")
    back = load_library(tmp_path / "kept" / "library.npz")

    assert (back.bands, back.source) == (library.bands, library.source)
    np.testing.assert_array_equal(back.spectra, library.spectra)


def test_a_damaged_library_is_named(tmp_path: Path) -> None:
    (tmp_path / "library.npz").write_bytes(b"no archive")

    with pytest.raises(ArchiveError, match=r"library\.npz"):
        load_library(tmp_path / "library.npz")


def test_char_takes_its_share_of_a_pixel_and_fades() -> None:
    series = a_series(3)

    bands = planted(series.bands, series.clear, series.acquired_at, an_implant())

    # 0.2 before; half of it char at 0.04; a half-life of five days later a quarter.
    seen = bands["nir08"][:, 0, 0].tolist()
    assert seen == pytest.approx([0.2, 0.5 * 0.2 + 0.5 * 0.04, 0.75 * 0.2 + 0.25 * 0.04])
    assert bands["nir08"][1, 0, 1] == pytest.approx(0.2)


def test_ash_brightens() -> None:
    series = a_series(2)
    implant = an_implant(char=0.0, ash=0.5)

    bands = planted(series.bands, series.clear, series.acquired_at, implant)

    assert bands["nir08"][1, 0, 0] == pytest.approx(0.5 * 0.2 + 0.5 * ASH["nir08"])


def test_a_placebo_changes_nothing() -> None:
    series = a_series(2)

    bands = planted(series.bands, series.clear, series.acquired_at, an_implant(char=0.0))

    np.testing.assert_array_equal(bands["nir08"], series.bands["nir08"])


def test_a_brighter_image_makes_brighter_char() -> None:
    series = a_series(3)
    series.bands["nir08"][1] = 0.3  # hazy: half as bright again as its neighbours

    bands = planted(series.bands, series.clear, series.acquired_at, an_implant())

    assert bands["nir08"][1, 0, 0] == pytest.approx(0.5 * 0.3 + 0.5 * 1.5 * 0.04)


def test_the_series_itself_is_not_written_to() -> None:
    series = a_series(2)

    planted(series.bands, series.clear, series.acquired_at, an_implant())

    assert float(series.bands["nir08"].min()) == pytest.approx(0.2)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_burns_its_share_and_stays_inside(pattern: str) -> None:
    footprint = np.zeros((50, 50), dtype=np.bool_)
    footprint[10:30, 10:20] = True

    burned = burn_pattern(footprint, 0.4, pattern, np.random.default_rng(5))

    assert burned.sum() == 80
    assert not (burned & ~footprint).any()


def test_a_contiguous_fire_has_fewer_edges_than_one_from_house_to_house() -> None:
    footprint = np.ones((30, 30), dtype=np.bool_)

    def edges(pattern: str) -> int:
        burned = burn_pattern(footprint, 0.5, pattern, np.random.default_rng(5))
        return int((burned[:, 1:] != burned[:, :-1]).sum())

    assert edges("contiguous") < edges("scattered") < edges("house by house")
