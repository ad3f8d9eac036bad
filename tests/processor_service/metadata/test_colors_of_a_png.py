"""gAMA and cHRM of a PNG: the colours that viewers show stay, and no name fits into the numbers."""

from __future__ import annotations

import struct

import pytest

from processor_service.formats.containers import png_chunk, png_chunks
from processor_service.metadata.cut import cut_refused
from tests.helpers.secrets_in_files import saved

SRGB = 31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000
ADOBE = 31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000
PRO_PHOTO = 34_567, 35_850, 73_469, 26_531, 15_960, 84_040, 3_660, 10
Numbers = dict[bytes, tuple[int, ...]]


def kept(gamma: int | None, primaries: tuple[int, ...] | None, before: bytes = b"") -> Numbers:
    """The numbers in what is kept of a PNG with these."""
    chunks: list[tuple[bytes, tuple[int, ...]]] = [(b"gAMA", (gamma,))] if gamma is not None else []
    chunks += [(b"cHRM", primaries)] if primaries else []
    more = b"".join(png_chunk(name, struct.pack(f">{len(numbers)}I", *numbers)) for name, numbers in chunks)
    data = saved("PNG")
    found = cut_refused(data[:33] + before + more + data[33:])
    assert found is not None
    parts = [(name, part[8:-4]) for name, part in png_chunks(found) if name in (b"gAMA", b"cHRM")]
    return {name: struct.unpack(f">{len(body) // 4}I", body) for name, body in parts}


@pytest.mark.parametrize("gamma", [45_455, 45_454, 45_470])
def test_numbers_of_srgb_are_left_out(gamma: int) -> None:
    assert kept(gamma, None) == kept(gamma, SRGB) == {}


def test_numbers_of_other_colours_stay_to_three_digits() -> None:
    assert kept(55_556, None) == {b"gAMA": (56_000,)}
    assert kept(100_000, SRGB) == {b"gAMA": (100_000,)}
    assert kept(45_470, ADOBE) == {b"gAMA": (45_455,), b"cHRM": (31_300, *ADOBE[1:])}
    wide = kept(55_556, PRO_PHOTO)[b"cHRM"]
    assert all(number % 100 == 0 and number > 0 for number in wide)
    assert max(abs(one - other) for one, other in zip(wide, PRO_PHOTO, strict=True)) <= 90


def test_what_was_rounded_stays_as_it_is() -> None:
    for gamma in (10_000, 12_345, 44_999, 45_960, 999_999):
        first = kept(gamma, PRO_PHOTO)
        assert kept(first[b"gAMA"][0], first[b"cHRM"]) == first


@pytest.mark.parametrize("primaries", [(12_345,) * 8, tuple(reversed(SRGB)), (*SRGB[:6], 150_000, 6_000)])
def test_colours_that_nothing_has_are_left_out(primaries: tuple[int, ...]) -> None:
    assert kept(55_556, primaries) == {b"gAMA": (56_000,)}


@pytest.mark.parametrize("gamma", [0, 9_999, 1_000_001, None])
def test_without_a_gamma_the_rest_says_nothing(gamma: int | None) -> None:
    assert kept(gamma, ADOBE) == {}


def test_where_the_file_says_srgb_it_says_nothing_else() -> None:
    assert kept(55_556, ADOBE, png_chunk(b"sRGB", b"\0")) == {}
    assert kept(55_556, ADOBE, png_chunk(b"sRGB", b"\x09")) != {}
