"""Small files that claim, or unpack to, more than any picture should have; each written by hand."""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from processor_service.errors import Code
from processor_service.settings import Settings
from tests.helpers.pictures import encoded

HUGE = 10_000


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *extra: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + pixels + png_chunk(b"IEND", b"")


def jpeg2000() -> bytes:
    """160 bytes, 10,000 x 10,000 pixels: a codestream's SIZ, COD and QCD (ISO 15444-1, annex A) and one empty tile."""
    size = struct.pack(">2H8IH", 47, 0, HUGE, HUGE, 0, 0, HUGE, HUGE, 0, 0, 3) + b"\x07\x01\x01" * 3
    coding = b"\xff\x52\0\x0c\0\0\0\x01\x01\x05\x04\x04\0\0"
    quantization = b"\xff\x5c\0\x13\x40" + bytes(16)
    stream = b"\xff\x4f\xff\x51" + size + coding + quantization
    return stream + b"\xff\x64" + struct.pack(">H", 160 - len(stream) - 4) + bytes(160 - len(stream) - 6) + b"\xff\xd9"


def tiff(*entries: tuple[int, int, int, int], body: bytes = b"") -> bytes:
    """Little endian; entries are (tag, type, count, value)."""
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory + bytes(4)


def tiff_of(width: int, height: int, *more: tuple[int, int, int, int]) -> bytes:
    common = ((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1))
    return tiff(*common, *more, body=bytes(64))


def webp() -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (HUGE - 1).to_bytes(3, "little") * 2
    frame = encoded(Image.new("RGB", (1, 1)), "WEBP")[12:]
    animation = (
        b"ANIM" + struct.pack("<IIH", 6, 0, 0) + b"ANMF" + struct.pack("<I", 16 + len(frame)) + bytes(16) + frame
    )
    return b"RIFF" + struct.pack("<I", len(body + animation)) + body + animation


def avif() -> bytes:
    small = encoded(Image.new("RGB", (16, 16)), "AVIF")
    at = small.index(b"ispe") + 8
    return small[:at] + struct.pack(">II", HUGE, HUGE) + small[at + 8 :]


def gif() -> bytes:
    small = encoded(Image.new("L", (1, 1)), "GIF")
    return small[:6] + struct.pack("<HH", HUGE, HUGE) + small[10:]


def jpeg(width: int = HUGE, height: int = HUGE) -> bytes:
    small = encoded(Image.new("RGB", (8, 8)), "JPEG")
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]


def jpeg_of_many_scans(scans: int = 400) -> bytes:
    """The last scan of a progressive JPEG again and again: each pass over the pixels costs four bytes or so."""
    data = encoded(Image.new("RGB", (1600, 1200)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * scans + b"\xff\xd9"


def ico() -> bytes:
    inner = png(HUGE, HUGE)
    return struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def bmp(width: int, height: int, compression: int = 0, body: bytes = bytes(64)) -> bytes:
    header = struct.pack("<I2i2H6I", 40, width, height, 1, 8, compression, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024 + len(body), 0, 0, 54 + 1024) + header + bytes(1024) + body


def bmp_of_runs() -> bytes:
    """Run-length encoded, decoded by Python code: 25 megapixels in 200 kB."""
    return bmp(5000, 5000, 1, b"\xff\0" * (5000 * 5000 // 255))


def apng_frames() -> bytes:
    count = Settings().max_frames + 1
    numbers = [struct.pack(">5I2H2B", max(0, 2 * number - 1), 10, 10, 0, 0, 1, 10, 0, 0) for number in range(count)]
    first, *later = (png_chunk(b"fcTL", one) for one in numbers)
    pixels = zlib.compress(bytes(10 * 31))
    still = png(10, 10, png_chunk(b"acTL", struct.pack(">II", count, 0)) + first)
    frames = (one + png_chunk(b"fdAT", struct.pack(">I", 2 * number) + pixels) for number, one in enumerate(later, 1))
    return still[:-12] + b"".join(frames) + still[-12:]


def text_bomb() -> bytes:
    chunk = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000), 9))
    small = encoded(Image.new("RGB", (8, 8)))
    return small[:33] + chunk * 100 + small[33:]


def profile_bomb() -> bytes:
    small = encoded(Image.new("RGB", (8, 8)))
    return small[:33] + png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(60_000_000), 9)) + small[33:]


# What the bomb is, and the code with which it is refused.
REFUSED: dict[str, tuple[bytes, Code]] = {
    "jpeg 2000": (jpeg2000(), Code.TOO_MANY_PIXELS),
    "png": (png(HUGE, HUGE), Code.TOO_MANY_PIXELS),
    "long png": (png(40_000, 100), Code.DIMENSION_TOO_LARGE),
    "gif": (gif(), Code.TOO_MANY_PIXELS),
    "webp": (webp(), Code.TOO_MANY_PIXELS),
    "avif": (avif(), Code.TOO_MANY_PIXELS),
    "jpeg": (jpeg(), Code.TOO_MANY_PIXELS),
    "jpeg of many scans": (jpeg_of_many_scans(), Code.TOO_MANY_PIXELS),
    "ico": (ico(), Code.TOO_MANY_PIXELS),
    "bmp": (bmp(HUGE, HUGE), Code.TOO_MANY_PIXELS),
    "bmp of runs": (bmp_of_runs(), Code.TOO_MANY_PIXELS),
    "pnm": (b"P6 10000 10000 255\n" + bytes(64), Code.TOO_MANY_PIXELS),
    "psd": (b"8BPS\0\x01" + bytes(6) + struct.pack(">H2I2H", 3, HUGE, HUGE, 8, 3) + bytes(14), Code.TOO_MANY_PIXELS),
    "qoi": (b"qoif" + struct.pack(">2I2B", 3000, 3000, 3, 0) + bytes(64), Code.TOO_MANY_PIXELS),
    "tiff": (tiff_of(HUGE, HUGE, (273, 4, 1, 8), (279, 4, 1, 64)), Code.TOO_MANY_PIXELS),
    "tiff of a huge tile": (
        tiff_of(10, 10, (322, 4, 1, 60_000), (323, 4, 1, 60_000), (324, 4, 1, 8), (325, 4, 1, 64), (259, 3, 1, 5)),
        Code.CORRUPT_IMAGE,
    ),
    "tiff of two milliards of strips": (
        tiff_of(10, 10, (273, 4, 2**31 - 1, 8), (279, 4, 2**31 - 1, 8), (278, 4, 1, 1)),
        Code.CORRUPT_IMAGE,
    ),
    "apng": (apng_frames(), Code.TOO_MANY_FRAMES),
}
# Good pictures with bombs in their metadata: processed, the metadata dropped.
DEFUSED = {"texts of a png": text_bomb(), "profile of a png": profile_bomb()}


def small_pictures() -> list[bytes]:
    image = Image.effect_noise((64, 64), 50).convert("RGB")
    return [encoded(image, name) for name in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "JPEG2000", "AVIF")]
