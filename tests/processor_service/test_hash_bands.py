from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from processor_service.hash_bands import REACH, bands, near_bands
from processor_service.hash_variants import distance

HASHES = st.integers(0, 2**256 - 1).map("{:064x}".format)


def flipped(value: str, bits: list[int]) -> str:
    return f"{int(value, 16) ^ sum(1 << bit for bit in bits):064x}"


def share(one: str, other: str) -> bool:
    return not set(near_bands(one)).isdisjoint(bands(other))


@given(HASHES, st.lists(st.integers(0, 255), max_size=REACH, unique=True))
def test_a_hash_within_reach_shares_a_band(value: str, bits: list[int]) -> None:
    assert share(value, flipped(value, bits))


def test_also_when_the_bits_are_spread_as_badly_as_possible() -> None:
    value = f"{random.Random(3).getrandbits(256):064x}"
    worst = [16 * band + bit for band in range(16) for bit in (3, 11)]
    assert distance(value, flipped(value, worst)) == REACH + 1 and not share(value, flipped(value, worst))
    for spared in worst:
        assert share(value, flipped(value, [bit for bit in worst if bit != spared]))


def test_few_of_other_hashes_do() -> None:
    chance = random.Random(4)
    near = set(near_bands(f"{chance.getrandbits(256):064x}"))
    found = sum(not near.isdisjoint(bands(f"{chance.getrandbits(256):064x}")) for _ in range(20_000))
    # 16 bands, 17 of 65,536 values each: 83 of 20,000.
    assert 50 < found < 120


def test_the_same_digits_in_another_place_are_another_band() -> None:
    assert bands("0" * 64)[:2] == ["00000", "10000"]
    assert len(set(near_bands("0" * 64))) == 16 * 17
    assert not share("0000ffff" * 8, "ffff0000" * 8)
