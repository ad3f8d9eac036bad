"""IPTC: records of the Information Interchange Model, as Photoshop and agencies write them.

Source: IPTC-NAA IIM 4.2. Each dataset is 0x1C, record, number, two bytes of length, value.
"""

from __future__ import annotations

from collections import defaultdict
from enum import IntEnum

from .text import decoded

_MARKER = 0x1C
_APPLICATION_RECORD = 2
_MOST_DATASETS = 1000


class Dataset(IntEnum):
    """Numbers in record 2 that are of use."""

    TITLE = 5
    KEYWORDS = 25
    DATE = 55
    TIME = 60
    BYLINE = 80
    COPYRIGHT = 116
    CAPTION = 120


def read_iptc(data: bytes) -> dict[int, list[str]]:
    """Values of record 2 by number, decoded; what comes after a broken dataset is left out."""
    found: dict[int, list[str]] = defaultdict(list)
    position = 0
    for _ in range(_MOST_DATASETS):
        if len(data) < position + 5 or data[position] != _MARKER:
            break
        record, number = data[position + 1], data[position + 2]
        length = int.from_bytes(data[position + 3 : position + 5], "big")
        position += 5
        # With its highest bit set it is the length of the length: only pictures and the like are that long.
        if length & 0x8000 or len(data) < position + length:
            break
        if record == _APPLICATION_RECORD:
            found[number].append(decoded(data[position : position + length]))
        position += length
    return found
