"""The same name where only numbers, tables or compressed pixels should be: in them, behind them, between them.

Each function yields where it is written, and the file. `is_in` finds it again.
"""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from collections.abc import Iterator, Mapping

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from processor_service.formats.containers import PNG_SIGNATURE, gif_blocks, jpeg_segments, png_chunk, png_chunks
from tests.helpers.secrets_in_files import NAME, Place, profile, saved, segment, small

# As much of the name as fits into one number, and a number that nobody counts to.
_PIECE, PHONE = NAME[:4], b"4930901820"


def is_in(data: bytes) -> bool:
    """Whether the name is there: in one piece, at the beginning of a number, in every second or fourth byte."""
    spread = [data[start::4] for start in range(4)]
    pairs = b"".join(bytes((byte, 1)) for byte in NAME[:3])
    return _PIECE in data or PHONE in data or pairs in data or any(_PIECE in bytes_ for bytes_ in spread)


def jpeg() -> Iterator[Place]:
    data = saved("JPEG", small(), restart_marker_rows=1)
    scan, end = data.index(b"\xff\xda"), len(data) - 2
    segments = list(jpeg_segments(data))
    kinds = {"quantization": 0xDB, "huffman": 0xC4, "frame": 0xC0, "scan": 0xDA, "restarts": 0xDD}
    for name, marker in kinds.items():
        yield f"a longer segment: {name}", b"".join(_longer(*one, marker) for one in segments)
    for name, marker in {"hierarchy": 0xDE, "expansion": 0xDF, "extension": 0xC8, "number of lines": 0xDC}.items():
        yield f"a segment of the {name}", data[:scan] + segment(marker, NAME) + data[scan:]
        yield f"a segment of the {name}, last", data[:end] + segment(marker, NAME) + data[end:]
    yield "a second frame", data[:end] + segment(0xC0, b"\x08\0\x20\0\x30\1\1\x11\0" + NAME) + data[end:]
    plain = saved("JPEG")
    extra = b"\x55" * 8 + NAME * 3
    for kind, one in (("", plain), ("progressive, ", saved("JPEG", progressive=True))):
        yield f"{kind}behind the last pixel", one[:-2] + extra + one[-2:]
        yield f"{kind}right behind the last pixel", one[:-2] + _PIECE + one[-2:]
        yield f"{kind}right behind the last pixel, without an end", one[:-2] + _PIECE
        yield f"{kind}behind the last pixel, without an end", one[:-2] + extra
    yield "a comment, cut off", plain[:2] + segment(0xFE, NAME) + plain[2:-300]
    yield "a longer segment: quantization, cut off", b"".join(_longer(*one, 0xDB) for one in segments)[:-300]
    between = saved("JPEG", progressive=True)
    second = between.index(b"\xff\xda", between.index(b"\xff\xda") + 2)
    second = between.rindex(b"\xff\xc4", 0, second) if b"\xff\xc4" in between[second - 64 : second] else second
    yield "between two scans", between[:second] + NAME * 3 + between[second:]


def _longer(marker: int, part: bytes, which: int) -> bytes:
    if marker != which:
        return part
    length = int.from_bytes(part[2:4])
    return part[:2] + (length + len(NAME)).to_bytes(2) + part[4 : 2 + length] + NAME + part[2 + length :]


def png() -> Iterator[Place]:
    data = saved("PNG")
    head, end = data[:33], png_chunk(b"IEND", b"")
    packed = b"".join(part[8:-4] for name, part in png_chunks(data) if name == b"IDAT")
    rows = zlib.decompress(packed)
    bodies = {
        "behind the compressed pixels": [packed + NAME],
        "right behind the compressed pixels": [packed + _PIECE],
        "the checksum of the compressed pixels": [packed[:-4] + _PIECE],
        "behind the compressed pixels, many": [packed + NAME * 500],
        "a chunk of pixels behind the last": [packed, NAME * 3],
        "behind the last row": [zlib.compress(rows + NAME * 3, 0)],
    }
    for where, pieces in bodies.items():
        yield where, head + b"".join(png_chunk(b"IDAT", piece) for piece in pieces) + end
    yield "pixels behind other chunks", data[:-12] + png_chunk(b"tIME", bytes(7)) + png_chunk(b"IDAT", NAME) + end
    numbers = {
        "gamma": (b"gAMA", _PIECE),
        "chromaticities": (b"cHRM", (NAME * 3)[:32]),
        "resolution": (b"pHYs", NAME[:8] + b"\1"),
        "background": (b"bKGD", NAME[:6]),
        "colours of a display": (b"mDCV", (NAME * 2)[:24]),
        "light of a display": (b"cLLI", NAME[:8]),
        "code points": (b"cICP", _PIECE),
        "behind the compressed profile": (b"iCCP", b"x\0\0" + zlib.compress(profile()) + NAME),
    }
    for where, (name, body) in numbers.items():
        yield where, head + png_chunk(name, body) + data[33:]
    colors = saved("PNG", small().quantize(8))
    at = colors.index(b"PLTE") - 4
    yield "a palette before the palette", colors[:at] + png_chunk(b"PLTE", NAME + b"  ") + colors[at:]
    first = colors.index(b"IDAT") - 4
    yield (
        "alpha of colours that are not there",
        colors[:first] + png_chunk(b"tRNS", b"\xff" * 8 + NAME) + colors[first:],
    )
    high = b"".join(bytes((byte, 1)) for byte in NAME[:3])
    yield "bits of a transparent colour that no sample has", head + png_chunk(b"tRNS", high) + data[33:]
    moving = saved("PNG", save_all=True, append_images=[small().rotate(180)], duration=100)
    for where, name in (("a frame", b"fdAT"), ("the first frame", b"IDAT")):
        yield (
            f"moving: behind {where}",
            PNG_SIGNATURE
            + b"".join(
                png_chunk(kind, part[8:-4] + NAME) if kind == name else part for kind, part in png_chunks(moving)
            ),
        )
    last = png_chunk(b"fdAT", struct.pack(">I", 9) + NAME * 3)
    yield "moving: behind the last frame", moving[:-12] + last + end


