from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from sqlalchemy import Engine, select

from aoi.area import Aoi, AoiState, Sensitivity
from aoi.database import METADATA, open_database, reading
from aoi.errors import InvalidAoi, UnknownAoi
from aoi.registry import AoiRegistry
from aoi.settlement import Settlement, SettlementKind
from aoi.tables import AOI_AUDIT
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago

BIG = an_aoi(aoi_id="sd-big", geometry=box(25, 13, 26, 13.4))
"""About 108 x 44 km: three tiles in a row."""


@pytest.fixture
def registry(db: Engine) -> AoiRegistry:
    return AoiRegistry(db)


def elsewhere(aoi_id: str, east_m: float, **changes: object) -> Aoi:
    return an_aoi(aoi_id=aoi_id, geometry=a_square(2_000, east_m=east_m), **changes)


def test_an_area_survives_the_database(registry: AoiRegistry) -> None:
    area = an_aoi(
        name="شقرة",
        revisit=timedelta(hours=36),
        sensitivity=Sensitivity.RESTRICTED,
        detectors=("burn", "camp"),
    )

    assert registry.add(area, NOW) == (area,)
    assert registry.get("sd-test") == area


def test_an_unknown_area_is_named_in_the_error(registry: AoiRegistry) -> None:
    with pytest.raises(UnknownAoi, match="'nyala'"):
        registry.get("nyala")
    with pytest.raises(UnknownAoi, match="'nyala'"):
        registry.settlements("nyala")
    with pytest.raises(UnknownAoi, match="'nyala'"):
        registry.mark_run("nyala", NOW)
    with pytest.raises(UnknownAoi, match="'nyala'"):
        registry.last_run_at("nyala")
    with pytest.raises(UnknownAoi, match="'nyala'"):
        registry.pause("nyala", NOW)
    with pytest.raises(UnknownAoi, match="'nyala'"):
        registry.add_settlements("nyala", [], NOW)


def test_an_identifier_is_taken_once(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)

    with pytest.raises(InvalidAoi, match="already called 'sd-test'") as refused:
        registry.add(elsewhere("sd-test", 9_000), NOW)

    assert "--replace" in refused.value.hint
    assert registry.get("sd-test") == an_aoi()


def test_the_identifier_of_a_tile_is_taken_too(registry: AoiRegistry) -> None:
    registry.add(elsewhere("sd-big-r0c1", 9_000), NOW)

    with pytest.raises(InvalidAoi, match="already called"):
        registry.add(BIG, NOW)

    assert [aoi.aoi_id for aoi in registry.all()] == ["sd-big-r0c1"]


