from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoi import json_text
from aoi.errors import InvalidAoi
from aoi.json_text import JsonText, parsed


def read(text: str | bytes, max_bytes: int = 10_000_000) -> Any:
    content = text.encode() if isinstance(text, str) else text
    reader = JsonText(io.BytesIO(content), max_bytes)
    value = reader.value()
    reader.end()
    return value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip


@given(VALUES, st.integers(1, 40))
def test_good_json_is_read_as_python_reads_it_whatever_the_pieces(value: Any, size: int) -> None:
    text = json.dumps(value, ensure_ascii=bool(size % 2))
    whole = json_text.CHUNK_BYTES
    json_text.CHUNK_BYTES = size
    try:
        assert read(text) == json.loads(text)
    finally:
        json_text.CHUNK_BYTES = whole


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    try:
        read(content)
    except InvalidAoi as error:
        assert error.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "ends in the middle"),
        ('{"a": 1', "ends in the middle, at character 7"),
        ('"abc', "ends in the middle"),
        ("[1] 2", "something follows the end of the document, at character 4"),
        ('{"a": 1, "a": 2}', 'the key "a" stands twice'),
        ("[-Infinity]", "-Infinity is not a number"),
        ("[1e400]", "1e400 is too large"),
        ("[0.%s1]" % ("0" * 50), "too large or too long"),
        ("[" * 21 + "]" * 21, "nested more than 20 deep, at character 21"),
        ('["\\ud800"]', "half a character"),
        ('{"\\udc00": 1}', "half a character"),
        ('"%s"' % ("x" * 30_000), "more than 20000 characters, at character 0"),
        ("[1,]", "at character"),
        ("[01]", "at character"),
        ("{1: 2}", "not JSON"),
        ("'a'", "not JSON"),
        ("nul", "not JSON"),
        ("}", "stands where a value is due"),
        (b"\xff\xfe[\x00", "is in UTF-16"),
        (b'["\xe9"]', "not UTF-8: .* near byte 2"),
        (b"\x1f\x8b\x08", "looks like gzip"),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(text: str | bytes, says: str) -> None:
    with pytest.raises(InvalidAoi, match=says) as refused:
        read(text)
    assert refused.value.hint


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read('"\\ud83d\\udd25"') == "🔥"


def test_members_and_elements_are_read_one_by_one() -> None:
    reader = JsonText(io.BytesIO(b' {"a": [1, [2], {}], "b": "c"} '), 100)
    found: dict[str, Any] = {}
    for key in reader.members():
        if key == "a":
            found[key] = [reader.value() for _ in reader.elements()]
        else:
            found[key] = reader.value()
    reader.end()

    assert found == {"a": [1, [2], {}], "b": "c"}


def test_an_object_names_a_key_once_also_when_it_is_read_in_pieces() -> None:
    reader = JsonText(io.BytesIO(b'{"a": 1, "a": 2}'), 100)

    with pytest.raises(InvalidAoi, match='"a" stands twice'):
        for _ in reader.members():
            reader.value()


def test_reading_stops_at_the_limit() -> None:
    with pytest.raises(InvalidAoi, match="larger than 1 MB"):
        read("[" + "1," * 1_000_000 + "1]", max_bytes=1_000_000)


def test_a_piece_knows_where_it_stood() -> None:
    with pytest.raises(InvalidAoi, match="at character 104"):
        parsed("[1 2]", start=101)
