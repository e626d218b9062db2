"""Zips; the hostile side of them is in test_corpus_layers.py."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aoi.errors import InvalidAoi
from aoi.zips import checked_entries, inflated, named_like, opened_zip, unpack
from tests.aoi.documents import zipped


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    return path


def test_an_entry_is_unpacked_to_a_name_of_our_own(tmp_path: Path) -> None:
    path = write(tmp_path, zipped({"deep/areas.SHP": b"shape" * 100, "deep/": b""}))

    with opened_zip(path) as archive:
        (entry,) = named_like(checked_entries(archive), ".shp")
        unpack(archive, entry, tmp_path / "layer.shp")

    assert (tmp_path / "layer.shp").read_bytes() == b"shape" * 100


def test_the_shadow_files_of_a_mac_are_no_layers(tmp_path: Path) -> None:
    path = write(tmp_path, zipped({"__MACOSX/a.shp": b"", "b/._a.shp": b"", "a.shp": b""}))

    with opened_zip(path) as archive:
        assert [entry.filename for entry in named_like(checked_entries(archive), ".shp")] == [
            "a.shp"
        ]


def test_a_small_entry_may_be_dense(tmp_path: Path) -> None:
    with opened_zip(write(tmp_path, zipped({"a.dbf": b" " * 90_000}))) as archive:
        assert len(checked_entries(archive)) == 1


def test_many_entries_that_inflate_too_much_together_are_refused(tmp_path: Path) -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for index in range(6):
            archive.writestr(f"{index}.shp", bytes(9_000_000))

    with (
        pytest.raises(InvalidAoi, match="inflates to 54 MB, more than 50"),
        opened_zip(write(tmp_path, stored.getvalue())) as archive,
    ):
        checked_entries(archive)


def test_a_zip_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = zipped({"a.shp": bytes(range(256)) * 8})
    accepted = []
    for length in range(0, len(whole), 7):
        try:
            with opened_zip(write(tmp_path, whole[:length])) as archive:
                for entry in checked_entries(archive):
                    list(inflated(archive, entry))
        except InvalidAoi:
            continue
        accepted.append(length)

    assert accepted == []


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400), value=st.integers(0, 255))
def test_no_changed_byte_raises_anything_but_a_refusal(
    tmp_path: Path, place: int, value: int
) -> None:
    whole = bytearray(zipped({"a.shp": bytes(range(256)), "b.dbf": b"x" * 50}))
    whole[place % len(whole)] = value

    try:
        with opened_zip(write(tmp_path, bytes(whole))) as archive:
            for entry in checked_entries(archive):
                list(inflated(archive, entry))
    except InvalidAoi as error:
        assert error.hint
