"""A name and a place, written into every place of a picture file that has room for them.

Each function yields where it is written, and the file. Formats are those of `CUTS` and all that are always encoded again.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache

from PIL import ExifTags, Image, ImageCms

from processor_service.formats.containers import png_chunks
from tests.helpers.pictures import picture
from tests.helpers.png_chunks import chunk

NAME = b"Zebedee Quirk"
LATITUDE = b"48,51.4997N"
_SECONDS = 2999
# What must not be found in stored bytes: the name in three encodings, and the place in EXIF and in XMP.
TRACES = (
    NAME,
    NAME.decode().encode("utf-16-le"),
    NAME.decode().encode("utf-16-be"),
    LATITUDE,
    struct.pack(">II", _SECONDS, 100),
    struct.pack("<II", _SECONDS, 100),
)
XMP = (
    b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''"
    b" xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/' exif:GPSLatitude='"
    + LATITUDE
    + b"'><dc:creator><rdf:Seq><rdf:li>"
    + NAME
    + b"</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
)
IPTC = b"\x1c\x02\x50" + len(NAME).to_bytes(2) + NAME
Place = tuple[str, bytes]


@cache
def exif(prefix: bool = True) -> bytes:
    """EXIF with the name and the place."""
    block = Image.Exif()
    block[ExifTags.Base.Artist] = NAME.decode()
    block.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, _SECONDS / 100), 3: "E", 4: (2.0, 17.0, 40.0)})
    data = block.tobytes()
    return data if prefix else data.removeprefix(b"Exif\0\0")


@cache
def odd_exifs() -> dict[str, bytes]:
    """EXIF, without its prefix, that programs give up on: what they cannot read is metadata all the same."""
    whole = exif(prefix=False)
    order, first = ("<", 8) if whole.startswith(b"II") else (">", 8)
    count = struct.unpack_from(f"{order}H", whole, first)[0]
    return {
        "unreadable": b"Adobe\0" + NAME,
        "of another byte order": (b"MM" if order == "<" else b"II") + whole[2:],
        "with its directory far away": whole[:4] + struct.pack(f"{order}I", 2**31) + whole[8:],
        "with more entries than it has": whole[:first] + struct.pack(f"{order}H", count + 5000) + whole[first + 2 :],
        "cut off": whole[: whole.index(NAME) + len(NAME)],
        "of 40 kB": whole + bytes(40_000),
    }


def large_exif() -> bytes:
    """EXIF of 400 kB, without its prefix: behind a maker's note come the name and the place."""
    block = Image.Exif()
    block[ExifTags.Base.Artist] = NAME.decode()
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = bytes(400_000)
    block.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, _SECONDS / 100), 3: "E", 4: (2.0, 17.0, 40.0)})
    return block.tobytes().removeprefix(b"Exif\0\0")


@cache
def small() -> Image.Image:
    return Image.open(io.BytesIO(picture("pillow/hopper.jpg"))).convert("RGB").resize((48, 32))


