"""JPEGs of flat blocks, written bit by bit (ITU-T T.81): any sampling factors, which encoders do not offer."""

from __future__ import annotations

import struct

# A Huffman code for differences of DC: categories 0 to 11, all of 4 bits; one for AC: the end of a block, of 1 bit.
_DC, _AC = range(12), (0x00,)


class _Bits:
    def __init__(self) -> None:
        self.bits = ""

    def write(self, value: int, count: int) -> None:
        if count:
            self.bits += f"{value:0{count}b}"

    def packed(self) -> bytes:
        padded = self.bits + "1" * (-len(self.bits) % 8)
        return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8)).replace(b"\xff", b"\xff\0")


def flat_jpeg(
    width: int,
    height: int,
    sampling: list[tuple[int, int]],
    *colors: tuple[int, ...],
    end: bytes = b"\xff\xd9",
) -> bytes:
    """A JPEG of one colour (a value for each component: Y, Cb, Cr), whose components have these factors.

    Of several colours each has as many blocks as the others, from above.
    """
    if len(sampling) == 1:
        # The blocks of a lone component lie one after the other, whatever its factors.
        sampling = [(1, 1)]
    across, down = max(h for h, _ in sampling), max(v for _, v in sampling)
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    bits, before = _Bits(), [0] * len(sampling)
    for unit in range(units):
        color = colors[unit * len(colors) // units]
        for number, (h, v) in enumerate(sampling):
            for _ in range(h * v):
                # Quantized by 8: the mean of 64 values is an eighth of the coefficient.
                value = color[number] - 128
                _write_difference(bits, value - before[number])
                before[number] = value
                bits.write(0, 1)
    return b"".join(
        [
            b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0",
            _segment(0xDB, b"\0" + bytes([8] * 64)),
            _segment(0xC0, struct.pack(">BHHB", 8, height, width, len(sampling)) + _components(sampling)),
            _segment(0xC4, b"\0" + bytes([0, 0, 0, 12, *[0] * 12]) + bytes(_DC)),
            _segment(0xC4, b"\x10" + bytes([1, *[0] * 15]) + bytes(_AC)),
            _segment(0xDA, bytes([len(sampling), *(v for n in range(len(sampling)) for v in (n + 1, 0)), 0, 63, 0])),
            bits.packed(),
            end,
        ]
    )


def _components(sampling: list[tuple[int, int]]) -> bytes:
    return b"".join(bytes([number + 1, h << 4 | v, 0]) for number, (h, v) in enumerate(sampling))


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _write_difference(bits: _Bits, difference: int) -> None:
    category = abs(difference).bit_length()
    bits.write(category, 4)
    bits.write(difference if difference >= 0 else difference + (1 << category) - 1, category)
