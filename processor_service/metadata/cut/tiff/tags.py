"""The tags of a TIFF that stay, and the shape that each must have (TIFF 6.0): numbers, and no room for more."""

from __future__ import annotations

import struct
from fractions import Fraction

from PIL.ExifTags import Base as Tag

from ....formats.tiff_directories import Directory
from ..viewer_numbers import density

_MOST_SIDE = 2**24
_MOST_SAMPLES = 16
# Tags of one number, and the largest that it may be.
_ONCE = {
    **{Tag.NewSubfileType: 7, Tag.SubfileType: 3, Tag.ImageWidth: _MOST_SIDE, Tag.ImageLength: _MOST_SIDE},
    **{Tag.Compression: 65535, Tag.PhotometricInterpretation: 10, Tag.FillOrder: 2, Tag.Orientation: 8},
    **{Tag.SamplesPerPixel: _MOST_SAMPLES, Tag.RowsPerStrip: 2**32 - 1, Tag.ResolutionUnit: 3},
    **{Tag.PlanarConfiguration: 2, Tag.T4Options: 7, Tag.T6Options: 2, Tag.Predictor: 3, Tag.TileWidth: _MOST_SIDE},
    **{Tag.TileLength: _MOST_SIDE, Tag.InkSet: 2, Tag.NumberOfInks: _MOST_SAMPLES, Tag.YCbCrPositioning: 2},
}
# Tags of one number for each sample, or of one for all.
_OF_SAMPLES = {Tag.BitsPerSample: 64, Tag.MaxSampleValue: 65535, Tag.ExtraSamples: 2, Tag.SampleFormat: 6}
_SUBSAMPLING = {1, 2, 4}
# Without these the pixels are the same. A value of another shape is left out; other tags are needed.
_SPARE = frozenset((Tag.NewSubfileType, Tag.SubfileType, Tag.Orientation, Tag.ResolutionUnit, Tag.InkSet))
_DENSITIES = (Tag.XResolution, Tag.YResolution)
# What decoders take when these are missing (TIFF 6.0, section 21). They matter to YCbCr alone.
_USUAL = {
    Tag.YCbCrCoefficients: tuple(Fraction(thousandths, 1000) for thousandths in (299, 587, 114)),
    Tag.ReferenceBlackWhite: tuple(map(Fraction, (0, 255, 128, 255, 128, 255))),
}
_YCBCR, _PALETTE, _JPEG = 6, 3, 7
# Samples of a colour, by how it is meant: grey, RGB, a palette, a mask, inks, YCbCr, kinds of Lab.
_COLORS = {0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3}
# Premultiplied and straight. Another sample may mean anything.
_ALPHA = {1, 2}
_SHORT, _LONG, _RATIONAL, _RATIONAL_BYTES = 3, 4, 5, 8
# A value as it is written: its type, and its bytes.
Value = tuple[int, bytes]


def kept_values(directory: Directory) -> dict[int, Value]:
    """What stays of a page's tags, except places of pixels, tables of JPEG, and the colour profile.

    Raises ValueError for a tag that is needed and has another shape.
    """
    order = directory.layout.order
    page: dict[int, Value] = {}
    for tag in (_ONCE.keys() | _OF_SAMPLES.keys()) & directory.entries.keys():
        numbers = _numbers(directory, tag)
        if numbers is not None:
            page[tag] = _written(order, numbers)
        elif tag not in _SPARE:
            raise ValueError("a tag of the TIFF does not have the numbers that it should have")
    for tag in _DENSITIES:
        # Pixels of a fax are no squares.
        found = _fractions(directory, tag, 1)
        if found and (dots := density(float(found[0]))):
            page[tag] = _RATIONAL, struct.pack(order + "II", dots, 1)
    _check_samples(directory)
    _check_colors(directory)
    if Tag.YCbCrSubSampling in directory.entries:
        sampling = _exactly(directory, Tag.YCbCrSubSampling, 2)
        if not set(sampling) <= _SUBSAMPLING:
            raise ValueError("a sampling of colours that TIFF does not have")
        page[Tag.YCbCrSubSampling] = _written(order, sampling)
    if directory.number(Tag.PhotometricInterpretation) == _PALETTE:
        bits = directory.number(Tag.BitsPerSample, 1)
        colors = _exactly(directory, Tag.ColorMap, 3 << min(bits, 16))
        page[Tag.ColorMap] = _written(order, colors)
    return page