def saved(format_: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or small()).save(buffer, format_, **options)
    return buffer.getvalue()


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def riff(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def box(name: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4) + name + body


def mpo() -> Iterator[Place]:
    """Several JPEGs in one file: Pillow writes the EXIF into the first, and each picture may have its own."""
    yield "exif", saved("MPO", save_all=True, append_images=[small()], exif=exif())
    data = saved("MPO", save_all=True, append_images=[small()])
    second = data.rindex(b"\xff\xd8\xff")
    yield "second picture", data[: second + 2] + segment(0xE1, exif()) + data[second + 2 :]


def jpeg() -> Iterator[Place]:
    data = saved("JPEG")
    scan = data.index(b"\xff\xda")
    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", len(XMP), 0) + XMP
    bodies = {
        "exif": (0xE1, exif()),
        "xmp": (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        "extended xmp": (0xE1, extended),
        "iptc": (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + b"\0"),
        "comment": (0xFE, NAME),
        "jfxx": (0xE0, b"JFXX\0\x10" + NAME),
        "more pictures": (0xE2, b"MPF\0" + NAME),
        "flashpix": (0xE2, b"FPXR\0" + NAME),
        "no profile": (0xE2, b"ICC_PROFILE\0\1\1" + NAME * 20),
        "behind the profile": (0xE2, b"ICC_PROFILE\0\1\1" + profile() + NAME),
        "content credentials": (0xEB, b"JP\0\1\0\0\0\1" + NAME),
        "ducky": (0xEC, b"Ducky\0\1\0\4\0" + NAME),
        "behind adobe": (0xEE, b"Adobe\0\x64\0\0\0\0\1" + NAME),
        "spiff": (0xE8, b"SPIFF\0" + NAME),
        **{f"application {number}": (0xE0 + number, b"MAKER\0" + NAME) for number in (3, 4, 5, 6, 7, 9, 10, 15)},
        "reserved": (0xF3, NAME),
        "behind the number of lines": (0xDC, b"\0\x20" + NAME),
    }
    bodies |= {f"exif {what}": (0xE1, b"Exif\0\0" + body) for what, body in odd_exifs().items()}
    for where, (marker, body) in bodies.items():
        yield where, data[:2] + segment(marker, body) + data[2:]
    yield "preview in jfif", data[:2] + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\7\1" + NAME + bytes(8)) + data[20:]
    yield "before the scan", data[:scan] + segment(0xE1, exif()) + segment(0xFE, NAME) + data[scan:]
    progressive = saved("JPEG", progressive=True)
    last = progressive.rindex(b"\xff\xda")
    yield "between scans", progressive[:last] + segment(0xFE, NAME) + progressive[last:]
    yield "behind the end", data + NAME
    yield "a film behind the end", data + b"\0\0\0\x18ftypmp42" + NAME
    yield "between segments", data[:20] + NAME + data[20:]
    yield "everything by Pillow", saved("JPEG", exif=exif(), xmp=XMP, comment=NAME)


def png() -> Iterator[Place]:
    for kind, data in (("png", saved("PNG")), ("apng", picture("pillow/apng/delay.png"))):
        end = len(data) - 12
        hexed = exif().hex().encode()
        raw = (
            b"\nexif\n%8d\n" % len(exif()) + b"\n".join(hexed[at : at + 72] for at in range(0, len(hexed), 72)) + b"\n"
        )
        bodies = {
            "text": (b"tEXt", b"Author\0" + NAME),
            "packed text": (b"zTXt", b"Comment\0\0" + zlib.compress(NAME * 9)),
            "international text": (b"iTXt", b"Title\0\0\0\0\0" + NAME),
            "xmp": (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
            "exif": (b"eXIf", exif(prefix=False)),
            "exif with prefix": (b"eXIf", exif()),
            "raw profile": (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw)),
            "raw profile as text": (b"tEXt", b"Raw profile type APP1\0" + raw),
            "private": (b"prVt", NAME),
            "content credentials": (b"caBX", NAME),
            "name of a profile": (b"iCCP", NAME + b"\0\0" + zlib.compress(profile())),
            "behind the profile": (b"iCCP", b"x\0\0" + zlib.compress(profile() + NAME)),
            "no profile": (b"iCCP", b"x\0\0" + zlib.compress(NAME * 20)),
            "name of colours": (b"sPLT", NAME + b"\0\x08" + bytes(6)),
            "behind the resolution": (b"pHYs", struct.pack(">IIB", 1, 1, 1) + NAME),
            "signature": (b"dSIG", NAME),
            "behind a transparent colour": (b"tRNS", bytes(6) + NAME),
            "a palette of true colours": (b"PLTE", NAME + b"  "),
        }
        bodies |= {f"exif {what}": (b"eXIf", body) for what, body in odd_exifs().items()}
        bodies["exif of 400 kB"] = (b"eXIf", large_exif())
        for where, (name, body) in bodies.items():
            yield f"{kind}: {where}", data[:33] + chunk(name, body) + data[33:]
            yield f"{kind}: {where}, last", data[:end] + chunk(name, body) + data[end:]
        yield f"{kind}: behind the end", data + NAME
        yield f"{kind}: behind the end, as a chunk", data + chunk(b"tEXt", b"Author\0" + NAME)
    critical = b"".join(part for name, part in png_chunks(saved("PNG")) if name != b"IEND")
    yield "png: unknown and critical", b"\x89PNG\r\n\x1a\n" + critical + chunk(b"PRVT", NAME) + chunk(b"IEND", b"")


def webp() -> Iterator[Place]:
    moving = saved("WEBP", save_all=True, append_images=[small().rotate(90)], duration=100)
    still = saved("WEBP", xmp=b" ")
    simple = saved("WEBP")

    def longer(data: bytes, more: bytes) -> bytes:
        return b"RIFF" + (len(data) + len(more) - 8).to_bytes(4, "little") + data[8:] + more

    for kind, data in (("moving", moving), ("still", still), ("simple", simple)):
        yield f"{kind}: exif", longer(data, riff(b"EXIF", exif(prefix=False)))
        yield f"{kind}: exif with prefix", longer(data, riff(b"EXIF", exif()))
        for what, body in {**odd_exifs(), "of 400 kB": large_exif()}.items():
            yield f"{kind}: exif {what}", longer(data, riff(b"EXIF", body))
        yield f"{kind}: xmp", longer(data, riff(b"XMP ", XMP))
        yield f"{kind}: unknown", longer(data, riff(b"NAME", NAME))
        yield f"{kind}: no profile", longer(data, riff(b"ICCP", NAME))
        yield f"{kind}: behind the end", data + NAME
    at = moving.index(b"ANMF")
    size = int.from_bytes(moving[at + 4 : at + 8], "little")
    frame = moving[at + 8 : at + 8 + size]
    for name, body in ((b"EXIF", exif(prefix=False)), (b"NOTE", NAME)):
        inner = moving[:at] + riff(b"ANMF", frame + riff(name, body)) + moving[at + 8 + size + size % 2 :]
        yield f"in a frame: {name.decode()}", longer(inner, b"")
    at = still.index(b"VP8X")
    header = still[at + 8 : at + 18]
    yield "in the header", longer(still[:at] + riff(b"VP8X", header + NAME + b"\0") + still[at + 18 :], b"")


def gif() -> Iterator[Place]:
    for kind, frames in (("still", []), ("moving", [small().rotate(90)])):
        data = saved("GIF", save_all=True, append_images=frames, duration=100, loop=0)
        first = data.index(b"\x21\xf9")
        block = bytes((len(NAME),)) + NAME + b"\0"
        inside = {
            "comment": b"\x21\xfe" + block,
            "text": b"\x21\x01\x0c" + bytes(12) + block,
            "application": b"\x21\xff\x0bMYPROGRAM10" + block,
            "xmp": b"\x21\xff\x0bXMP DataXMP" + XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0",
            "in the number of loops": b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0" + block,
            "unknown": b"\x21\xce" + block,
        }
        for where, extension in inside.items():
            yield f"{kind}: {where}", data[:first] + extension + data[first:]
            yield f"{kind}: {where}, last", data[:-1] + extension + data[-1:]
        yield f"{kind}: behind the end", data + NAME


def jp2() -> Iterator[Place]:
    data = saved("JPEG2000")
    stream = data.index(b"\xff\x4f\xff\x51")
    start = stream - 8
    before, code = data[:start], data[stream:]
    uuids = {
        "exif": bytes.fromhex("4a706754696666457869662d3e4a5032") + exif(prefix=False),
        "xmp": bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP,
        "iptc": bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38") + IPTC,
        "geotiff": bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03") + NAME,
    }
    uuids |= {f"exif {what}": uuids["exif"][:16] + body for what, body in odd_exifs().items()}
    uuids["exif of 400 kB"] = uuids["exif"][:16] + large_exif()
    boxes = {name: box(b"uuid", body) for name, body in uuids.items()}
    boxes |= {
        "xml": box(b"xml ", XMP),
        "label": box(b"asoc", box(b"lbl ", NAME)),
        "address": box(b"uinf", box(b"url ", bytes(4) + NAME)),
        "rights": box(b"jp2i", NAME),
        "unknown": box(b"name", NAME),
    }
    for where, extra in boxes.items():
        yield where, before + extra + box(b"jp2c", code)
        yield f"{where}, last", before + box(b"jp2c", code) + extra
    comment = b"\xff\x64" + (4 + len(NAME)).to_bytes(2) + b"\0\1" + NAME
    tile = code.index(b"\xff\x90")
    yield "comment", before + box(b"jp2c", code[:tile] + comment + code[tile:])
    length = int.from_bytes(code[tile + 6 : tile + 10])
    longer = (length + len(comment)).to_bytes(4) if length else bytes(4)
    inside = code[: tile + 6] + longer + code[tile + 10 : tile + 12] + comment + code[tile + 12 :]
    yield "comment of a tile", before + box(b"jp2c", inside)
    # Unknown segments are skipped where the picture has several tiles.
    tiles = saved("JPEG2000", tile_size=(32, 32), no_jp2=True)
    first = tiles.index(b"\xff\x90")
    for where, marker in (("unknown", 0x79), ("profile", 0x59), ("lengths of packets", 0x57)):
        extra = bytes((0xFF, marker)) + (2 + len(NAME)).to_bytes(2) + NAME
        yield f"{where} segment", before + box(b"jp2c", tiles[:first] + extra + tiles[first:])
        yield f"bare codestream: {where} segment", tiles[:first] + extra + tiles[first:]
    yield "behind the channels", _behind_channels(saved("JPEG2000", small().convert("LA")))
    yield "bare codestream: comment", code[:tile] + comment + code[tile:]
    yield "bare codestream: behind the end", code + NAME
    yield "behind the end of the codestream", before + box(b"jp2c", code + NAME)
    at = data.index(b"jp2h") - 4
    size = int.from_bytes(data[at : at + 4])
    header = box(b"jp2h", data[at + 8 : at + size] + box(b"uuid", uuids["exif"]))
    yield "in the header", data[:at] + header + box(b"jp2c", code)


def _behind_channels(data: bytes) -> bytes:
    """A JPEG 2000 whose box `cdef` (two channels of six bytes) is longer."""
    outer, inner = data.index(b"jp2h") - 4, data.index(b"cdef") - 4
    end = inner + 8 + 2 + 2 * 6
    longer = [
        (int.from_bytes(data[at : at + 4]) + len(NAME)).to_bytes(4) + data[at + 4 : to]
        for at, to in ((outer, inner), (inner, end))
    ]
    return data[:outer] + b"".join(longer) + NAME + data[end:]
