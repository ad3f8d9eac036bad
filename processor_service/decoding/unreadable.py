"""Recognizes what is not decoded, and gives the sentence that helps its sender."""

from __future__ import annotations

import codecs
import re

from PIL import Image

from ..extras import installing
from ..formats.boxes import boxes
from ..formats.registry import FORMATS, accepted, heif_is_installed
from ..settings import Settings
from .markup import described_markup, wide_text
from .raw_files import describe_raw
from .signatures import described_by_signature, described_by_traces

_HEIF_BRANDS = ("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1")
# Brands of ISO base media files (ISO 14496-12) with pictures, and with sound. All others are videos.
_AVIF_BRANDS, _JXL_BRANDS = ("avif", "avis"), ("jxl ",)
_AUDIO_BRANDS = ("M4A ", "M4B ", "M4P ", "aax ", "F4A ", "F4B ")
_MOST_BRANDS = 64


def describe_unreadable(data: bytes, settings: Settings) -> str | None:
    """A sentence when the bytes are of a known format that is not accepted; otherwise None."""
    if is_heif(data) and not heif_is_installed():
        return (
            "HEIC (HEIF) needs the optional extra: install it where the processor service runs, "
            f"with `{installing('heic')}`; {accepted(settings)}"
        )
    clause = (
        describe_raw(data)
        or described_by_signature(data.removeprefix(codecs.BOM_UTF8))
        or _described_by_brand(data)
        or described_markup(data)
        or described_by_signature(wide_text(data))
    )
    if clause is not None:
        return f"{clause}; {accepted(settings)}"
    if settings.formats == "common" and (rare := rare_format(data)):
        return f"{rare} is accepted only with IMAGE_FORMATS=all; {accepted(settings)}"
    return None


def describe_unknown(data: bytes, settings: Settings) -> str | None:
    """A sentence for bytes that no decoder takes, when they show traces of a known format."""
    clause = described_by_traces(data)
    return None if clause is None else f"{clause}; {accepted(settings)}"


def is_heif(data: bytes) -> bool:
    """Whether an ISO base media file says that it holds HEVC pictures (ISO 23008-12). AVIF uses the same container."""
    brands = _brands(data)
    return not any(brand in _AVIF_BRANDS for brand in brands) and any(brand in _HEIF_BRANDS for brand in brands)


def _described_by_brand(data: bytes) -> str | None:
    brands = _brands(data)
    if not brands or (any(brand in (*_HEIF_BRANDS, *_AVIF_BRANDS) for brand in brands) and not _is_disguised(data)):
        return None
    if "crx " in brands:
        return describe_raw(b"\0\0\0\x18ftypcrx ")
    if any(brand in _JXL_BRANDS for brand in brands):
        return "JPEG XL is not accepted; convert it to PNG or JPEG first"
    if brands[0] in _AUDIO_BRANDS:
        return "M4A is a recording of sound, not a picture"
    return f"{'QuickTime' if brands[0] == 'qt  ' else 'MP4 (or a relative of it)'} is a video, not a picture"


def _is_disguised(data: bytes) -> bool:
    """Whether a video calls itself a picture: it has tracks, but no list of pictures. AVIF's sequences need none."""
    names = {name for name, _, _ in boxes(data)}
    return b"moov" in names and b"meta" not in names and "avis" not in _brands(data)


def _brands(data: bytes) -> list[str]:
    """The brands of an ISO base media file, the most important first; none for other files."""
    if data[4:8] != b"ftyp":
        return []
    # Sizes of 0 and 1 are for longer boxes than this one. Brands follow in any case.
    end = min(int.from_bytes(data[:4]) or len(data), 16 + 4 * _MOST_BRANDS)
    return [data[start : start + 4].decode("latin-1") for start in (8, *range(16, end, 4))]


def rare_format(data: bytes) -> str | None:
    """The name of the rare format whose signature the bytes have; None when there is none."""
    Image.init()
    for one in FORMATS:
        accepts = [(name, Image.OPEN[name][1]) for name in one.pillow if one.rare]
        if any(accept and accept(data[:16]) is True and plausible(name, data) for name, accept in accepts):
            return one.name
    return None


def plausible(name: str, data: bytes) -> bool:
    """Whether bytes may be of a format with little or no signature: text and noise must not be taken for pictures.

    `name`: Pillow's name of the decoder. True for formats that Pillow itself recognizes well.
    """
    if name == "IM":
        return b"Image type:" in data[:512] and b"\x1a" in data[:2048]
    if name == "XBM":
        return re.search(rb"#define\s+\S+_width\s+\d", data[:2048]) is not None
    if name in ("PCX", "DCX"):
        return name == "DCX" or (data[2:3] == b"\x01" and data[3:4] in (b"\x01", b"\x02", b"\x04", b"\x08"))
    return name != "TGA" or _plausible_tga(data)


def _plausible_tga(data: bytes) -> bool:
    """Whether the header's fields agree with each other and with the number of bytes (Truevision TGA 2.0)."""
    if len(data) < 19:
        return False
    color_map, kind, depth, flags = data[1], data[2], data[16], data[17]
    map_length, map_bits = int.from_bytes(data[5:7], "little"), data[7]
    width, height = (int.from_bytes(data[start : start + 2], "little") for start in (12, 14))
    depths = {1: (8,), 2: (16, 24, 32), 3: (1, 8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}
    if depth not in depths.get(kind, ()) or flags & 0xC0 or not width or not height:
        return False
    if color_map != (1 if kind in (1, 9) else color_map & 1) or (color_map and map_bits not in (15, 16, 24, 32)):
        return False
    pixels = width * height
    # In the compressed kinds a run has at most 128 pixels.
    least = pixels * depth // 8 if kind < 8 else -(-pixels // 128) * (1 + depth // 8)
    return len(data) >= 18 + data[0] + color_map * map_length * ((map_bits + 7) // 8) + least * 0.5
