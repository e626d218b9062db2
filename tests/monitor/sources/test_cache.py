from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.sources import cache as module
from monitor.sources.cache import Cache


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    assert cache.put("tile 1", b"pixels")
    assert cache.get("tile 1") == b"pixels"
    assert cache.get("tile 2") is None


def test_an_entry_is_one_file_named_after_key_and_content(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    cache.put("tile 1", b"pixels")

    # As `printf 'tile 1' | sha256sum` and `printf pixels | sha256sum` begin.
    [entry] = files_in(tmp_path)
    key, content = entry.name.split("-")
    assert key.startswith("7d1be44a6bff")
    assert content.startswith("6ec9c2b0eb14")


@pytest.mark.parametrize("damaged", [b"", b"pix", b"pixelz"])
def test_a_damaged_entry_is_never_served_and_goes(tmp_path: Path, damaged: bytes) -> None:
    cache = Cache(tmp_path)
    cache.put("tile 1", b"pixels")
    [entry] = files_in(tmp_path)
    entry.write_bytes(damaged)

    assert cache.get("tile 1") is None
    assert files_in(tmp_path) == []


def test_new_content_replaces_the_old(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("tile 1", b"old")

    cache.put("tile 1", b"new")

    assert cache.get("tile 1") == b"new"
    assert len(files_in(tmp_path)) == 1


def test_the_entries_that_were_not_used_for_longest_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COUNTED_EVERY", 0.0)
    cache = Cache(tmp_path, max_bytes=100)
    for number in range(10):
        cache.put(f"tile {number}", bytes([number]) * 10)
        [entry] = [path for path in files_in(tmp_path) if path.read_bytes()[0] == number]
        os.utime(entry, (number, number))
    cache.get("tile 0")

    cache.put("tile 10", b"\x0a" * 10)

    # 110 bytes are more than 100; down to 90 go two, and tile 0 was just used.
    assert cache.get("tile 0") is not None
    assert cache.get("tile 1") is None
    assert cache.get("tile 2") is None
    assert cache.get("tile 3") is not None


def test_what_alone_exceeds_the_limit_is_not_kept(tmp_path: Path) -> None:
    assert not Cache(tmp_path, max_bytes=5).put("tile", b"pixels")
    assert files_in(tmp_path) == []


def test_a_disk_that_takes_nothing_costs_only_the_caching(tmp_path: Path) -> None:
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file where the folder should be")

    cache = Cache(in_the_way)

    assert not cache.put("tile", b"pixels")
    assert cache.get("tile") is None


def test_a_disk_that_fills_up_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, *_: object) -> None:
        os.close(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)

    assert not Cache(tmp_path).put("tile", b"pixels")
    assert files_in(tmp_path) == []


def test_an_unfinished_file_of_a_killed_process_is_not_served(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("tile 1", b"pixels")
    [entry] = files_in(tmp_path)
    entry.rename(entry.with_suffix(".part"))

    assert cache.get("tile 1") is None
