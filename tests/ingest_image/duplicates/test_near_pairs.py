"""All pairs of hashes that are near, and no other."""

from __future__ import annotations

import itertools
import random

import pytest

from ingest_image.duplicates.near_pairs import as_hashes, near_pairs, turn
from ingest_image.search.comparing.hashes import variants
from processor_service.hash_variants import VARIANTS, distance

RANDOM = random.Random(7)
HASH = f"{RANDOM.getrandbits(256):064x}"


def test_all_pairs_and_no_other() -> None:
    values = [RANDOM.getrandbits(256) for _ in range(300)]
    for number in range(200):
        flips = RANDOM.sample(range(256), number % 50)
        values.append(values[number] ^ sum(1 << place for place in flips))
    texts = list(dict.fromkeys(f"{value:064x}" for value in values))
    for limit in (0, 15, 16, 31, 32, 63):
        found = {frozenset(pair) for pairs in near_pairs(as_hashes(texts), limit) for pair in pairs.T.tolist()}
        each = itertools.combinations(range(len(texts)), 2)
        assert found == {frozenset(pair) for pair in each if distance(texts[pair[0]], texts[pair[1]]) <= limit}


@pytest.mark.parametrize("name", list(VARIANTS))
def test_turning_many_is_turning_each(name: str) -> None:
    texts = [f"{RANDOM.getrandbits(256):064x}" for _ in range(3)]
    assert [row.tobytes().hex() for row in turn(as_hashes(texts), name)] == [variants(text)[name] for text in texts]


def test_turned_ones() -> None:
    texts = [HASH, variants(HASH)["rotate_90"], f"{RANDOM.getrandbits(256):064x}"]
    assert list(near_pairs(as_hashes(texts), 31)) == []
    found = {frozenset(pair) for pairs in near_pairs(as_hashes(texts), 31, turned=True) for pair in pairs.T.tolist()}
    assert found == {frozenset((0, 1))}


def test_none() -> None:
    assert list(near_pairs(as_hashes([]), 31)) == []
