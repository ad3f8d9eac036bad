"""IPTC: records of the Information Interchange Model, as Photoshop and agencies write them.

Source: IPTC-NAA IIM 4.2. Each dataset is 0x1C, record, number, two bytes of length, value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from enum import IntEnum

from .text import decoded

_MARKER = 0x1C
_ENVELOPE_RECORD, _APPLICATION_RECORD = 1, 2
_CODED_CHARACTER_SET = 90
_MOST_DATASETS = 1000
_MOST_LENGTH_BYTES = 4
# ISO 2022 escape sequences of dataset 1:90. UTF-8 (ESC % G) is always tried first.
_CHARACTER_SETS = {
    b"A": "iso8859-1",
    b"B": "iso8859-2",
    b"C": "iso8859-3",
    b"D": "iso8859-4",
    b"L": "iso8859-5",
    b"G": "iso8859-6",
    b"F": "iso8859-7",
    b"H": "iso8859-8",
    b"M": "iso8859-9",
}
_ESCAPE = re.compile(rb"\x1b[-.,/]([A-M])")
# Old Macintosh software names no encoding. In Windows' Latin-1 its accented letters are signs and capitals that do not
# follow a small letter, or nothing at all.
_MACINTOSH = re.compile(
    rb"[a-z][\x83\x88-\x8c\x8e\x98\x9f]|[A-Za-z][\x80\x84\x86\x87\x99\x9b][a-z]|[\x81\x8d\x8f\x90\x9d]"
)


class Dataset(IntEnum):
    """Useful numbers in record 2."""

    TITLE = 5
    KEYWORDS = 25
    DATE = 55
    TIME = 60
    DIGITIZED_DATE = 62
    DIGITIZED_TIME = 63
    PROGRAM = 65
    BYLINE = 80
    HEADLINE = 105
    COPYRIGHT = 116
    CAPTION = 120


def read_iptc(data: bytes) -> dict[int, list[str]]:
    """The values of record 2 by number, decoded. What follows a broken dataset is left out."""
    datasets = list(_datasets(data))
    named = b"".join(value for *key, value in datasets if key == [_ENVELOPE_RECORD, _CODED_CHARACTER_SET])
    otherwise = _encoding(named, [value for record, _, value in datasets if record == _APPLICATION_RECORD])
    found: dict[int, list[str]] = defaultdict(list)
    for record, number, value in datasets:
        if record == _APPLICATION_RECORD:
            found[number].append(decoded(value, otherwise))
    return found


def _datasets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    position = 0
    for _ in range(_MOST_DATASETS):
        if len(data) < position + 5 or data[position] != _MARKER:
            return
        record, number = data[position + 1], data[position + 2]
        length = int.from_bytes(data[position + 3 : position + 5])
        position += 5
        if length & 0x8000:
            # If its highest bit is set, this is the length of the length.
            size = length & 0x7FFF
            length = int.from_bytes(data[position : position + size]) if size <= _MOST_LENGTH_BYTES else len(data)
            position += size
        if len(data) < position + length:
            return
        yield record, number, data[position : position + length]
        position += length


def _encoding(named: bytes, values: list[bytes]) -> str:
    """The encoding of values that are not UTF-8."""
    if escape := _ESCAPE.search(named):
        return _CHARACTER_SETS.get(escape[1], "cp1252")
    return "mac_roman" if any(_MACINTOSH.search(value) and not _is_utf8(value) for value in values) else "cp1252"


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
