"""Which picture formats are read and written, by their public names."""

from __future__ import annotations

# Pillow's names of the formats that are decoded. Everything else Pillow knows is refused: rare formats are
# where decoders are weakest (a 4K QOI took 12 s), and EPS would start an interpreter.
READABLE = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP", "DIB", "ICO", "JPEG2000", "PPM")

# What the format is stored as when the recipe names none: itself where it can be written well, PNG otherwise.
WRITABLE = ("jpeg", "png", "webp", "gif", "tiff", "avif")
_STORED_AS = {"mpo": "jpeg"}

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "EPS"),
    (0, b"8BPS", "Photoshop"),
    (0, b"qoif", "QOI"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"DDS ", "DDS"),
    (0, b"icns", "ICNS"),
    (0, b"\x01\xda", "SGI"),
    (0, b"\x59\xa6\x6a\x95", "Sun raster"),
    (0, b"/* XPM", "XPM"),
    (0, b"\xd7\xcd\xc6\x9a", "WMF"),
    (0, b"BLP", "BLP"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftyphevc", "HEIC"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"PK\x03\x04", "zip"),
)


def public_name(pillow_name: str) -> str:
    """`JPEG` to `jpeg`, `JPEG2000` to `jp2`, `PPM` to `pnm`."""
    return {"JPEG2000": "jp2", "PPM": "pnm", "DIB": "bmp"}.get(pillow_name, pillow_name.lower())


ACCEPTED = f"accepted are {', '.join(dict.fromkeys(map(public_name, READABLE)))}"


def stored_as(name: str) -> str:
    """The format in which a picture of format `name` is stored when the recipe does not say."""
    name = _STORED_AS.get(name, name)
    return name if name in WRITABLE else "png"


def describe_unreadable(data: bytes) -> str | None:
    """A sentence when the bytes are of a known format that is not accepted, None otherwise."""
    for offset, signature, name in _SIGNATURES:
        if data.startswith(signature, offset):
            if name == "HEIF" and b"avif" in data[:64]:
                continue
            return f"{name} is not accepted; {ACCEPTED}"
    head = data[:512].lstrip()
    if head.startswith((b"<svg", b"<?xml")) and b"<svg" in data[:2048]:
        return f"SVG is not accepted; {ACCEPTED}"
    return None
