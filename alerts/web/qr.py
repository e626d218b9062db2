"""QR codes (ISO/IEC 18004): bytes, error correction M, up to 213 of them. Pure.

A secret must not be shown to another program or host, so it is drawn here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Squares = NDArray[np.bool_]

# Of versions 1 to 10 at level M: correcting bytes of each block, and blocks.
CORRECTING = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26)
BLOCKS = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5)
ALIGNED_AT = ((), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34),
              (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50))  # fmt: skip
QUIET = 4
"""Squares left white around it, so that a camera finds its edge."""

BYTES_MODE, PADS = 0b0100, (0xEC, 0x11)
LEVEL_M = 0b00
FORMAT_MASK = 0b101010000010010
FIELD, FORMAT_FIELD, VERSION_FIELD = 0x11D, 0x537, 0x1F25


@dataclass(frozen=True, slots=True)
class Drawing:
    """A code as one path of an SVG, dark on white."""

    size: int
    """Width and height, with the white around it."""

    path: str


def drawing_of(text: str) -> Drawing:
    """Return what a camera reads as `text`."""
    dark = squares_of(text.encode())
    path = "".join(f"M{x + QUIET},{y + QUIET}h1v1h-1z" for y, x in np.argwhere(dark))
    return Drawing(len(dark) + 2 * QUIET, path)


def squares_of(content: bytes) -> Squares:
    """Return the dark squares, rows from the top.

    Raises
    ------
    ValueError
        If there is more than the largest code here takes.
    """
    version = _version_for(len(content))
    bits = _bits(_corrected(_packed(content, version), version))
    drawn, fixed = _patterns(version)
    _lay(drawn, fixed, bits)
    return min((_masked(drawn, fixed, mask) for mask in range(8)), key=penalty)


def _version_for(length: int) -> int:
    for version in range(1, len(BLOCKS) + 1):
        if length + (2 if version < 10 else 3) <= _room(version):
            return version
    raise ValueError(f"{length} bytes are more than a code takes here")


def _room(version: int) -> int:
    """Return how many bytes of data a version holds, its header among them."""
    return _raw_bits(version) // 8 - CORRECTING[version - 1] * BLOCKS[version - 1]


def _raw_bits(version: int) -> int:
    _, fixed = _patterns(version)
    return int((~fixed).sum())


def _packed(content: bytes, version: int) -> bytes:
    """Return mode, length, content and padding."""
    count_bits = 8 if version < 10 else 16
    number = (BYTES_MODE << count_bits | len(content)) << 8 * len(content)
    number = (number | int.from_bytes(content, "big")) << 4
    packed = number.to_bytes((4 + count_bits) // 8 + len(content) + 1, "big")
    missing = _room(version) - len(packed)
    return packed + bytes(PADS[n % 2] for n in range(missing))


def _corrected(content: bytes, version: int) -> bytes:
    """Return data and correcting bytes, those of all blocks in turns."""
    count, extra = BLOCKS[version - 1], CORRECTING[version - 1]
    short, longer = divmod(len(content), count)
    blocks, at = [], 0
    for n in range(count):
        length = short + (n >= count - longer)
        blocks.append(content[at : at + length])
        at += length
    checks = [_remainder(block, extra) for block in blocks]
    return bytes([*_in_turns(blocks), *_in_turns(checks)])


def _in_turns(blocks: list[bytes]) -> Iterator[int]:
    for n in range(max(map(len, blocks))):
        yield from (block[n] for block in blocks if n < len(block))


def _remainder(block: bytes, extra: int) -> bytes:
    """Return the correcting bytes of a block (Reed-Solomon)."""
    generator = [1]
    root = 1
    for _ in range(extra):
        longer = [*generator, 0]
        for n, factor in enumerate(generator):
            longer[n + 1] ^= _times(factor, root)
        generator, root = longer, _times(root, 2)
    rest = [*block, *[0] * extra]
    for n in range(len(block)):
        for k, factor in enumerate(generator[1:], start=1):
            rest[n + k] ^= _times(factor, rest[n])
    return bytes(rest[len(block) :])


def _times(a: int, b: int) -> int:
    """Multiply in the field of 256."""
    product = 0
    for bit in range(7, -1, -1):
        product = product << 1 ^ (FIELD if product & 0x80 else 0)
        product ^= a if b >> bit & 1 else 0
    return product


def _bits(content: bytes) -> list[bool]:
    return [bool(byte >> bit & 1) for byte in content for bit in range(7, -1, -1)]


def _patterns(version: int) -> tuple[Squares, Squares]:
    """Return what stands in every code of a version, and which squares it takes."""
    size = 17 + 4 * version
    drawn, fixed = np.zeros((size, size), bool), np.zeros((size, size), bool)
    drawn[6, ::2] = drawn[::2, 6] = True
    fixed[6] = fixed[:, 6] = True
    for y, x in ((0, 0), (0, size - 7), (size - 7, 0)):
        _finder(drawn, fixed, y, x)
    ends = ALIGNED_AT[version - 1]
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for y, x in ((y, x) for y in ends for x in ends if (y, x) not in corners):
        drawn[y - 2 : y + 3, x - 2 : x + 3] = _rings(5)
        fixed[y - 2 : y + 3, x - 2 : x + 3] = True
    # The words of format; what stands in them depends on the mask.
    fixed[8, :9] = fixed[:9, 8] = fixed[8, size - 8 :] = fixed[size - 8 :, 8] = True
    drawn[size - 8, 8] = True
    if version >= 7:
        _write_version(drawn, fixed, version)
    return drawn, fixed


def _finder(drawn: Squares, fixed: Squares, y: int, x: int) -> None:
    size = len(drawn)
    around = (slice(max(y - 1, 0), min(y + 8, size)), slice(max(x - 1, 0), min(x + 8, size)))
    drawn[around], fixed[around] = False, True
    drawn[y : y + 7, x : x + 7] = _rings(7)


def _rings(size: int) -> Squares:
    """Return a square with a white ring around its middle."""
    across = np.abs(np.arange(size) - size // 2)
    distance = np.maximum.outer(across, across)
    return np.asarray((distance == size // 2) | (distance <= size // 2 - 2), bool)


def _write_version(drawn: Squares, fixed: Squares, version: int) -> None:
    word, size = version << 12 | _check(version, 12, VERSION_FIELD), len(drawn)
    for bit in range(18):
        a, b = size - 11 + bit % 3, bit // 3
        drawn[a, b] = drawn[b, a] = word >> bit & 1
        fixed[a, b] = fixed[b, a] = True


def _check(word: int, bits: int, field: int) -> int:
    """Return the check bits of a short word (BCH)."""
    rest = word << bits
    while rest.bit_length() > bits:
        rest ^= field << rest.bit_length() - bits - 1
    return rest


def _lay(drawn: Squares, fixed: Squares, bits: list[bool]) -> None:
    """Put bits where nothing stands: two columns at a time from the right, up and down."""
    size, left = len(drawn), iter(bits)
    right = size - 1
    while right > 0:
        right -= right == 6
        upward = (right + 1) & 2 == 0
        for y in range(size - 1, -1, -1) if upward else range(size):
            for x in (right, right - 1):
                if not fixed[y, x]:
                    drawn[y, x] = next(left, False)
        right -= 2


def _masked(drawn: Squares, fixed: Squares, mask: int) -> Squares:
    """Return a code with one of the eight patterns laid over its data, and its format."""
    y, x = np.indices(drawn.shape)
    turned = (
        (x + y) % 2, y % 2, x % 3, (x + y) % 3, (x // 3 + y // 2) % 2,
        x * y % 2 + x * y % 3, (x * y % 2 + x * y % 3) % 2, ((x + y) % 2 + x * y % 3) % 2,
    )[mask] == 0  # fmt: skip
    made: Squares = drawn ^ (turned & ~fixed)
    _write_format(made, mask)
    return made


def _write_format(drawn: Squares, mask: int) -> None:
    kind = LEVEL_M << 3 | mask
    word, size = (kind << 10 | _check(kind, 10, FORMAT_FIELD)) ^ FORMAT_MASK, len(drawn)
    bits = [bool(word >> bit & 1) for bit in range(15)]
    # Once around the upper left corner, past the dotted lines, and once split in two.
    down = [(n, 8) for n in (0, 1, 2, 3, 4, 5, 7, 8)]
    across = [(8, n) for n in (7, 5, 4, 3, 2, 1, 0)]
    split = [*((8, size - 1 - n) for n in range(8)), *((size - 7 + n, 8) for n in range(7))]
    for place, bit in zip([*down, *across, *split], [*bits, *bits], strict=True):
        drawn[place] = bit


def penalty(dark: Squares) -> int:
    """Return how hard a code is to read: the mask with the least of it is taken."""
    lines = [*dark, *dark.T]
    runs = sum(_run_penalty(line) + 40 * _finders_in(line) for line in lines)
    corner = dark[:-1, :-1]
    alike = (corner == dark[1:, :-1]) & (corner == dark[:-1, 1:]) & (corner == dark[1:, 1:])
    uneven = int(abs(dark.mean() * 20 - 10))
    return runs + 3 * int(alike.sum()) + 10 * uneven


def _run_penalty(line: Squares) -> int:
    ends = np.flatnonzero(np.diff(line)) + 1
    lengths = np.diff([0, *ends, len(line)])
    return int((lengths[lengths >= 5] - 2).sum())


def _finders_in(line: Squares) -> int:
    """Return how often a line looks like a corner, with white beside it."""
    text = "".join("1" if square else "0" for square in line)
    seen = (text[at : at + 11] for at in range(len(text) - 10))
    return sum(piece in ("10111010000", "00001011101") for piece in seen)
