"""Tables of a JPEG: those that pixels use stay, with codes as encoders write them (ITU-T T.81, B.2.4, annex K).

A table has up to 256 bytes that say what its codes stand for, so text fits into one whose codes no pixel uses.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from PIL import Image

from ....formats.containers import jpeg_segments
from ....formats.jpeg_tables import is_text

QUANTIZATION, HUFFMAN = 0xDB, 0xC4
_SCAN, _FRAMES = 0xDA, (0xC0, 0xC1, 0xC2)
# Codes have up to 16 bits. Before an encoder shortens them to that they have up to 32, and are in order of those.
_MOST_BITS, _MOST_DESCENTS = 16, 15
# A difference of DC has up to 11 bits, a coefficient of AC up to 10. The end of a block, and 16 zeros (F.1.2).
_MOST_DC, _MOST_AC, _BLOCK_ENDS, _ZEROS = 11, 10, 0x00, 0xF0
# What a table is for (DB or C4), and its class and number.
Use = tuple[int, int]
# A marker and the bytes of its segment.
Segment = tuple[int, bytes]


def split(segment: bytes) -> list[bytes]:
    """The tables of a segment, each with its class and number before it.

    Raises ValueError when they do not fill it, or are not built as they should be.
    """
    marker, body, position, found = segment[1], segment[4:], 0, []
    while position < len(body):
        head, counts = body[position], body[position + 1 : position + 17]
        if marker == HUFFMAN:
            codes = sum(count << (16 - bits) for bits, count in enumerate(counts, 1))
            size, sound = 17 + sum(counts), codes <= 1 << 16 and sum(counts) <= 256
        else:
            size, sound = 1 + 64 * (1 + (head >> 4)), True
        if head & 0xEF > 3 or not sound or position + size > len(body):
            raise ValueError("a table of the JPEG is not built as it should be")
        found.append(body[position : position + size])
        position += size
    return found


def uses(segments: Iterable[Segment]) -> set[Use]:
    """The tables that the frame and its scans name."""
    found: set[Use] = set()
    for marker, segment in segments:
        if marker in _FRAMES:
            found |= {(QUANTIZATION, number) for number in segment[12 : 10 + 3 * segment[9] : 3]}
        elif marker == _SCAN:
            for pair in segment[6 : 5 + 2 * segment[4] : 2]:
                found |= {(HUFFMAN, pair >> 4), (HUFFMAN, 0x10 | pair & 15)}
    return found


def missing(segments: list[Segment]) -> set[Use]:
    """The tables that a JPEG uses without having them."""
    has = {
        (marker, _number(marker, table))
        for marker, segment in segments
        if marker in (QUANTIZATION, HUFFMAN)
        for table in split(segment)
    }
    return uses(segments) - has


def without_unused(segments: list[Segment], used: set[Use]) -> list[Segment]:
    """The segments without tables that nothing uses before the end, or before another one takes their place.

    For JPEGs of one scan: what counts is the last table before it.
    """
    kept: list[Segment] = []
    needed: set[Use] = set() if any(marker == _SCAN for marker, _ in segments) else set(used)
    for marker, segment in reversed(segments):
        if marker == _SCAN:
            needed |= used
        if marker not in (QUANTIZATION, HUFFMAN):
            kept.append((marker, segment))
            continue
        tables = []
        for table in reversed(split(segment)):
            use = marker, _number(marker, table)
            if use in needed:
                needed.remove(use)
                tables.append(table)
        body = b"".join(reversed(tables))
        if body:
            kept.append((marker, bytes((0xFF, marker)) + (2 + len(body)).to_bytes(2) + body))
    return kept[::-1]


def are_usual(segments: Iterable[Segment]) -> bool:
    """Whether all codes are the usual ones, or those of an encoder that looked for the best."""
    tables = [table for marker, segment in segments if marker == HUFFMAN for table in split(segment)]
    return all(table[1:] in _usual() or _is_of_encoder(table) for table in tables)


def check_steps(segments: Iterable[Segment]) -> None:
    """Raise ValueError when a text can be read in a table of quantization.

    Steps for coefficients that are zero everywhere may be anything.
    """
    tables = [table for marker, segment in segments if marker == QUANTIZATION for table in split(segment)]
    if any(is_text(steps) for table in tables for steps in _readings(table)):
        raise ValueError("a table of quantization that can be read as text")


def _readings(table: bytes) -> tuple[bytes, ...]:
    """The bytes of its steps; of those of 16 bits, the upper and the lower ones by themselves, too."""
    return (table[1:], table[1::2], table[2::2]) if table[0] >> 4 else (table[1:],)


def _number(marker: int, table: bytes) -> int:
    return table[0] if marker == HUFFMAN else table[0] & 15


def _is_of_encoder(table: bytes) -> bool:
    """Whether a Huffman table has symbols that there are, each once, those of the same length in order."""
    is_ac, counts, symbols = table[0] >> 4, table[1:17], table[17:]
    if len(set(symbols)) != len(symbols) or not all(map(_is_ac if is_ac else _is_dc, symbols)):
        return False
    position = 0
    for bits, count in enumerate(counts, 1):
        descents = sum(one > other for one, other in pairwise(symbols[position : position + count]))
        if descents > (_MOST_DESCENTS if bits == _MOST_BITS else 0):
            return False
        position += count
    return True


def _is_dc(symbol: int) -> bool:
    return symbol <= _MOST_DC


def _is_ac(symbol: int) -> bool:
    return symbol in (_BLOCK_ENDS, _ZEROS) or 1 <= symbol & 15 <= _MOST_AC


@cache
def _usual() -> frozenset[bytes]:
    """The tables of annex K, which most encoders write, without their numbers."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    found = [segment for marker, segment in jpeg_segments(buffer.getvalue()) if marker == HUFFMAN]
    return frozenset(table[1:] for segment in found for table in split(segment))
