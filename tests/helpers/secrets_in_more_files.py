"""The same for TIFF, AVIF, HEIF, icons, bitmaps, and the formats that are always encoded again."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

from tests.helpers.pictures import picture
from tests.helpers.png_chunks import chunk
from tests.helpers.secrets_in_files import IPTC, NAME, XMP, Place, box, exif, large_exif, profile, saved, segment, small

_WINDOWS = NAME.decode().encode("utf-16-le") + b"\0\0"


def tiff() -> Iterator[Place]:
    tags: dict[str, tuple[int, Any, int]] = {
        "description": (270, NAME.decode(), 2),
        "artist": (315, NAME.decode(), 2),
        "copyright": (33432, NAME.decode(), 2),
        "document": (269, NAME.decode(), 2),
        "page": (285, NAME.decode(), 2),
        "computer": (316, NAME.decode(), 2),
        "ink names": (333, NAME.decode(), 2),
        "target printer": (337, NAME.decode(), 2),
        "windows' author": (40093, _WINDOWS, 1),
        "windows' comment": (40092, _WINDOWS, 1),
        "serial number": (50735, NAME.decode(), 2),
        "xmp": (700, XMP, 1),
        "iptc": (33723, IPTC, 7),
        "photoshop": (34377, b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0", 7),
        "photoshop's layers": (37724, NAME, 7),
        "geotiff's names": (34737, NAME.decode(), 2),
        # Doubles, whose bytes spell the name.
        "geotiff's place": (33922, struct.unpack("=6d", NAME.ljust(48)), 12),
        "geotiff's scale": (33550, struct.unpack("=3d", NAME.ljust(24)), 12),
        "geotiff's numbers": (34736, struct.unpack("=2d", NAME.ljust(16)), 12),
        "gdal": (42112, NAME.decode(), 2),
        "own": (65000, NAME, 7),
        "text where a number should be": (297, NAME.decode(), 2),
        "many numbers": (336, NAME * 20, 1),
        "no profile": (34675, NAME * 20, 7),
        "behind the profile": (34675, profile() + NAME, 7),
        "large": (65001, NAME * 30_000, 7),
    }
    for where, (tag, value, kind) in tags.items():
        directory = TiffImagePlugin.ImageFileDirectory_v2()
        directory.tagtype[tag] = kind
        directory[tag] = value
        yield where, saved("TIFF", tiffinfo=directory)
        yield f"{where}, second page", saved("TIFF", save_all=True, append_images=[_page(directory)])
    yield "exif and place", saved("TIFF", exif=exif())
    place_only = Image.Exif()
    place_only.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.99), 3: "E", 4: (2.0, 17.0, 40.0)})
    yield "place alone", saved("TIFF", exif=place_only.tobytes())
    yield "exif of 400 kB", saved("TIFF", exif=large_exif())
    yield "big", saved("TIFF", big_tiff=True, exif=exif())
    yield "behind the end", saved("TIFF") + NAME
    for case in ("gps_only.tif", "page2gps.tif"):
        yield case, picture(f"cases/{case}") + NAME
    for compression in ("raw", "tiff_lzw"):
        data = saved("TIFF", compression=compression, tiffinfo={315: NAME.decode()})
        yield f"in a strip that is said to reach to the end, {compression}", _strip_to_the_end(data)
    strip = saved("TIFF", compression="jpeg")
    at = strip.index(b"\xff\xd8\xff")
    # Room for a comment in the strip: its tables are written into a comment's place.
    yield "in a strip of JPEG", _longer_strip(strip, at, segment(0xFE, NAME))


def _page(directory: TiffImagePlugin.ImageFileDirectory_v2) -> Image.Image:
    page = small().copy()
    page.encoderinfo = {"tiffinfo": directory}
    return page


def _strip_to_the_end(data: bytes) -> bytes:
    """A TIFF with pixels before its directory, whose number of bytes is that of the whole file."""
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, TiffImageFile)
        (place,), (size,) = image.tag_v2[273], image.tag_v2[279]
    moved = data + data[place : place + size] + NAME * 3
    entry = struct.Struct("<HHII")
    moved = moved.replace(entry.pack(279, 4, 1, size), entry.pack(279, 4, 1, len(moved)), 1)
    if place == 8:
        return moved.replace(entry.pack(279, 4, 1, len(moved)), entry.pack(279, 4, 1, len(moved) - place), 1)
    return moved.replace(entry.pack(273, 4, 1, place), entry.pack(273, 4, 1, len(data)), 1)


def _longer_strip(data: bytes, at: int, more: bytes) -> bytes:
    """A TIFF whose first strip, which begins at `at`, has more bytes behind its first two; at the end of the file."""
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, TiffImageFile)
        directory = image.tag_v2
        offsets, sizes = directory[273], directory[279]
    moved = data + data[at : at + 2] + more + data[at + 2 : at + sizes[0]]
    moved = moved.replace(struct.pack("<I", offsets[0]), struct.pack("<I", len(data)), 1)
    return moved.replace(struct.pack("<I", sizes[0]), struct.pack("<I", sizes[0] + len(more)), 1)


def avif() -> Iterator[Place]:
    data = saved("AVIF")
    yield "exif", saved("AVIF", exif=exif())
    yield "xmp", saved("AVIF", xmp=XMP)
    yield "exif, moving", saved("AVIF", save_all=True, append_images=[small().rotate(180)], exif=exif())
    yield "by libavif", picture("libavif/paris_icc_exif_xmp.avif") + box(b"free", NAME)
    yield from _in_boxes(data)
    yield from _behind_numbers(data)
    at = data.index(b"Color\0")
    yield "name of an item", data[:at] + NAME[:5] + data[at + 5 :] + box(b"free", NAME)


def heif() -> Iterator[Place]:
    yield from _in_boxes(picture("thumbor/image.heic"))
    yield from _behind_numbers(picture("thumbor/image.heic"))


def _behind_numbers(data: bytes) -> Iterator[Place]:
    """The name behind the numbers of a box, in a file whose list of items is at the end, so that no pixels move."""
    at = data.index(b"meta") - 4
    end = at + int.from_bytes(data[at : at + 4])
    others = data[:at] + box(b"free", bytes(end - at - 8)) + data[end:]
    for name in (b"ispe", b"pixi", b"pitm"):
        inside = data[at + 8 : end]
        place = inside.index(name) - 4
        around = (place,) if name == b"pitm" else (inside.index(b"iprp") - 4, inside.index(b"ipco") - 4, place)
        for start in reversed(around):
            size = int.from_bytes(inside[start : start + 4])
            inside = inside[:start] + (size + len(NAME)).to_bytes(4) + inside[start + 4 :]
        last = place + int.from_bytes(inside[place : place + 4]) - len(NAME)
        yield f"behind the numbers of {name.decode()}", others + box(b"meta", inside[:last] + NAME + inside[last:])


def _in_boxes(data: bytes) -> Iterator[Place]:
    for name, body in (
        (b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP),
        (b"uuid", bytes(16) + exif()),
        (b"udta", box(b"name", NAME)),
        (b"free", NAME),
        (b"skip", NAME),
        (b"mdat", NAME),
        (b"meta", bytes(4) + box(b"xml ", bytes(4) + XMP)),
        (b"moov", box(b"udta", box(b"\xa9xyz", NAME))),
        (b"what", NAME),
    ):
        yield f"{name.decode('latin-1')} with {body[20:40]!r} at the end", data + box(name, body)
    yield "behind the end", data + NAME


def icons() -> Iterator[Place]:
    inside = saved("PNG")
    inside = inside[:33] + chunk(b"eXIf", exif(prefix=False)) + chunk(b"tEXt", b"Author\0" + NAME) + inside[33:]
    bitmap = saved("BMP", small().convert("RGBA").resize((16, 16)))[14:]
    bitmap = bitmap[:8] + struct.pack("<i", 32) + bitmap[12:] + bytes(16 * 4)
    for kind, number in (("ico", 1), ("cur", 2)):
        head = struct.pack("<HHHBBBBHHII", 0, number, 1, 48, 32, 0, 0, 1, 32, len(inside), 22)
        if kind == "ico":
            yield f"{kind}: png", head + inside
        head = struct.pack("<HHHBBBBHHII", 0, number, 1, 16, 16, 0, 0, 1, 32, len(bitmap), 22 + len(NAME))
        yield f"{kind}: before the picture", head + NAME + bitmap
        head = struct.pack("<HHHBBBBHHII", 0, number, 1, 16, 16, 0, 0, 1, 32, len(bitmap) + len(NAME), 22)
        yield f"{kind}: behind the rows", head + bitmap + NAME
        yield f"{kind}: behind the end", head + bitmap + NAME + NAME
    yield "ico: case", picture("cases/gps.ico") + NAME


def icns() -> Iterator[Place]:
    data = saved("ICNS", small().resize((128, 128)))
    yield "behind the end", data + NAME
    inside = saved("PNG", small().resize((128, 128)))
    inside = inside[:33] + chunk(b"eXIf", exif(prefix=False)) + chunk(b"tEXt", b"Author\0" + NAME) + inside[33:]
    for where, picture_ in (("png", inside), ("jpeg 2000", saved("JPEG2000", small().resize((128, 128))))):
        if where == "jpeg 2000":
            picture_ += box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP)
        entry = b"ic07" + (8 + len(picture_)).to_bytes(4) + picture_
        yield f"{where} inside", b"icns" + (8 + len(entry)).to_bytes(4) + entry
    more = data + b"name" + (8 + len(NAME)).to_bytes(4) + NAME
    yield "unknown", more[:4] + len(more).to_bytes(4) + more[8:]


def bmp() -> Iterator[Place]:
    data = saved("BMP")
    yield "behind the end", data + NAME
    moved = data[:10] + (54 + len(NAME)).to_bytes(4, "little") + data[14:54] + NAME + data[54:]
    yield "before the rows", moved
    for kind, content in ((b"DEBM", profile() + NAME), (b"KNIL", b"C:\\Users\\" + NAME)):
        head = struct.pack("<I", 124) + data[18:54] + struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0) + kind + bytes(48)
        rows = data[54:]
        head += struct.pack("<IIII", 4, 124 + len(rows), len(content), 0)
        head += bytes(124 - len(head))
        yield f"profile {kind.decode()}", data[:10] + (14 + 124).to_bytes(4, "little") + head + rows + content
    head = struct.pack("<I", 108) + data[18:54] + struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0) + bytes(4)
    head += NAME.ljust(48, b"\0")
    yield "primary colours", data[:10] + (14 + 108).to_bytes(4, "little") + head + data[54:]
    yield "without its file header", data[14:] + NAME
    yield "compressed", picture("golang-image/colormap.bmp") + NAME


def pnm() -> Iterator[Place]:
    raster = small().tobytes()
    yield "comment", b"P6\n# " + NAME + b"\n48 32\n255\n" + raster
    yield "comment between", b"P6 48 # " + NAME + b"\n32\n255\n" + raster
    yield "behind the end", b"P6 48 32 255\n" + raster + NAME
    yield "a second picture", (b"P6 48 32 255\n" + raster) + b"P5\n#" + NAME + b"\n1 1 255\n\0"
    plain = b" ".join(b"%d" % value for value in small().convert("L").tobytes())
    yield "plain", b"P2\n#" + NAME + b"\n48 32\n255\n" + plain + b"\n#" + NAME
    yield "case", picture("cases/comment.ppm") + NAME


def others() -> Iterator[Place]:
    """By the name of their format, all of which are encoded again."""
    files = {
        "psd": "rgba.psd",
        "dds": "bgr15.dds",
        "ftex": "ftex_dxt1.ftc",
        "qoi": "hopper.qoi",
        "sgi": "hopper.sgi",
        "sun": "hopper.ras",
        "pcx": "odd_stride.pcx",
        "dcx": "hopper.dcx",
        "fli": "hopper.fli",
        "im": "hopper_long_name.im",
        "msp": "hopper.msp",
        "pixar": "hopper.pxr",
        "xbm": "hopper_underscore.xbm",
        "xpm": "hopper_bpp2.xpm",
        "tga": "la.tga",
    }
    for format_, name in files.items():
        yield f"{format_}: behind the end", picture(f"pillow/{name}") + b"\n" + NAME
    yield "blp: behind the end", saved("BLP", small().convert("P")) + NAME
    tga = saved("TGA")
    yield "tga: name", bytes((len(NAME),)) + tga[1:18] + NAME + tga[18:]
    sgi = saved("SGI")
    yield "sgi: name", sgi[:24] + NAME.ljust(80, b"\0") + sgi[104:]
    yield "xbm: comment", b"/* " + NAME + b" */\n" + saved("XBM", small().convert("1"))
    yield "xpm: comment", picture("pillow/hopper_bpp2.xpm").replace(b"*/", b"*/ /* " + NAME + b" */", 1)
    im = picture("pillow/hopper_long_name.im")
    yield "im: comment", (b"Comment: " + NAME + b"\r\n" + im[:511].rstrip(b"\0")).ljust(511, b"\0") + im[511:]
    psd = picture("pillow/rgba.psd")
    resource = b"8BIM\x04\x24\0\0" + struct.pack(">I", len(XMP)) + XMP + bytes(len(XMP) % 2)
    (size,) = struct.unpack_from(">I", psd, 30)
    yield "psd: xmp", psd[:30] + struct.pack(">I", size + len(resource)) + resource + psd[34:]