def gif() -> Iterator[Place]:
    for kind, frames in (("still", []), ("moving", [small().rotate(90)])):
        data = saved("GIF", save_all=True, append_images=frames, duration=100, loop=0)
        # The last block of codes is shorter than 255 bytes; its end, and that of the file.
        last = _last_block(data)
        longer = bytes((data[last] + len(NAME),)) + data[last + 1 : -2] + NAME
        yield f"{kind}: behind the last code", data[:last] + longer + data[-2:]
        yield f"{kind}: a block behind the last code", data[:-2] + bytes((len(NAME),)) + NAME + data[-2:]
    yield "another version", b"GIF" + NAME[:3] + saved("GIF")[6:-1] + b"\x21\xfe\x0d" + NAME + b"\0;"


def _last_block(data: bytes) -> int:
    """Where the last sub-block of a GIF's last picture begins; it has no palette of its own."""
    blocks = list(gif_blocks(data))
    last = max(at for at, (kind, _) in enumerate(blocks) if kind == b"image")
    at = sum(len(block) for _, block in blocks[:last]) + 11
    while data[at + 1 + data[at]]:
        at += 1 + data[at]
    return at


def tiff() -> Iterator[Place]:
    grey, black = small().convert("L"), small().convert("1")
    rows = grey.tobytes()
    names = {5: "tiff_lzw", 32773: "packbits"}
    strips = {code: _strip(saved("TIFF", grey, compression=name)) for code, name in names.items()}
    strips |= {1: rows, 8: zlib.compress(rows), 32946: zlib.compress(rows), 34925: lzma.compress(rows)}
    for compression, strip in strips.items():
        yield f"behind the pixels of compression {compression}", built_tiff(compression, strip + NAME)
    for compression, name in {4: "group4", 3: "group3", 2: "tiff_ccitt"}.items():
        bits = {258: (3, b"\1\0"), 262: (3, b"\1\0")}
        yield (
            f"behind the pixels of compression {compression}",
            built_tiff(compression, _strip(saved("TIFF", black, compression=name)) + NAME, bits),
        )
    yield "behind the last row, compressed", built_tiff(8, zlib.compress(rows + NAME * 3, 0))
    yield "behind the last row, packed", built_tiff(32773, strips[32773] + bytes((len(NAME) - 1,)) + NAME)
    yield "a strip more", built_tiff(1, rows + NAME, {273: _longs(8, 8 + len(rows)), 279: _longs(len(rows), len(NAME))})
    yield "a strip over the directory", built_tiff(1, rows, {279: _longs(len(rows) + 5000)}) + NAME
    doubles = 12, (NAME * 2)[:24]
    for tag in (254, 255, 266, 274, 281, 282, 283, 292, 296, 318, 332, 334, 338, 339, 529, 530, 531, 532):
        yield f"tag {tag} as doubles", built_tiff(1, rows, {tag: doubles})
    for tag in (254, 266, 274, 281, 296, 317, 332, 334, 338, 339, 530):
        yield f"tag {tag} with too many numbers", built_tiff(1, rows, {tag: (3, struct.pack("<H", 1) + NAME + b"x")})
    for tag in (254, 281, 296, 332, 339):
        yield f"tag {tag} as one large number", built_tiff(1, rows, {tag: (4, _PIECE)})
    for tag in (282, 529, 532):
        yield f"tag {tag} as fractions", built_tiff(1, rows, {tag: (5, (NAME * 4)[: {282: 8, 529: 24, 532: 48}[tag]])})
    colors = small().quantize(8)
    table = bytes(3 * 2 * 256) + NAME + b"x"
    yield "behind the table of colours", built_tiff(1, colors.tobytes(), {262: (3, b"\3\0"), 320: (3, table)})
    yield "a table of colours of grey", built_tiff(1, rows, {320: (3, NAME + b"x")})


