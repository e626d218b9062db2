"""Independent streams of random numbers, one for each part of a world.

A part draws from a stream that its name and its own counters select, never from
a neighbour's. So a change in one part leaves every other bit as it was, and any
day can be drawn without the days before it.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, name: str, *counters: int) -> np.random.Generator:
    """Return the generator that `name` and `counters` select under a root seed.

    Parameters
    ----------
    seed : int
        Root seed of the world.
    name : str
        Part that draws, such as ``"clouds"``.
    counters : int
        What it draws for, such as a day number and an orbit; not negative.
    """
    child = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), *counters))
    return np.random.Generator(np.random.SFC64(child))