def _numbers(directory: Directory, tag: Tag) -> tuple[int, ...] | None:
    """The numbers of a tag; None when they do not have its shape."""
    count, most = directory.entries[tag][1], _ONCE.get(tag) or _OF_SAMPLES[tag]
    samples = directory.number(Tag.SamplesPerPixel, 1)
    found = directory.numbers(tag, _MOST_SAMPLES)
    if count > (1 if tag in _ONCE else min(samples, _MOST_SAMPLES)) or len(found) != count or not found:
        return None
    if tag == Tag.RowsPerStrip:
        # Any larger number says the same: one strip.
        return (min(found[0], _MOST_SIDE),) if found[0] > 0 else None
    if tag == Tag.MaxSampleValue and len(set(found)) > 1:
        return None
    return found if all(0 <= number <= most for number in found) else None


def _exactly(directory: Directory, tag: int, count: int) -> tuple[int, ...]:
    found = directory.numbers(tag, count)
    if len(found) != count or directory.entries[tag][1] != count or not 0 <= min(found) <= max(found) <= 65535:
        raise ValueError("a tag of the TIFF does not have the numbers that it should have")
    return found


def _check_samples(directory: Directory) -> None:
    """Raise ValueError when a pixel has more than its colour and alpha: what the others say is not shown."""
    colors = _COLORS.get(directory.number(Tag.PhotometricInterpretation, 0), 0)
    more = directory.number(Tag.SamplesPerPixel, 1) - colors
    is_alpha = set(directory.numbers(Tag.ExtraSamples)) <= _ALPHA if Tag.ExtraSamples in directory.entries else False
    if colors and (more > 1 or (more == 1 and not is_alpha)):
        raise ValueError("samples of the TIFF that are neither colour nor alpha")


def _check_colors(directory: Directory) -> None:
    """Raise ValueError when YCbCr is not the usual one. A page that says it is, reads the same without the tags."""
    of_jpeg = directory.number(Tag.Compression, 1) == _JPEG
    if directory.number(Tag.PhotometricInterpretation) != _YCBCR or of_jpeg:
        return
    for tag, usual in _USUAL.items():
        if tag in directory.entries and not _alike(_fractions(directory, tag, len(usual)), usual):
            raise ValueError("colours of the TIFF are read in an uncommon way")


def _alike(found: tuple[Fraction, ...], usual: tuple[Fraction, ...]) -> bool:
    return len(found) == len(usual) and all(abs(a - b) < Fraction(1, 1000) for a, b in zip(found, usual, strict=True))


def _fractions(directory: Directory, tag: int, count: int) -> tuple[Fraction, ...]:
    """The fractions of a tag; none when it has another number of them, or other values."""
    layout, data = directory.layout, directory.data
    kind, amount, at = directory.entries.get(tag, (0, 0, 0))
    if kind != _RATIONAL or amount != count:
        return ()
    if count * _RATIONAL_BYTES > struct.calcsize(layout.word):
        (at,) = struct.unpack_from(layout.word, data, at)
    numbers = struct.unpack_from(f"{layout.order}{2 * count}I", data, at)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    return tuple(Fraction(*pair) for pair in pairs) if all(below for _, below in pairs) else ()


def _written(order: str, numbers: tuple[int, ...]) -> Value:
    kind, letter = (_SHORT, "H") if max(numbers) <= 65535 else (_LONG, "I")
    return kind, struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
