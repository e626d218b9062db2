"""Several destinations at a time: one that is slow delays only its own messages (ALERTS G6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

Send = Callable[[Sequence[str]], list[str]]
"""Sends messages one after another, and returns what became of each."""


def batched(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Give a sequence in pieces of `size`; the last one may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def side_by_side(groups: Sequence[Sequence[str]], send: Send, most: int) -> list[str]:
    """Send the messages of several groups, and return what became of each.

    Parameters
    ----------
    groups : sequence of sequences
        Identifiers; those of one group are sent in their order, one after another. The
        first group is sent by this thread.
    most : int
        Groups under way at a time.
    """
    if not groups:
        return []
    first, *others = groups
    if not others:
        return send(first)
    with ThreadPoolExecutor(max(most - 1, 1), thread_name_prefix="courier") as pool:
        under_way = [pool.submit(send, group) for group in others]
        outcomes = send(first)
        return outcomes + [outcome for one in under_way for outcome in one.result()]
