"""What is not decoded, and the sentence that helps whoever sent it."""

from __future__ import annotations

import re

from PIL import Image

from .formats import RARE, accepted, heif_is_installed, public_name
from .raw_files import describe_raw
from .settings import Settings

_HEIF_BRANDS = ("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1")
_VIDEO = "is a video, not a picture"
_CONVERT = "is not accepted; convert it to PNG or JPEG first"

# Offset, signature, name, what to say about it.
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"%PDF", "PDF", "is a document; send its pages as pictures"),
    (0, b"%!PS", "PostScript", "is a program; send the picture that it draws"),
    (0, b"\xc5\xd0\xd3\xc6", "EPS", "is a program; send the picture that it draws"),
    (0, b"\xff\x0a", "JPEG XL", _CONVERT),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL", _CONVERT),
    (0, b"II\xbc\x01", "JPEG XR", _CONVERT),
    (0, b"v/1\x01", "OpenEXR", _CONVERT),
    (0, b"#?RADIANCE", "Radiance HDR", _CONVERT),
    (0, b"FLIF", "FLIF", _CONVERT),
    (0, b"BPG\xfb", "BPG", _CONVERT),
    (0, b"AT&TFORM", "DjVu", _CONVERT),
    (0, b"\xabKTX", "KTX", _CONVERT),
    (128, b"DICM", "DICOM", _CONVERT),
    (0, b"SIMPLE  =", "FITS", _CONVERT),
    (0, b"\x89HDF", "HDF5", _CONVERT),
    (0, b"GRIB", "GRIB", _CONVERT),
    (0, b"BUFR", "BUFR", _CONVERT),
    (0, b"\xd7\xcd\xc6\x9a", "WMF", "is a drawing; send it as PNG"),
    (40, b" EMF", "EMF", "is a drawing; send it as PNG"),
    (4, b"ftypmp4", "MP4", _VIDEO),
    (4, b"ftypisom", "MP4", _VIDEO),
    (4, b"ftypM4V", "MP4", _VIDEO),
    (4, b"ftypqt  ", "QuickTime", _VIDEO),
    (8, b"AVI ", "AVI", _VIDEO),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM", _VIDEO),
    (0, b"\x00\x00\x01\xb3", "MPEG", _VIDEO),
    (0, b"\x00\x00\x01\xba", "MPEG", _VIDEO),
    (0, b"\x1f\x8b", "gzip", "is an archive; send what is in it"),
    (0, b"PK\x03\x04", "zip", "is an archive or an office document; send the pictures in it"),
)


def describe_unreadable(data: bytes, settings: Settings) -> str | None:
    """A sentence when the bytes are of a known format that is not accepted, None otherwise."""
    for offset, signature, name, remark in _SIGNATURES:
        if data.startswith(signature, offset):
            return f"{name} {remark}; {accepted(settings)}"
    if complaint := describe_raw(data):
        return f"{complaint}; {accepted(settings)}"
    if is_heif(data) and not heif_is_installed():
        return (
            "HEIC (HEIF) needs the optional extra: install it where the processor service runs, "
            f"with `pip install 'ingest-image[heic]'`; {accepted(settings)}"
        )
    if re.match(rb"\s*<(\?xml|!DOCTYPE|svg|html|!--)", data[:512], re.IGNORECASE):
        if b"<svg" in data[:4096]:
            return f"SVG is a drawing that may fetch and run things; send it as PNG; {accepted(settings)}"
        return f"the bytes are markup (HTML or XML), not a picture; {accepted(settings)}"
    if settings.formats == "common" and (rare := rare_format(data)):
        return f"{rare} is accepted only with IMAGE_FORMATS=all; {accepted(settings)}"
    return None


def is_heif(data: bytes) -> bool:
    """Whether an ISO base media file says that it holds HEVC pictures (ISO 23008-12); AVIF uses the same container."""
    if data[4:8] != b"ftyp":
        return False
    size = min(int.from_bytes(data[:4]), 256)
    brands = [data[start : start + 4].decode("latin-1") for start in (8, *range(16, size, 4))]
    return "avif" not in brands and "avis" not in brands and any(brand in _HEIF_BRANDS for brand in brands)


def rare_format(data: bytes) -> str | None:
    """Public name of the rare format whose signature the bytes bear."""
    Image.init()
    for name in RARE:
        accept = Image.OPEN[name][1]
        if accept and accept(data[:16]) is True and plausible(name, data):
            return public_name(name)
    return None


def plausible(name: str, data: bytes) -> bool:
    """Whether bytes may be of a format that nothing or little marks: text and noise must not be taken for pictures."""
    if name == "IM":
        return b"Image type:" in data[:512] and b"\x1a" in data[:2048]
    if name == "XBM":
        return re.search(rb"#define\s+\S+_width\s+\d", data[:2048]) is not None
    if name in ("PCX", "DCX"):
        return name == "DCX" or (data[2:3] == b"\x01" and data[3:4] in (b"\x01", b"\x02", b"\x04", b"\x08"))
    return name != "TGA" or _plausible_tga(data)


def _plausible_tga(data: bytes) -> bool:
    """Header fields that agree with each other and with the number of bytes (Truevision TGA 2.0)."""
    if len(data) < 19:
        return False
    color_map, kind, depth, flags = data[1], data[2], data[16], data[17]
    map_length, map_bits = int.from_bytes(data[5:7], "little"), data[7]
    width, height = (int.from_bytes(data[start : start + 2], "little") for start in (12, 14))
    depths = {1: (8,), 2: (16, 24, 32), 3: (8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}
    if depth not in depths.get(kind, ()) or flags & 0xC0 or not width or not height:
        return False
    if color_map != (1 if kind in (1, 9) else color_map & 1) or (color_map and map_bits not in (15, 16, 24, 32)):
        return False
    pixels = width * height
    # A run of the compressed kinds stands for at most 128 pixels.
    least = pixels * depth // 8 if kind < 8 else -(-pixels // 128) * (1 + depth // 8)
    return len(data) >= 18 + data[0] + color_map * map_length * ((map_bits + 7) // 8) + least * 0.5
