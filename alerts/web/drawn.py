"""Maps that were drawn lately: a map takes seconds, and an analyst goes back and forth."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

LIMIT = 48
"""Maps kept, each of about a megabyte."""


class Drawn:
    """Keeps the last maps in memory, by everything that they depend on.

    Parameters
    ----------
    limit : int
        The one that was asked for longest ago makes room.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, str] = OrderedDict()
        self._gates: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, draw: Callable[[], str]) -> str:
        """Return what was drawn under `key`, or draw it now; many who ask at once wait for one."""
        with self._lock:
            gate = self._gates.setdefault(key, threading.Lock())
        # Drawn outside the lock of all: one slow map does not hold up the others.
        with gate:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            drawn = draw()
            with self._lock:
                self._kept[key] = drawn
                while len(self._kept) > self._limit:
                    forgotten, _ = self._kept.popitem(last=False)
                    self._gates.pop(forgotten, None)
            return drawn
