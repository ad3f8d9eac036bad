from __future__ import annotations

from processor_service.byte_cache import byte_cache


def test_a_cache_holds_so_many_bytes_and_lets_the_least_recently_used_go() -> None:
    made: list[bytes] = []

    @byte_cache(100, len)
    def double(text: bytes) -> bytes:
        made.append(text)
        return text * 2

    one, other = b"a" * 25, b"b" * 25
    assert double(one) == double(one) == b"a" * 50
    assert made == [one]
    for letter in (b"c", b"d"):
        double(letter * 25)
    double(one), double(other), double(b"e" * 25)
    made.clear()
    double(one), double(b"c" * 25)
    assert made == [b"c" * 25]


def test_what_would_fill_the_cache_by_itself_is_not_kept() -> None:
    made: list[bytes] = []

    @byte_cache(100, len)
    def same(text: bytes) -> bytes:
        made.append(text)
        return text

    same(b"x" * 26), same(b"x" * 26)
    assert len(made) == 2
