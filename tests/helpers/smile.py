"""Writes SMILE, the binary JSON of Jackson, which Elasticsearch reads: https://github.com/FasterXML/smile-format-specification."""

from __future__ import annotations

from typing import Any

# Neither shared names nor raw bytes: a bulk ends its lines with 0xFF, which raw bytes could have.
HEADER = b":)\n\0"
# Ends a line of a bulk.
END = b"\xff"


def smile(value: Any) -> bytes:
    """A document."""
    return HEADER + _value(value)


def _value(value: Any) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"\x21", False: b"\x22", True: b"\x23"}[value]
    if isinstance(value, int) and -16 <= value < 16:
        return bytes([0xC0 + (value << 1 ^ value >> 4)])
    if isinstance(value, str):
        # A text of any length, until its end.
        return b"\xe4" + value.encode() + b"\xfc"
    if isinstance(value, bytes):
        return b"\xe8" + _length(len(value)) + _in_sevens(value)
    if isinstance(value, list):
        return b"\xf8" + b"".join(map(_value, value)) + b"\xf9"
    return b"\xfa" + b"".join(_name(name) + _value(one) for name, one in value.items()) + b"\xfb"


def _name(name: str) -> bytes:
    assert name.isascii() and 0 < len(name) <= 64
    return bytes([0x80 + len(name) - 1]) + name.encode()


def _length(number: int) -> bytes:
    """Six bits in the last byte, which has the highest bit set, seven in each before it."""
    parts = [0x80 | number & 63]
    number >>= 6
    while number:
        parts.append(number & 127)
        number >>= 7
    return bytes(reversed(parts))


def _in_sevens(data: bytes) -> bytes:
    """Seven bits a byte; what is left at the end is in the lowest bits of the last one."""
    whole = len(data) // 7 * 7
    packed = bytearray()
    for start in range(0, whole, 7):
        number = int.from_bytes(data[start : start + 7])
        packed += bytes(number >> shift & 127 for shift in range(49, -1, -7))
    left = data[whole:]
    if left:
        number, bits = int.from_bytes(left), 8 * len(left)
        packed += bytes(number >> shift & 127 for shift in range(bits - 7, -1, -7))
        packed.append(number & (1 << bits % 7) - 1)
    return bytes(packed)
