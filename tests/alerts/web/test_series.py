from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.web.parts import Parts
from alerts.web.series import Point, bands_of, points_of, season_gap, thinned
from monitor.archive import save_look
from monitor.area_job import ArchivedLook
from tests.builders import NOW, a_look, a_square, days_ago

SPRING = datetime(2024, 4, 1, tzinfo=UTC)


def archived(parts: Parts, name: str, **changes: object) -> ArchivedLook:
    look = a_look(look_id=name, acquired_at=days_ago(5), **changes)  # type: ignore[arg-type]
    path = f"looks/{name}.tif"
    sha256 = save_look(look, parts.settings.data_folder / path)
    return ArchivedLook(
        look_id=name, aoi_id="sd-test", track=look.track, platform=look.platform,
        acquired_at=look.acquired_at, available_at=NOW, known_at=NOW, path=path, sha256=sha256,
        clear_fraction=1.0, held_reason="", provider="folder", scene_ids=("S2",),
    )  # fmt: skip


def a_point(at: datetime, nbr: float) -> Point:
    return Point("x", at, nbr, 1.0)


def test_a_point_is_the_median_ratio_inside_the_place(parts: Parts) -> None:
    look = archived(parts, "dry")

    (point,) = points_of([look], parts.settings.data_folder, a_square(400))

    bands = a_look().bands
    nir, swir = float(bands["nir08"][12, 12]), float(bands["swir22"][12, 12])
    assert point.nbr == pytest.approx((nir - swir) / (nir + swir), abs=1e-3)
    assert point.clear_fraction == 1.0


def test_what_was_not_clear_is_no_point(parts: Parts) -> None:
    look = archived(parts, "cloudy", cloudy=(slice(None), slice(None)))

    assert points_of([look], parts.settings.data_folder, a_square(400)) == []


def test_a_look_whose_file_is_gone_is_left_out(parts: Parts) -> None:
    look = archived(parts, "gone")
    (parts.settings.data_folder / look.path).unlink()

    assert points_of([look], parts.settings.data_folder, a_square(400)) == []


def test_what_is_usual_comes_from_the_same_weeks_before_the_change() -> None:
    springs = [a_point(SPRING - timedelta(days=365 * n), 0.1 * n) for n in range(1, 6)]
    autumns = [a_point(SPRING - timedelta(days=180 + 365 * n), 0.9) for n in range(5)]
    after = [a_point(SPRING + timedelta(days=9), -0.9)]

    (band,) = bands_of([*autumns, *springs, *after], SPRING, [SPRING])

    # 0.1 to 0.5: a tenth of the way in from each side, by linear quantiles.
    assert (band.low, band.middle, band.high) == pytest.approx((0.14, 0.3, 0.46))


def test_too_few_looks_of_a_season_make_nothing_usual() -> None:
    springs = [a_point(SPRING - timedelta(days=365 * n), 0.1) for n in range(1, 4)]

    assert bands_of(springs, SPRING, [SPRING]) == []


@pytest.mark.parametrize(
    ("one", "other", "days"),
    [
        pytest.param(SPRING, SPRING, 0, id="the same day"),
        pytest.param(SPRING, SPRING.replace(year=2020), 0, id="four years are whole ones"),
        pytest.param(
            datetime(2024, 1, 3, tzinfo=UTC), datetime(2022, 12, 29, tzinfo=UTC), 5, id="new year"
        ),
    ],
)
def test_days_are_near_in_the_year_whatever_the_year(
    one: datetime, other: datetime, days: float
) -> None:
    assert season_gap(one, other) / timedelta(days=1) == pytest.approx(days, abs=0.6)


def test_long_histories_keep_all_of_the_last_looks(parts: Parts) -> None:
    one = archived(parts, "one")
    looks = [replace(one, look_id=f"look-{n:03d}") for n in range(1_000)]

    kept = [look.look_id for look in thinned(looks, 100)]

    assert len(kept) <= 100
    assert kept[-50:] == [look.look_id for look in looks[-50:]]
    assert kept == sorted(kept)
