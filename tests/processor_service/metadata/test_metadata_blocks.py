"""Blocks of metadata that are large, split, or stored in an odd way."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.helpers.described_files import (
    EXIF,
    IPTC,
    MAIN,
    OF_EXIF,
    OF_IPTC,
    PHOTOSHOP,
    PREFIX,
    SUB,
    XAP,
    extended,
    fields,
)
from tests.helpers.metadata_files import (
    IFD,
    LONG,
    SHORT,
    jpeg,
    picture_tiff,
    place,
    png,
    resources,
    small,
    tiff,
    xmp,
)
from tests.helpers.pictures import encoded


@pytest.mark.parametrize("pointer", [SHORT, LONG, IFD])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pointers_of_every_type_of_number(pointer: int, order: str) -> None:
    assert fields(jpeg(PREFIX + tiff(MAIN, SUB, place(), pointer=pointer, order=order))) == OF_EXIF
    assert fields(jpeg(PREFIX + tiff(MAIN, SUB, place(), pointer=pointer, order=order, big=True))) == OF_EXIF


def test_exif_above_the_size_of_a_segment_is_split_over_several() -> None:
    large = tiff(MAIN, SUB, place(), filler=bytes(150_000))
    parts = [PREFIX + large[at : at + 65_000] for at in range(0, len(large), 65_000)]
    assert len(parts) == 3
    assert fields(jpeg(*parts)) == OF_EXIF


@pytest.mark.parametrize("container", ["PNG", "WEBP", "TIFF"])
def test_large_exif(container: str) -> None:
    filler = bytes(1_000_000)
    block = tiff(MAIN, SUB, place(), filler=filler)
    if container == "TIFF":
        data = picture_tiff({**MAIN, 0x9C9B + 100: filler}, SUB, place())
    else:
        data = png((b"eXIf", block)) if container == "PNG" else small("WEBP", exif=block)
    assert fields(data) == OF_EXIF


def test_extended_xmp_of_a_jpeg() -> None:
    extension = xmp(
        f"<photoshop:Headline>other</photoshop:Headline><xmpMM:X>{'x' * 100_000}</xmpMM:X>", 'exif:FNumber="28/10"'
    )
    named, parts = extended(extension)
    assert len(parts) == 2
    main = XAP + xmp("", f'photoshop:Headline="At dusk" {named}')
    wanted = {"title": "At dusk", "f_number": 2.8}
    assert fields(jpeg(main, *parts)) == wanted
    # In whatever order; twice; and not when a part is missing or another picture's.
    assert fields(jpeg(parts[1], main, parts[0], parts[0])) == wanted
    assert fields(jpeg(main, parts[0])) == {"title": "At dusk"}
    assert fields(jpeg(main, *extended(extension, guid=b"0" * 32)[1])) == {"title": "At dusk"}


def test_photoshop_resources_over_several_segments() -> None:
    block = resources((1036, bytes(70_000)), (1028, IPTC))
    parts = [PHOTOSHOP + block[at : at + 60_000] for at in range(0, len(block), 60_000)]
    assert fields(jpeg(*parts, marker=0xED)) == OF_IPTC


def test_iptc_of_a_tiff_as_swapped_longs() -> None:
    padded = IPTC + bytes(-len(IPTC) % 4)
    numbers = [int.from_bytes(padded[at : at + 4]) for at in range(0, len(padded), 4)]
    assert fields(picture_tiff({0x83BB: (LONG, numbers)}, None, None)) == OF_IPTC
    assert fields(picture_tiff({0x83BB: (LONG, numbers)}, None, None, order=">")) == OF_IPTC


@pytest.mark.parametrize("described", [0, 1])
def test_a_tiff_whose_preview_stands_before_the_picture(described: int) -> None:
    """Whichever of the two directories is described."""
    preview, whole = ({0x00FE: (LONG, [kind])} for kind in (1, 0))
    pages = [{**page, **(MAIN if number == described else {})} for number, page in enumerate((preview, whole))]
    directories = [(SUB, place()) if number == described else (None, None) for number in (0, 1)]
    first = picture_tiff(pages[0], *directories[0])
    second = picture_tiff(pages[1], *directories[1], start=len(first))
    # The second's header is not needed; the end of the first directory says where the second one is.
    count = int.from_bytes(first[8:10], "little")
    at = 10 + 12 * count
    data = first[:at] + (len(first) + 8).to_bytes(4, "little") + first[at + 4 :] + second
    assert fields(data) == OF_EXIF


def test_every_frame_decoded_or_one_the_metadata_is_the_same() -> None:
    image = Image.effect_noise((32, 24), 60).convert("RGB")
    for format in ("PNG", "WEBP"):
        data = encoded(image, format, save_all=True, append_images=[image.rotate(90)], exif=EXIF)
        assert fields(data) == fields(data, all_frames=True) == OF_EXIF
