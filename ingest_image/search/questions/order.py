"""The orders in which hits can be shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ..stored.schema import NUMBERS, Schema

# An index without any document or mapping has no sequence numbers.
NEWEST_FIRST: list[Any] = [{"_seq_no": {"order": "desc", "unmapped_type": "long"}}]


class Order(StrEnum):
    """The value is what addresses and the command line say."""

    # The best first if there is something to be good at: words, colours, a sample; else the newest.
    DEFAULT = "best"
    NEWEST = "newest"
    TAKEN = "taken"
    LARGEST = "size"


_FIELDS = {Order.TAKEN: "image.metadata.taken_at", Order.LARGEST: "image.bytes"}
_TYPES = {Order.TAKEN: frozenset({"date"}), Order.LARGEST: NUMBERS}


def is_possible(order: Order, schema: Schema) -> bool:
    """Whether the indices have what to sort by."""
    return order not in _FIELDS or schema.types.get(_FIELDS[order]) in _TYPES[order]


def sort(order: Order, *, has_scores: bool) -> list[Any]:
    """The `sort` of a search. What has no such value comes last, and what is equal is in order of its storing."""
    if order in _FIELDS:
        kind = "date" if order is Order.TAKEN else "long"
        return [{_FIELDS[order]: {"order": "desc", "missing": "_last", "unmapped_type": kind}}, *NEWEST_FIRST]
    return ["_score", *NEWEST_FIRST] if has_scores and order is Order.DEFAULT else NEWEST_FIRST
