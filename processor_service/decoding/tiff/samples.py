"""Reads the numbers in a TIFF, of any type and depth. Pillow knows some, and reduces 16 bits of colour to 8.

libtiff still unpacks them: another directory is added to the file, in which every byte is a grey pixel. The bytes are
interpreted here.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin
from PIL.ExifTags import Base as Tag

from ..pillow import pixel_limit

# Where the pixels are, and how many bytes: in strips, in tiles.
_PLACES = (Tag.StripOffsets, Tag.StripByteCounts, Tag.TileOffsets, Tag.TileByteCounts)
# Compressions that pack bytes of any meaning: none, PackBits; and LZW, deflate, LZMA, Zstandard, for which numbers may
# first be replaced by differences.
_PACKING, _PREDICTING = {1, 32773}, {5, 8, 32946, 34925, 50000}
_DEPTHS = {"u": (8, 16, 32, 64), "i": (8, 16, 32, 64), "f": (16, 32, 64)}
_MOST_SAMPLES = 8
_LONG = 4
# Bits unpacked at a time when samples do not fill bytes: each takes a byte.
_AT_A_TIME = 8_000_000


@dataclass(frozen=True)
class TiffSamples:
    """What a page says about its samples.

    `kind`: `u`, `i`, `f` as in NumPy; `extra`: what the samples after the colours are.
    """

    width: int
    height: int
    count: int
    bits: int
    kind: str
    photometric: int
    planar: bool
    predictor: int
    extra: tuple[int, ...]
    order: str

    @classmethod
    def of(cls, tags: TiffImagePlugin.ImageFileDirectory_v2) -> TiffSamples | None:
        """The samples of a page.

        None when they cannot be read here: several depths in one picture, or a compression of pixels.
        """
        count = _one(tags, Tag.SamplesPerPixel, 1)
        depths, kinds = _all(tags, Tag.BitsPerSample) or (1,), set(_all(tags, Tag.SampleFormat) or (1,))
        kind = {1: "u", 2: "i", 3: "f", 4: "u"}.get(kinds.pop()) if len(kinds) == 1 else None
        if kind is None or len(set(depths[:count])) != 1 or not 1 <= count <= _MOST_SAMPLES:
            return None
        bits = depths[0]
        if bits not in _DEPTHS[kind] and not (kind == "u" and 1 <= bits <= 16):
            return None
        compression = _one(tags, Tag.Compression, 1)
        predictor = _one(tags, Tag.Predictor, 1) if compression in _PREDICTING else 1
        plain = predictor == 1 or bits in (8, 16, 32, 64)
        if compression not in _PACKING | _PREDICTING or not plain or not 1 <= predictor <= 3:
            return None
        photometric = _one(tags, Tag.PhotometricInterpretation, 0)
        return cls(
            tags.get(Tag.ImageWidth, 0),
            tags.get(Tag.ImageLength, 0),
            count,
            bits,
            kind,
            photometric,
            _one(tags, Tag.PlanarConfiguration, 1) == 2,
            predictor,
            _all(tags, Tag.ExtraSamples),
            "<" if tags.prefix == b"II" else ">",
        )


def read_samples(data: bytes, tags: TiffImagePlugin.ImageFileDirectory_v2, samples: TiffSamples) -> NDArray[Any]:
    """Height x width x samples, as in the file. Raises what Pillow raises on broken files."""
    if not samples.planar or samples.count == 1:
        return _read_plane(data, tags, samples, samples.count, None)
    planes = [_read_plane(data, tags, samples, 1, number) for number in range(samples.count)]
    return np.concatenate(planes, axis=2)


def _read_plane(
    data: bytes, tags: TiffImagePlugin.ImageFileDirectory_v2, samples: TiffSamples, count: int, number: int | None
) -> NDArray[Any]:
    """Height x width x count samples. `number`: the plane, when each sample has its own; otherwise None."""
    tile_width = _one(tags, Tag.TileWidth, 0) if Tag.TileOffsets in tags else 0
    # A row of pixels, or of one tile, fills whole bytes.
    chunk = tile_width or samples.width
    chunks = -(-samples.width // chunk)
    row = (chunk * count * samples.bits + 7) // 8
    octets = _octets(data, tags, row * chunks, samples.height, row if tile_width else 0, samples, number)
    rows = octets.reshape(samples.height, chunks, row)
    values = _numbers(rows, chunk * count, count, samples)
    return values.reshape(samples.height, chunks * chunk, count)[:, : samples.width]


def _octets(
    data: bytes,
    tags: TiffImagePlugin.ImageFileDirectory_v2,
    width: int,
    height: int,
    tile_width: int,
    samples: TiffSamples,
    number: int | None,
) -> NDArray[np.uint8]:
    """The unpacked bytes of the picture, or of one plane, read as a grey picture of `width` bytes a row."""
    same = (Tag.Compression, Tag.FillOrder, Tag.RowsPerStrip, Tag.TileLength)
    entries: dict[int, tuple[int, ...]] = {tag: values for tag in same if (values := _all(tags, tag))}
    entries |= {Tag.ImageWidth: (width,), Tag.ImageLength: (height,), Tag.BitsPerSample: (8,)}
    entries |= {Tag.PhotometricInterpretation: (1,), Tag.SamplesPerPixel: (1,)}
    if tile_width:
        entries[Tag.TileWidth] = (tile_width,)
    for tag in _PLACES:
        if places := _all(tags, tag):
            each = len(places) // samples.count
            entries[tag] = places if number is None else places[number * each : (number + 1) * each]
    # Pixels are bytes here: the picture's own have been counted.
    with pixel_limit(None):
        image = TiffImagePlugin.TiffImageFile(io.BytesIO(_with_directory(data, entries, samples.order)))
        image.load()
    return np.asarray(image)


def _with_directory(data: bytes, entries: dict[int, tuple[int, ...]], order: str) -> bytes:
    """The file (not a BigTIFF, see big_tiff.py) with another directory at its end, which is its first and only one."""
    head, body = [], b""
    padding = bytes(-len(data) % 2)
    start = len(data) + len(padding)
    behind = start + 2 + 12 * len(entries) + 4
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(packed) > 4:
            place, body = struct.pack(order + "I", behind + len(body)), body + packed
        else:
            place = packed.ljust(4, b"\0")
        head.append(struct.pack(order + "HHI", tag, _LONG, len(values)) + place)
    directory = struct.pack(order + "H", len(entries)) + b"".join(head) + bytes(4)
    return data[:4] + struct.pack(order + "I", start) + data[8:] + padding + directory + body


def _numbers(rows: NDArray[np.uint8], length: int, count: int, samples: TiffSamples) -> NDArray[Any]:
    """Rows of bytes (height x chunks x bytes) as rows of numbers. Differences are summed up."""
    bits, size = samples.bits, samples.bits // 8
    if bits not in (8, 16, 32, 64):
        return _unpacked(rows, length, bits)
    if samples.predictor == 3 and samples.kind == "f":
        # Bytes of equal significance are stored side by side, as differences (Adobe TIFF Technical Note 3).
        summed = np.cumsum(rows.reshape(*rows.shape[:2], -1, count), axis=2, dtype=np.uint8)
        planes = summed.reshape(*rows.shape[:2], size, length)
        return np.ascontiguousarray(planes.swapaxes(2, 3)).view(f">f{size}")[..., 0]
    unsigned = rows.view(f"{samples.order}u{size}")
    if samples.predictor == 2:
        native = unsigned.reshape(*rows.shape[:2], -1, count)
        unsigned = np.cumsum(native, axis=2, dtype=f"u{size}").reshape(unsigned.shape)
        return unsigned.view(f"{samples.kind}{size}")
    return unsigned.view(f"{samples.order}{samples.kind}{size}")


def _unpacked(rows: NDArray[np.uint8], length: int, bits: int) -> NDArray[np.uint16]:
    """Numbers of 1 to 15 bits, the highest bit first, packed without gaps."""
    flat = rows.reshape(-1, rows.shape[-1])
    values = np.empty((len(flat), length), np.uint16)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint16)
    at_a_time = max(1, _AT_A_TIME // (8 * flat.shape[1]))
    for start in range(0, len(flat), at_a_time):
        single = np.unpackbits(flat[start : start + at_a_time], axis=1, count=length * bits)
        values[start : start + at_a_time] = single.reshape(-1, length, bits) @ weights
    return values.reshape(*rows.shape[:2], length)


def _all(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int) -> tuple[int, ...]:
    found = tags.get(tag, ())
    values = found if isinstance(found, tuple) else (found,)
    return values if all(isinstance(value, int) for value in values) else ()


def _one(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int, default: int) -> int:
    found = _all(tags, tag)
    return found[0] if found else default
