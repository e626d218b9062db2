from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.errors import NotCleared
from alerts.letters import LetterWriter
from alerts.order import Order
from alerts.orders import Orders
from alerts.ports import AlertPicture
from aoi.database import reading
from monitor.errors import ArchiveError
from monitor.finding import FindingKind
from monitor.observation import Observation
from tests.alerts.conftest import KEYS, SETTINGS, House, PlainRenderer, parsed, read_chip
from tests.alerts.test_disclosure import crowded
from tests.builders import NOW


def an_order(house: House, **person: Any) -> Order:
    finding = {"kind": person.pop("kind")} if "kind" in person else {}
    house.subscribe(**person)
    house.confirmed(**finding)
    house.publish()
    (delivery,) = house.deliveries()
    with reading(house.engine) as connection:
        order = Orders().of(connection, delivery, NOW)
    assert isinstance(order, Order)
    return order


def parts_of(house: House, order: Order, writer: LetterWriter | None = None) -> list[str]:
    mail = parsed((writer or house.writer).write(order).raw)
    return [part.get_content_type() for part in mail.walk() if not part.is_multipart()]


FULL = ["text/plain", "text/html", "image/jpeg", "text/html", "application/geo+json"]


@pytest.mark.parametrize(
    ("person", "parts", "limit"),
    [
        pytest.param({}, FULL, 350_000, id="full"),
        pytest.param({"attachments": False}, FULL[:3], 350_000, id="full without files"),
        pytest.param({"form": "light"}, FULL[:2], 40_000, id="light"),
        pytest.param({"form": "text"}, FULL[:1], 30_000, id="text"),
        pytest.param(
            {"clearance": "restricted", "kind": FindingKind.CAMP_NEW}, FULL[:3], 350_000,
            id="restricted: no map in a mailbox",
        ),
    ],
)  # fmt: skip
def test_each_form_holds_its_parts_and_its_limit(
    house: House, person: dict[str, Any], parts: list[str], limit: int
) -> None:
    order = an_order(house, **person)

    assert parts_of(house, order) == parts
    assert len(house.writer.write(order).raw) <= limit


def test_a_coarse_audience_gets_no_picture_no_map_and_a_cell(house: House) -> None:
    writer = LetterWriter(PlainRenderer(), read_chip, KEYS, SETTINGS, crowded)
    order = an_order(house, clearance="partner")

    raw = writer.write(order).raw

    assert parts_of(house, order, writer) == [*FULL[:2], "application/geo+json"]
    assert b"Shagra" not in raw and b"sd-test" not in raw
    assert order.alert.event_id.encode() not in raw


def test_an_uncleared_person_gets_no_byte(house: House) -> None:
    order = an_order(house)
    uncleared = replace(order, delivery=replace(order.delivery, audience="public"))

    with pytest.raises(NotCleared):
        house.writer.write(uncleared)


def test_the_same_order_makes_the_same_bytes_in_another_writer(house: House) -> None:
    order = an_order(house)

    assert house.writer.write(order) == LetterWriter(
        PlainRenderer(), read_chip, KEYS, SETTINGS
    ).write(order)


def test_two_readers_share_no_identifier(house: House) -> None:
    order = an_order(house)
    other = replace(
        order,
        person=replace(order.person, person_id="p2", address="other@ngo.example"),
        delivery=replace(order.delivery, person_id="p2", delivery_id="d2"),
    )

    mine, yours = (parsed(house.writer.write(each).raw) for each in (order, other))

    for header in ("Message-ID", "References", "List-Unsubscribe", "To"):
        assert mine[header] != yours[header]


def test_a_picture_is_drawn_once_for_all_readers_of_an_audience(house: House) -> None:
    drawn: list[str] = []

    class Counting(PlainRenderer):
        def plate(self, picture: AlertPicture) -> bytes:
            drawn.append(picture.title)
            return super().plate(picture)

    writer = LetterWriter(Counting(), read_chip, KEYS, SETTINGS)
    order = an_order(house)

    writer.write(order)
    writer.write(replace(order, number=2))

    assert len(drawn) == 1


def test_a_chip_that_cannot_be_read_costs_the_pictures_and_not_the_message(house: House) -> None:
    def unreadable(path: str) -> Observation:
        raise ArchiveError(f"{path} is damaged")

    writer = LetterWriter(PlainRenderer(), unreadable, KEYS, SETTINGS)

    assert parts_of(house, an_order(house), writer) == [*FULL[:2], "application/geo+json"]


def test_a_message_over_the_limit_leaves_its_files_out(house: House) -> None:
    order = an_order(house)
    small = replace(SETTINGS, max_message_bytes=len(house.writer.write(order).raw) - 1)
    writer = LetterWriter(PlainRenderer(), read_chip, KEYS, small)

    assert parts_of(house, order, writer) == FULL[:3]


def test_file_names_come_from_references_never_from_places(house: House) -> None:
    order = an_order(house)
    mail = parsed(house.writer.write(order).raw)
    names = [part.get_filename() for part in mail.iter_attachments()]

    assert names == ["map.html", f"{order.alert.ref}-r2.geojson"]


def test_the_desk_gets_a_link_and_nothing_to_unsubscribe_from(house: House) -> None:
    order = an_order(house)
    desk = replace(order, person=replace(order.person, desk=True))

    mail = parsed(house.writer.write(desk).raw)

    assert mail["List-Unsubscribe"] is None
