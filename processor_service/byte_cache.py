"""A cache that is bounded by bytes, not by entries: clients decide how large an entry is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


def byte_cache(most: int, size: Callable[..., int]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Remember a function's results, up to `most` bytes; the least recently used go first.

    `size` gets the same arguments and returns how many bytes key and result take. A result that would fill more than a
    quarter of the cache is not kept. Not for threads: workers do one thing at a time.
    """

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        total = 0

        @wraps(function)
        def cached(*arguments: Hashable) -> T:
            nonlocal total
            if arguments in kept:
                kept.move_to_end(arguments)
                return kept[arguments][0]
            result = function(*arguments)
            if (bytes_ := size(*arguments)) <= most // 4:
                kept[arguments] = result, bytes_
                total += bytes_
            while total > most:
                total -= kept.popitem(last=False)[1][1]
            return result

        return cached

    return decorate