def test_of_a_file_all_areas_are_added_or_none(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    file = [elsewhere("sd-new", 9_000), elsewhere("sd-test", 20_000)]

    with pytest.raises(InvalidAoi, match="already called 'sd-test'"):
        registry.add_all(file, NOW)
    assert [aoi.aoi_id for aoi in registry.all()] == ["sd-test"]

    assert len(registry.add_all([*file[:1], BIG], NOW)) == 4
    assert len(registry.all()) == 5


def test_two_areas_of_one_shape_in_a_file_are_refused(registry: AoiRegistry) -> None:
    with pytest.raises(InvalidAoi, match="'b' has the same shape as 'a'"):
        registry.add_all([an_aoi(aoi_id="a"), an_aoi(aoi_id="b")], NOW)


def test_replacing_keeps_when_an_area_last_ran(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.mark_run("sd-test", days_ago(0.5))

    registry.add(an_aoi(name="New name", revisit=timedelta(hours=6)), NOW, replace=True)

    assert registry.get("sd-test").name == "New name"
    assert registry.last_run_at("sd-test") == days_ago(0.5)
    assert registry.due(NOW) != []  # twelve hours ago, and now every six


def test_a_new_outline_may_not_leave_a_settlement_outside(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.add_settlements("sd-test", [a_settlement()], NOW)

    with pytest.raises(InvalidAoi, match=r"'sd-test-0001' .Shagra. lies outside"):
        registry.add(elsewhere("sd-test", 9_000), NOW, replace=True)

    assert registry.get("sd-test") == an_aoi()


def test_a_shape_is_watched_once(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)

    with pytest.raises(InvalidAoi, match="same shape as 'sd-test'"):
        registry.add(an_aoi(aoi_id="sd-again"), NOW)


def test_the_shape_of_an_archived_area_is_free_again(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.archive("sd-test", NOW)

    registry.add(an_aoi(aoi_id="sd-again"), NOW)

    assert [aoi.aoi_id for aoi in registry.all()] == ["sd-again"]


def test_an_area_is_due_again_after_its_revisit_time(registry: AoiRegistry) -> None:
    registry.add(an_aoi(revisit=timedelta(days=1)), NOW)
    registry.mark_run("sd-test", NOW)

    assert registry.due(NOW + timedelta(hours=23)) == []
    assert registry.due(NOW + timedelta(hours=24)) == [an_aoi()]


def test_an_area_that_failed_is_due_before_its_revisit_time(registry: AoiRegistry) -> None:
    registry.add(an_aoi(revisit=timedelta(days=1)), NOW)
    registry.mark_run("sd-test", NOW, retry_after=timedelta(minutes=15))

    assert registry.due(NOW + timedelta(minutes=9)) == []
    assert registry.due(NOW + timedelta(minutes=15)) == [an_aoi()]


def test_no_retry_is_later_than_the_revisit_time(registry: AoiRegistry) -> None:
    area = an_aoi(revisit=timedelta(hours=1))
    registry.add(area, NOW)
    registry.mark_run("sd-test", NOW, retry_after=timedelta(hours=6))

    assert registry.due(NOW + timedelta(hours=1)) == [area]


def test_a_clock_that_trembles_does_not_skip_a_day(registry: AoiRegistry) -> None:
    registry.add(an_aoi(revisit=timedelta(days=1)), NOW)
    registry.mark_run("sd-test", NOW + timedelta(seconds=2))

    assert registry.due(NOW + timedelta(days=1)) != []


def test_a_clock_that_was_set_back_does_not_silence_an_area(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.mark_run("sd-test", NOW + timedelta(days=3_650))

    assert registry.due(NOW) != []


def test_the_longest_overdue_comes_first(registry: AoiRegistry) -> None:
    registry.add(elsewhere("b-two-days", 0), NOW)
    registry.add(elsewhere("c-weekly", 5_000, revisit=timedelta(days=7)), NOW)
    registry.add(elsewhere("a-never", 10_000), NOW)
    registry.mark_run("b-two-days", days_ago(2))  # overdue since a day
    registry.mark_run("c-weekly", days_ago(10))  # overdue since three days

    assert [aoi.aoi_id for aoi in registry.due(NOW)] == ["a-never", "c-weekly", "b-two-days"]


def test_only_active_areas_are_due(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)

    registry.pause("sd-test", NOW)
    assert registry.due(NOW) == []
    assert registry.get("sd-test").state is AoiState.PAUSED

    registry.resume("sd-test", NOW)
    assert len(registry.due(NOW)) == 1


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("pause", "pause", "is paused already"),
        ("archive", "archive", "is archived already"),
        ("archive", "pause", "cannot become paused: it is archived"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    registry: AoiRegistry, first: str, second: str, says: str
) -> None:
    registry.add(an_aoi(), NOW)
    getattr(registry, first)("sd-test", NOW)

    with pytest.raises(InvalidAoi, match=says):
        getattr(registry, second)("sd-test", NOW)


def test_removing_archives_and_says_so(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.add_settlements("sd-test", [a_settlement()], NOW)

    sentence = registry.remove("sd-test", NOW)

    assert "archived" in sentence
    assert "stay on record" in sentence
    assert registry.all() == []
    assert registry.all(states=[AoiState.ARCHIVED])[0].aoi_id == "sd-test"
    assert registry.settlement("sd-test-0001") == a_settlement()
    with pytest.raises(InvalidAoi, match="archived already"):
        registry.remove("sd-test", NOW)


def test_a_big_area_is_kept_in_tiles_and_shown_as_one(registry: AoiRegistry) -> None:
    tiles = registry.add(BIG, NOW)

    assert [tile.aoi_id for tile in tiles] == ["sd-big-r0c0", "sd-big-r0c1", "sd-big-r0c2"]
    assert registry.group("sd-big") == tiles
    assert registry.whole("sd-big").geometry.equals(BIG.geometry)
    assert registry.whole("sd-big").name == BIG.name
    with pytest.raises(UnknownAoi, match="watched as 3 tiles"):
        registry.get("sd-big")


def test_the_tiles_of_an_area_are_paused_together_or_alone(registry: AoiRegistry) -> None:
    registry.add(BIG, NOW)

    registry.pause("sd-big-r0c1", NOW)
    assert [aoi.aoi_id for aoi in registry.due(NOW)] == ["sd-big-r0c0", "sd-big-r0c2"]

    registry.pause("sd-big", NOW)
    assert registry.due(NOW) == []


def test_tiles_are_not_replaced_by_another_number_of_tiles(registry: AoiRegistry) -> None:
    registry.add(BIG, NOW)

    with pytest.raises(InvalidAoi, match="in 3 parts, its new outline would make 1"):
        registry.add(an_aoi(aoi_id="sd-big"), NOW, replace=True)


def test_settlements_are_watched_in_the_tile_that_holds_most_of_them(
    registry: AoiRegistry,
) -> None:
    registry.add(BIG, NOW)
    on_the_seam = a_settlement(
        settlement_id="seam", aoi_id="sd-big", footprint=box(25.32, 13.1, 25.34, 13.12)
    )  # the seam runs at 25 1/3

    registry.add_settlements("sd-big", [on_the_seam], NOW)

    assert registry.settlement("seam").aoi_id == "sd-big-r0c0"
    assert [one.settlement_id for one in registry.settlements("sd-big")] == ["seam"]
    assert registry.settlements("sd-big-r0c1") == []


def test_a_settlement_survives_the_database(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    village = a_settlement(name_local="شقرة", admin_pcode="SD03042", footprint_assumed=True)

    registry.add_settlements("sd-test", [village], NOW)

    assert registry.settlements("sd-test") == [village]
    assert registry.settlement("sd-test-0001") == village
    with pytest.raises(UnknownAoi, match="no settlement is called 'x'"):
        registry.settlement("x")


def test_the_same_file_may_be_imported_twice(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.add_settlements("sd-test", [a_settlement()], NOW)

    said = registry.add_settlements("sd-test", [a_settlement()], NOW)

    assert said == ("1 settlements were there already and are unchanged",)


def test_a_settlement_that_differs_needs_leave_to_be_replaced(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.add_settlements("sd-test", [a_settlement()], NOW)
    renamed = a_settlement(name="Shagra South")

    with pytest.raises(InvalidAoi, match=r"'sd-test-0001' .Shagra. is there already"):
        registry.add_settlements("sd-test", [renamed], NOW)
    registry.add_settlements("sd-test", [renamed], NOW, replace=True)

    assert registry.settlement("sd-test-0001").name == "Shagra South"


def test_identifiers_of_settlements_are_unique_over_all_areas(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    registry.add(an_aoi(aoi_id="sd-wider", geometry=a_square(3_000)), NOW)
    registry.add_settlements("sd-test", [a_settlement()], NOW)

    with pytest.raises(InvalidAoi, match="already called 'sd-test-0001', in the area 'sd-test'"):
        registry.add_settlements("sd-wider", [a_settlement()], NOW, replace=True)


def test_one_bad_settlement_keeps_the_whole_list_out(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    outside = a_settlement(settlement_id="far", footprint=a_square(400, east_m=5_000))

    with pytest.raises(InvalidAoi, match="'far'"):
        registry.add_settlements("sd-test", [a_settlement(), outside], NOW)

    assert registry.settlements("sd-test") == []


def test_every_change_is_in_the_audit_with_its_actor(registry: AoiRegistry, db: Engine) -> None:
    registry.add(an_aoi(), NOW, actor="amina")
    registry.add_settlements("sd-test", [a_settlement()], NOW, actor="amina")
    registry.pause("sd-test", NOW + timedelta(days=1), actor="boris")
    registry.resume("sd-test", NOW + timedelta(days=2), actor="amina")
    registry.remove("sd-test", NOW + timedelta(days=3), actor="boris")

    changes = registry.audit("sd-test")

    assert [(actor, action) for _, actor, action, _ in changes] == [
        ("amina", "add"),
        ("amina", "settlements"),
        ("boris", "paused"),
        ("amina", "active"),
        ("boris", "archived"),
    ]
    assert changes[2][0] == NOW + timedelta(days=1)
    assert "1 added, 0 replaced" in changes[1][3]
    with reading(db) as connection:
        assert len(connection.execute(select(AOI_AUDIT)).all()) == 5


def test_a_refused_change_leaves_no_trace(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    with pytest.raises(InvalidAoi):
        registry.add(an_aoi(), NOW)

    assert len(registry.audit("sd-test")) == 1


def test_of_two_who_add_at_once_one_is_told(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/state.db")
    METADATA.create_all(engine)
    outcomes: list[str] = []

    def add(name: str) -> None:
        try:
            AoiRegistry(engine).add(an_aoi(name=name), NOW)
            outcomes.append("added")
        except InvalidAoi as error:
            outcomes.append(error.message)

    threads = [Thread(target=add, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()

    assert sorted(outcomes) == ["added", "an area is already called 'sd-test'"]


NAMES = st.text(min_size=1, max_size=30).filter(str.isprintable)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=NAMES,
    west=st.floats(-170, 169),
    south=st.floats(-70, 70),
    width=st.floats(0.01, 0.9),
    hours=st.integers(1, 2_000),
    sensitivity=st.sampled_from(Sensitivity),
)
def test_what_was_added_is_what_is_there(
    db: Engine,
    name: str,
    west: float,
    south: float,
    width: float,
    hours: int,
    sensitivity: Sensitivity,
) -> None:
    registry = AoiRegistry(db)
    aoi_id = f"a{len(registry.all())}-{abs(hash((name, west, south, width, hours)))}"
    area = an_aoi(
        aoi_id=aoi_id,
        name=name,
        geometry=box(west, south, west + width, south + 0.2),
        revisit=timedelta(hours=hours),
        sensitivity=sensitivity,
    )

    tiles = registry.add(area, NOW, replace=True)

    assert registry.group(aoi_id) == tuple(sorted(tiles, key=lambda tile: tile.aoi_id))
    found = registry.whole(aoi_id)
    assert (found.name, found.revisit, found.sensitivity) == (name, area.revisit, sensitivity)
    assert found.geometry.symmetric_difference(area.geometry).area < 1e-9
    registry.archive(aoi_id, NOW)


def test_thousands_of_settlements_are_added_in_one_transaction(registry: AoiRegistry) -> None:
    registry.add(an_aoi(geometry=box(25, 13, 25.4, 13.4)), NOW)
    villages: list[Settlement] = [
        a_settlement(
            settlement_id=f"v{index:05}",
            footprint=box(25.1, 13 + index / 1e5, 25.101, 13.001 + index / 1e5),
        )
        for index in range(3_000)
    ]

    registry.add_settlements("sd-test", villages, NOW)

    assert registry.settlements("sd-test") == villages


def test_settlements_are_counted_by_their_middle_and_kind(registry: AoiRegistry) -> None:
    registry.add(an_aoi(), NOW)
    west, south, east, north = a_square(400).bounds
    places = [
        a_settlement(),
        a_settlement(settlement_id="t", kind=SettlementKind.TOWN, footprint=a_square(100)),
    ]
    registry.add_settlements("sd-test", places, NOW)
    middle_x, middle_y = (west + east) / 2, (south + north) / 2

    assert registry.count_in((west, south, east, north)) == 2
    assert registry.count_in((west, south, east, north), SettlementKind.TOWN) == 1
    assert registry.count_in((middle_x + 1e-4, south, east, north)) == 0
    assert registry.count_in((west, middle_y + 1e-4, east, north)) == 0
