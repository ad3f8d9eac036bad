"""User data within the compressed pixels of AVIF and HEIF: the file is encoded again, or not kept."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image, ImageSequence

from processor_service.formats.boxes import boxes, item_places
from processor_service.metadata.cut import cut_refused
from processor_service.metadata.cut.units import check_av1, check_hevc, check_hevc_configuration
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import assert_alike, b64, opened, picture
from tests.helpers.secrets_in_files import NAME, saved, small

T35 = bytes((4, 0xB5, 0, 0x3C)) + NAME + b"\x80"
LIGHT = bytes((1, 0, 100, 0, 50, 0x80))


def av1_unit(kind: int, content: bytes, *, sized: bool = True) -> bytes:
    return bytes((kind << 3 | 2 * sized,)) + (bytes((len(content),)) if sized else b"") + content


def hevc_unit(kind: int, content: bytes) -> bytes:
    return struct.pack(">IBB", len(content) + 2, kind << 1, 1) + content


SEI = bytes((5, 16 + len(NAME))) + bytes(range(16)) + NAME + b"\x80"


def longer(data: bytes, unit: bytes) -> bytes:
    """The file with one more unit at the end of the pixels that lie last in it."""
    (begin,) = (start for name, start, end in boxes(data) if name == b"mdat" and end == len(data))
    meta = next(start for name, start, _ in boxes(data) if name == b"meta") + 4
    size = next(end for name, start, end in boxes(data) if name == b"meta")
    places = next(start for name, start, _ in boxes(data, meta, size) if name == b"iloc")
    changed = bytearray(data + unit)
    struct.pack_into(">I", changed, begin - 8, len(changed) - begin + 8)
    last = [place for place in item_places(data, places) if place.start + place.length == len(data)]
    if last:
        at = data.index(struct.pack(">I", last[0].length), places)
        struct.pack_into(">I", changed, at, last[0].length + len(unit))
    else:
        # The last sample of an animation; its size stands at the end of a table.
        at = data.rindex(b"stsz") - 4
        at += int.from_bytes(data[at : at + 4]) - 4
        struct.pack_into(">I", changed, at, int.from_bytes(data[at : at + 4]) + len(unit))
    return bytes(changed)


def moving() -> bytes:
    return saved("AVIF", save_all=True, append_images=[small().rotate(180)], duration=100)


FILES: dict[str, Callable[[], bytes]] = {
    "AVIF, ITU-T T.35": lambda: longer(saved("AVIF"), av1_unit(5, T35)),
    "AVIF, ITU-T T.35 without its size": lambda: longer(saved("AVIF"), av1_unit(5, T35, sized=False)),
    "AVIF, metadata of a private type": lambda: longer(saved("AVIF"), av1_unit(5, bytes((20,)) + NAME + b"\x80")),
    "AVIF, behind a light level": lambda: longer(saved("AVIF"), av1_unit(5, LIGHT[:-1] + NAME + b"\x80")),
    "AVIF, padding": lambda: longer(saved("AVIF"), av1_unit(15, NAME)),
    "AVIF, reserved": lambda: longer(saved("AVIF"), av1_unit(9, NAME)),
    "AVIF, moving": lambda: longer(moving(), av1_unit(5, T35)),
    "HEIF, user data": lambda: longer(picture("thumbor/image.heic"), hevc_unit(39, SEI)),
    "HEIF, user data behind": lambda: longer(picture("thumbor/image.heic"), hevc_unit(40, SEI)),
    "HEIF, filler": lambda: longer(picture("thumbor/image.heic"), hevc_unit(38, NAME)),
}


@pytest.mark.parametrize("name", FILES)
def test_user_data_within_the_pixels_is_not_stored(name: str) -> None:
    data = FILES[name]()
    assert NAME in data
    # The decoders pass over it.
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    fields = process(Request.parse({"data": b64(data)}), Settings(), Stopwatch())
    stored = base64.b64decode(fields["data"])
    assert NAME not in stored
    assert fields["format"] == ("avif" if name.startswith("AVIF") else "jpeg")
    assert_alike(opened(stored).convert("RGB"), opened(data).convert("RGB"), 6, "units")
    assert cut_refused(data) is None


def frames(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("name", ["still", "moving", "with a light level", "heic"])
def test_what_has_pixels_alone_stays_as_it_came(name: str) -> None:
    files: dict[str, Callable[[], bytes]] = {
        "still": lambda: saved("AVIF"),
        "moving": moving,
        "with a light level": lambda: longer(saved("AVIF"), av1_unit(5, LIGHT)),
        "heic": lambda: picture("thumbor/image.heic"),
    }
    data = files[name]()
    kept = cut_refused(data)
    assert kept is not None
    assert len(kept) == len(data)
    # The times at which an animation was made become zero.
    assert (kept == data) == (name != "moving")
    assert frames(kept) == frames(data)


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05abc", b"\x0a" + b"\xff" * 9, b"\x0e", b"\x10\0", b"\x2a\0"])
def test_broken_units_of_av1_are_not_known(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        check_av1(data)


@pytest.mark.parametrize("data", [b"\0", b"\0\0\0\1\x40", b"\0\0\0\x09\x40\1", b"\0\0\0\0"])
def test_broken_units_of_hevc_are_not_known(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        check_hevc(data, 4)


@pytest.mark.parametrize("kind", [32, 33, 34, 39, 40])
def test_a_configuration_of_hevc_has_parameter_sets_alone(kind: int) -> None:
    unit = bytes((kind << 1, 1)) + NAME
    body = bytes(21) + bytes((3, 1, kind, 0, 1)) + len(unit).to_bytes(2) + unit
    if kind in (32, 33, 34):
        assert check_hevc_configuration(body) == 4
    else:
        with pytest.raises(ValueError, match="parameter set"):
            check_hevc_configuration(body)
    with pytest.raises(ValueError, match=r"parameter set|behind"):
        check_hevc_configuration(body + NAME)
