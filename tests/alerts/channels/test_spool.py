from __future__ import annotations

from pathlib import Path

import pytest

from alerts.channels.spool import Spool
from alerts.errors import DeliveryFailed, FailureClass
from alerts.ports import Parcel

PARCEL = Parcel("d1", "b@x.org", "reader@ngo.example", "<m@x>", b"Subject: x\r\n\r\nHi\r\n")


def test_a_message_lies_whole_under_the_name_of_its_delivery(tmp_path: Path) -> None:
    reply = Spool(tmp_path / "spool").send(PARCEL, lambda: None)

    assert (tmp_path / "spool" / "d1.eml").read_bytes() == PARCEL.raw
    assert reply == "written to d1.eml"


def test_sending_again_makes_no_second_copy(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    spool.send(PARCEL, lambda: None)
    spool.send(PARCEL, lambda: None)

    assert [path.name for path in tmp_path.iterdir()] == ["d1.eml"]


def test_no_message_appears_before_its_mark(tmp_path: Path) -> None:
    seen: list[list[Path]] = []

    Spool(tmp_path).send(PARCEL, lambda: seen.append(list(tmp_path.glob("*.eml"))))

    assert seen == [[]]


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(DeliveryFailed, match="cannot be written to the spool") as failure:
        Spool(blocked / "spool").send(PARCEL, lambda: None)

    assert failure.value.failure is FailureClass.TRANSIENT