def _strip(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, TiffImageFile)
        (place,), (size,) = image.tag_v2[273], image.tag_v2[279]
    return data[place : place + size]


def _longs(*numbers: int) -> tuple[int, bytes]:
    return 4, struct.pack(f"<{len(numbers)}I", *numbers)


def built_tiff(compression: int, strip: bytes, more: Mapping[int, tuple[int, bytes] | None] | None = None) -> bytes:
    """A grey TIFF of one strip, followed by its directory; `more`: type and bytes of other tags, None to leave one out."""
    sizes = {3: 2, 4: 4, 5: 8, 12: 8}
    tags = {256: _longs(48), 257: _longs(32), 258: (3, b"\x08\0"), 259: (3, struct.pack("<H", compression))}
    tags |= {262: (3, b"\1\0"), 273: _longs(8), 277: (3, b"\1\0"), 278: _longs(32), 279: _longs(len(strip))}
    tags |= {tag: value for tag, value in (more or {}).items() if value}
    tags = {tag: value for tag, value in tags.items() if (more or {}).get(tag, value)}
    strip += bytes(len(strip) % 2)
    first = 8 + len(strip)
    outside, entries = b"", struct.pack("<H", len(tags))
    behind = first + 2 + 12 * len(tags) + 4
    for tag, (kind, content) in sorted(tags.items()):
        value = content.ljust(4, b"\0")
        if len(content) > 4:
            value, outside = struct.pack("<I", behind + len(outside)), outside + content + bytes(len(content) % 2)
        entries += struct.pack("<HHI", tag, kind, len(content) // sizes[kind]) + value
    return b"II*\0" + struct.pack("<I", first) + strip + entries + bytes(4) + outside


def bmp() -> Iterator[Place]:
    data = saved("BMP")
    yield "reserved numbers", data[:6] + _PIECE + data[10:]
    yield "resolution", data[:38] + NAME[:8] + data[46:]
    yield "number of bytes", data[:34] + _PIECE + data[38:]
    yield "important colours", data[:50] + _PIECE + data[54:]
    start = (14 + 108).to_bytes(4, "little")
    head = struct.pack("<I", 108) + data[18:54] + (NAME * 2)[:16] + b"BGRs" + bytes(48)
    yield "masks of a picture without masks", data[:10] + start + head + data[54:]
    deep = saved("BMP", small().convert("RGBA"))
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
    fields = struct.pack("<IiiHHI", 40, 48, 32, 1, 32, 3) + bytes(20)
    for where, said in (("masks", NAME[:12]), ("a mask", masks[:8] + _PIECE)):
        yield where, deep[:10] + (66).to_bytes(4, "little") + fields + said + small().convert("RGBX").tobytes()
    colors = saved("BMP", small().convert("L"))
    yield "fourth bytes of colours", _spread(colors, 57)
    yield "behind the pixels of each row", _spread(saved("BMP", small().resize((1, 32))), 57)


def _spread(data: bytes, start: int) -> bytes:
    spread = bytearray(data)
    spread[start : start + 4 * len(NAME) : 4] = NAME
    return bytes(spread)


def ico() -> Iterator[Place]:
    bitmap = saved("BMP", small().convert("RGBA").resize((16, 16)))[14:]
    bitmap = bitmap[:8] + struct.pack("<i", 32) + bitmap[12:]
    mask = bytes(16 * 4)
    for kind, number in (("ico", 1), ("cur", 2)):
        head = struct.pack("<HHHBBBB", 0, number, 1, 16, 16, 0, 0)
        places = struct.pack("<II", len(bitmap + mask), 22)
        normal = b"\1\0\x20\0"
        yield f"{kind}: planes and depth", head + _PIECE + places + bitmap + mask
        yield f"{kind}: behind the pixels of the mask", head + normal + places + _spread(bitmap + mask, len(bitmap) + 2)
        resolution = bitmap[:24] + NAME[:8] + bitmap[32:]
        yield f"{kind}: resolution", head + normal + places + resolution + mask
    inside = saved("PNG")
    inside = inside[:33] + png_chunk(b"mDCV", (NAME * 2)[:24]) + inside[33:]
    head = struct.pack("<HHHBBBBHHII", 0, 1, 1, 48, 32, 0, 0, 1, 32, len(inside), 22)
    yield "ico: colours of a display in a png", head + inside


def pnm() -> Iterator[Place]:
    raster = small().tobytes()
    yield "a comment behind the header", b"P6 48 32 255#" + NAME + b"\n" + raster
    floats = b"".join(struct.pack("<f", value / 255) for value in small().convert("L").tobytes())
    yield "scale of floats", b"Pf\n48 32\n-" + PHONE + b"\n" + floats
