"""The same within colour profiles: a name in every tag that has room for one, in every format that keeps a profile."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

from PIL import Image

from tests.helpers.named_profiles import named, profile_of
from tests.helpers.pictures import opened, picture
from tests.helpers.png_chunks import chunk
from tests.helpers.rewritten_tiffs import rewritten
from tests.helpers.secrets_in_files import NAME, Place, box, saved, segment, small


@cache
def profile() -> bytes:
    return named(opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"])


def jpeg() -> Iterator[Place]:
    yield "in the profile", saved("JPEG", icc_profile=profile())
    yield "in the profile, beside a turn", saved("JPEG", icc_profile=profile(), exif=_turned())
    long = profile_of(profile(), {b"PRV2": NAME * 6000})
    yield "in a profile of two segments", saved("JPEG", icc_profile=long)
    grey = saved("JPEG", small().convert("L"), icc_profile=profile())
    yield "in the profile of another colour space", grey
    data = saved("JPEG")
    yield "in a broken profile", data[:2] + segment(0xE2, b"ICC_PROFILE\0\1\1" + _broken()) + data[2:]


def png() -> Iterator[Place]:
    yield "in the profile", saved("PNG", icc_profile=profile())
    pages = [small().rotate(180)]
    yield "apng: in the profile", saved("PNG", save_all=True, append_images=pages, icc_profile=profile())
    yield "in a broken profile", saved("PNG", icc_profile=_broken())


def webp() -> Iterator[Place]:
    yield "in the profile", saved("WEBP", icc_profile=profile())
    pages = [small().rotate(180)]
    yield "moving: in the profile", saved("WEBP", save_all=True, append_images=pages, icc_profile=profile())
    yield "in a broken profile", saved("WEBP", icc_profile=_broken())


def tiff() -> Iterator[Place]:
    data = saved("TIFF", icc_profile=profile())
    yield "in the profile", data
    yield "in the profile of a big one", rewritten(data, "<", big=True)
    yield "in the profile of a big one, big-endian", rewritten(data, ">", big=True)
    page = small().rotate(180)
    page.encoderinfo = {"icc_profile": profile()}
    yield "in the profile of the second page", saved("TIFF", save_all=True, append_images=[page])
    yield "in a broken profile", saved("TIFF", icc_profile=_broken())


def avif() -> Iterator[Place]:
    yield "in the profile", saved("AVIF", icc_profile=profile())
    pages = [small().rotate(180)]
    yield "moving: in the profile", saved("AVIF", save_all=True, append_images=pages, icc_profile=profile())
    yield "in a broken profile", saved("AVIF", icc_profile=_broken())


def jp2() -> Iterator[Place]:
    data = saved("JPEG2000")
    start, at = data.index(b"jp2h") - 4, data.index(b"colr") - 4
    size, old = int.from_bytes(data[start : start + 4]), int.from_bytes(data[at : at + 4])
    for where, content in (("in the profile", profile()), ("in a broken profile", _broken())):
        colors = box(b"colr", b"\2\0\0" + content)
        head = data[start + 8 : at] + colors + data[at + old : start + size]
        yield where, data[:start] + box(b"jp2h", head) + data[start + size :]


def ico() -> Iterator[Place]:
    inside = saved("PNG", icc_profile=profile())
    head = struct.pack("<HHHBBBBHHII", 0, 1, 1, 48, 32, 0, 0, 1, 32, len(inside), 22)
    yield "in the profile of a png", head + inside
    plain = saved("PNG")
    inside = plain[:33] + chunk(b"iCCP", b"x\0\0" + b"rubbish" + NAME) + plain[33:]
    yield "in a profile that cannot be unpacked", head[:14] + struct.pack("<I", len(inside)) + head[18:] + inside


def _broken() -> bytes:
    """A profile by its header alone."""
    return struct.pack(">I", 600) + profile()[4:132] + NAME * 40


def _turned() -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    return exif.tobytes()
