"""Checks the units of compressed pixels in AVIF and HEIF: some kinds hold arbitrary data instead of pixels.

AV1 Bitstream & Decoding Process, 5.3 and 5.8; ITU-T H.265, 7.3.1 and annex D; ISO/IEC 14496-15, 8.3.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.boxes import Numbers
from .kept import few

# Sequence header, frame header, tile group, frame, redundant frame header. Not: padding and reserved types.
_AV1_PIXELS = frozenset((1, 3, 4, 6, 7))
_AV1_DELIMITER, _AV1_METADATA = 2, 5
# Metadata in numbers, and their bytes: content light level, mastering display. Not ITU-T T.35, which may hold anything.
_AV1_NUMBERS = {1: 4, 2: 24}
# Parameter sets; slices of any kind, and parameter sets, delimiters, ends. Not: filler and supplemental information.
_HEVC_SETS = frozenset((32, 33, 34))
_HEVC_PIXELS = frozenset((*range(32), *_HEVC_SETS, 35, 36, 37))


def check_av1(data: bytes) -> None:
    """Raise ValueError when there is a unit without pixels."""
    for kind, content in few(_av1_units(data)):
        if kind == _AV1_METADATA:
            size = _AV1_NUMBERS.get(content[0], 0) if content else 0
            # A set bit ends the content.
            if not size or content[1 + size :].rstrip(b"\0") != b"\x80":
                raise ValueError("metadata within the pixels")
        elif kind not in _AV1_PIXELS and not (kind == _AV1_DELIMITER and not content):
            raise ValueError("a unit that holds no pixels")


def check_hevc(data: bytes, length_size: int) -> None:
    """The same for HEVC, where each unit follows its length, a number of `length_size` bytes."""
    for kind in few(_hevc_kinds(data, length_size)):
        if kind not in _HEVC_PIXELS:
            raise ValueError("a unit that holds no pixels")


def check_av1_configuration(body: bytes) -> bytes:
    """The same for the content of a box `av1C` (AV1 in ISOBMFF, 2.3); returns the units in it."""
    check_av1(body[4:])
    # A mark and the version; no delay of the first frame, or one of four bits.
    if body[0] != 0x81 or body[3] & 0xE0:
        raise ValueError("a configuration that is not known")
    return body[4:]


def check_hevc_configuration(body: bytes) -> int:
    """The same for the content of a box `hvcC`; returns how many bytes a length has."""
    numbers = Numbers(body, 22)
    for _ in range(numbers.next(1)):
        if numbers.next(1) & 0x3F not in _HEVC_SETS:
            raise ValueError("a unit that is no parameter set")
        for _ in range(numbers.next(2)):
            length = numbers.next(2)
            if length == 0 or (numbers.next(1) >> 1) & 0x3F not in _HEVC_SETS:
                raise ValueError("a unit that is no parameter set")
            numbers.position += length - 1
    if numbers.position != len(body):
        raise ValueError("something lies behind the parameter sets")
    return (body[21] & 3) + 1


def _av1_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        head = data[position]
        # Reserved bits, also those of the extension, are zero.
        if head & 0x81 or (head & 4 and data[position + 1] & 7):
            raise ValueError("a unit of a kind that is not known")
        position += 2 if head & 4 else 1
        size = len(data) - position
        if head & 2:
            size, position = _leb128(data, position)
        if position + size > len(data):
            raise ValueError("a unit is longer than what it lies in")
        yield head >> 3 & 15, data[position : position + size]
        position += size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """A number of up to eight bytes with seven bits each, and the position of its end."""
    number = 0
    for shift in range(0, 56, 7):
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
    raise ValueError("a number that does not end")


def _hevc_kinds(data: bytes, length_size: int) -> Iterator[int]:
    numbers = Numbers(data, 0)
    while numbers.position < len(data):
        length = numbers.next(length_size)
        if length < 2 or numbers.position + length > len(data):
            raise ValueError("a unit is longer than what it lies in")
        yield data[numbers.position] >> 1 & 0x3F
        numbers.position += length
