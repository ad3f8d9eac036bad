"""Reads the header of lossy WebP pixels, as far as the number of their parts (RFC 6386, 7.3, 9.3, 9.5, 9.6, 19.2)."""

from __future__ import annotations


class _Bits:
    """Bits of an arithmetic code in which 0 and 1 are as likely."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 2
        self._value = int.from_bytes(data[:2].ljust(2, b"\0"))
        self._range = 255
        self._shifted = 0

    def next(self, count: int = 1) -> int:
        number = 0
        for _ in range(count):
            number = number << 1 | self._bit()
        return number

    def skip_signed(self, count: int, bits: int) -> None:
        """Numbers that may be there, each with a sign."""
        for _ in range(count):
            if self.next():
                self.next(bits + 1)

    def _bit(self) -> int:
        split = 1 + ((self._range - 1) * 128 >> 8)
        bit = int(self._value >= split << 8)
        if bit:
            self._range -= split
            self._value -= split << 8
        else:
            self._range = split
        while self._range < 128:
            self._value <<= 1
            self._range <<= 1
            self._shifted += 1
            if self._shifted == 8:
                self._shifted = 0
                self._value |= int.from_bytes(self._data[self._position : self._position + 1])
                self._position += 1
        return bit


def coefficient_parts(first: bytes) -> int:
    """How many parts of coefficients follow the first part of the pixels: 1, 2, 4 or 8."""
    bits = _Bits(first)
    # Kind of colours, whether values are clamped.
    bits.next(2)
    if bits.next():
        has_map, has_values = bits.next(), bits.next()
        if has_values:
            # Absolute or relative; quantizers and filters of four segments.
            bits.next()
            bits.skip_signed(4, 7)
            bits.skip_signed(4, 6)
        if has_map:
            for _ in range(3):
                if bits.next():
                    bits.next(8)
    # Kind, level and sharpness of the filter; what changes it.
    bits.next(1 + 6 + 3)
    if bits.next() and bits.next():
        bits.skip_signed(8, 6)
    return 1 << bits.next(2)
