"""The exact shape of each box and segment of JPEG 2000 that may stay (ISO/IEC 15444-1, I.5.3 and A.5 to A.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

SIZE, CAPABILITIES, CODING, QUANTIZATION = 0x51, 0x50, 0x52, 0x5C
_CODING_OF_ONE, _QUANTIZATION_OF_ONE, _REGION, _ORDER = 0x53, 0x5D, 0x5E, 0x5F
_OF_ONE = frozenset((_CODING_OF_ONE, _QUANTIZATION_OF_ONE, _REGION))
_MOST_SIDE, _MOST_DEPTH, _MOST_STEP, _MOST_LEVELS, _MOST_ORDERS = 1 << 20, 38, 4, 32, 4
_UNSPECIFIED = 0xFFFF
# High throughput: the only part of the standard whose capabilities are known (ISO/IEC 15444-15, A.3.1).
_HIGH_THROUGHPUT = 1 << 17


def check_header(boxes: dict[bytes, bytes], size: ImageSize) -> None:
    """Raise ValueError when a box of the header has other numbers than its kind has."""
    header = boxes[b"ihdr"]
    height, width, components, _, compression, unknown, rights = struct.unpack(">IIHBBBB", header)
    sound = (width, height, components) == (size.width, size.height, size.components)
    sound = sound and compression == 7 and unknown < 2 and rights < 2
    if b"bpcc" in boxes:
        depths = boxes[b"bpcc"]
        sound = sound and len(depths) == components and all(depth & 0x7F < _MOST_DEPTH for depth in depths)
    # Nobody knows which colours of a palette are used before the pixels are decoded.
    sound = sound and b"pclr" not in boxes and b"cmap" not in boxes
    if b"cdef" in boxes:
        table = boxes[b"cdef"]
        entries = list(struct.iter_unpack(">HHH", table[2:]))
        sound = sound and len(entries) == int.from_bytes(table[:2]) == len({one for one, *_ in entries})
        known = {*range(components + 1), _UNSPECIFIED}
        sound = sound and all(one < components and kind in (0, 1, 2, _UNSPECIFIED) for one, kind, _ in entries)
        sound = sound and all(color in known for *_, color in entries)
    if not sound:
        raise ValueError("a box of the header does not have its numbers, or has more than them")


@dataclass(frozen=True)
class ImageSize:
    """What the first segment says: sides in pixels, components, tiles (A.5.1)."""

    width: int
    height: int
    components: int
    tiles: int

    @classmethod
    def read(cls, body: bytes) -> ImageSize:
        """The content of a segment SIZ. Raises ValueError when its numbers cannot be right."""
        profile, *sides, components = struct.unpack_from(">H8IH", body)
        right, bottom, left, top, wide, high, first, upper = sides
        sound = max(sides) < _MOST_SIDE and profile & 0x3FFF < 0x800 and len(body) == 36 + 3 * components
        sound = sound and first <= left < min(right, first + wide) and upper <= top < min(bottom, upper + high)
        sound = sound and all(body[at] & 0x7F < _MOST_DEPTH for at in range(36, len(body), 3))
        steps = [step for at in range(36, len(body), 3) for step in body[at + 1 : at + 3]]
        if not sound or not all(1 <= step <= _MOST_STEP for step in steps):
            raise ValueError("the size of the JPEG 2000 is not known")
        tiles = -(-(right - first) // wide) * -(-(bottom - upper) // high)
        return cls(right - left, bottom - top, components, tiles)


@dataclass
class Segments:
    """Checks the segments of the main header, or of the header of a tile part."""

    size: ImageSize
    # Levels of the wavelet transform: of each component that has its own, and of all others (-1).
    levels: dict[int, int] = field(default_factory=dict)
    _seen: set[tuple[int, bytes]] = field(default_factory=set)
    _quantizations: list[tuple[int, bytes]] = field(default_factory=list)

    def check(self, marker: int, body: bytes) -> None:
        """Raise ValueError when a segment has other lengths or numbers than its kind has, or is there twice."""
        which, component = b"", -1
        if marker in _OF_ONE:
            wide = 1 if self.size.components < 257 else 2
            which, body = body[:wide], body[wide:]
            component = int.from_bytes(which)
        sound = component < self.size.components and (marker, which) not in self._seen
        self._seen.add((marker, which))
        if marker == CAPABILITIES:
            sound = sound and len(body) == 6 and int.from_bytes(body[:4]) == _HIGH_THROUGHPUT
        elif marker == CODING:
            # Styles; order of packets, layers, transform of components; then as for a single component.
            sound = sound and body[0] < 8 and body[1] <= _MOST_ORDERS and body[4] < 2
            sound = sound and self._is_coding(component, body[0], body[5:])
        elif marker == _CODING_OF_ONE:
            sound = sound and body[0] < 2 and self._is_coding(component, body[0], body[1:])
        elif marker in (QUANTIZATION, _QUANTIZATION_OF_ONE):
            self._quantizations.append((component, body))
        elif marker == _REGION:
            sound = sound and len(body) == 2 and body[0] == 0 and body[1] < _MOST_DEPTH
        elif marker == _ORDER:
            sound = sound and self._is_order(body)
        else:
            sound = False
        if not sound:
            raise ValueError("a segment of the codestream is not known, or has more than its numbers")

    def check_quantizations(self) -> None:
        """Raise ValueError when there are step sizes of bands that are not there (A.6.4)."""
        # Their levels may follow them.
        for component, body in self._quantizations:
            levels = max(self.levels.values()) if component < 0 else self.levels.get(component, self.levels[-1])
            style, steps = body[0] & 31, body[1:]
            bands = 3 * levels + 1
            # Exponents alone; one step size for all bands; one for each.
            most, each = ((bands, 1), (1, 2), (bands, 2))[style]
            if (
                len(steps) % each
                or not 1 <= len(steps) // each <= most
                or (each == 1 and any(one & 7 for one in steps))
            ):
                raise ValueError("step sizes of bands that are not there")

    def _is_coding(self, component: int, style: int, body: bytes) -> bool:
        """Levels, width and height of blocks, their style, the wavelet, sizes of precincts if there are any (A.6.1)."""
        levels, precincts = body[0], body[5:]
        self.levels[component] = levels
        sound = levels <= _MOST_LEVELS and max(body[1:3]) <= 8 and body[3] < 128 and body[4] < 2
        # A level has no smaller precincts than the one before it.
        for shift in (0, 4):
            sides = [precinct >> shift & 15 for precinct in precincts]
            sound = sound and sides == sorted(sides)
        return sound and len(precincts) == (levels + 1 if style & 1 else 0)

    def _is_order(self, body: bytes) -> bool:
        """Changes of the order of packets: resolutions, components, layers, order (A.6.6)."""
        entries = list(struct.iter_unpack(">BBHBBB" if self.size.components < 257 else ">BHHBHB", body))
        return bool(entries) and all(
            first <= _MOST_LEVELS and last <= _MOST_LEVELS + 1 and order <= _MOST_ORDERS
            for first, _, _, last, _, order in entries
        )
