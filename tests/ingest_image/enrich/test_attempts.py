"""What an enricher asks for, and when it tries again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ingest_image.enrich import attempts
from ingest_image.enrich.asking import ask, record
from ingest_image.enrich.attempts import PAUSES, Attempts

KEY = "images", "1"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(attempts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_only_pictures_that_wait_ask_for_what_is_pending() -> None:
    failed = {"pending": ["text"], "error": {"code": "enrich_failed", "reason": "it took too long"}}
    source: dict[str, Any] = {
        "image": [{"width": 1}, failed, {"pending": ["text"]}, "bare", {"pending": ["text"]}],
        "other": {"small": {"pending": ["labels"]}},
    }
    assert ask(source, ["image", "other.small", "none"]) == (("image", 2), ("image", 3), ("other.small", 0))
    assert [picture.get("enrich") for picture in source["image"] if isinstance(picture, dict)] == [
        None,
        None,
        True,
        True,
    ]
    # After a failure one by one, and it is recorded where it was.
    source = {"image": [failed, {"pending": ["text"]}, {"pending": ["text"]}]}
    assert ask(source, ["image"], first_only=True) == (("image", 1),)
    record(source, ["image"], "no memory")
    assert source["image"][1]["error"] == {"code": "enrich_failed", "reason": "no memory"}
    assert ask(source, ["image"], first_only=True) == (("image", 2),)
    assert ask({"image": "bare"}, ["image"]) == ask(None, ["image"]) == ()


def test_four_attempts_with_growing_pauses(clock: list[float]) -> None:
    known = Attempts()
    for pause in PAUSES:
        assert known.is_due(KEY, 7) and not known.failed(KEY, 7)
        clock[0] += pause - 0.1
        assert not known.is_due(KEY, 7)
        clock[0] += 0.1
    assert known.is_due(KEY, 7) and known.failed(KEY, 7)
    assert list(PAUSES) == sorted(PAUSES)


def test_a_newer_version_begins_again_and_an_older_one_is_not_looked_at(clock: list[float]) -> None:
    known = Attempts()
    known.failed(KEY, 7)
    assert known.is_due(KEY, 8) and known.of(KEY, 8).failures == 0
    known.written(KEY, 9, 1, (("image", 0),))
    assert not known.is_due(KEY, 7) and not known.is_due(KEY, 8)
    # It was written and waits nevertheless: what was asked for is remembered.
    assert known.is_due(KEY, 9) and known.of(KEY, 9).asked == (("image", 0),)
    # An index of the same name that is new has low numbers.
    clock[0] += 601
    assert known.is_due(KEY, 0)


def test_a_version_that_is_never_found_counts_from_the_second_time_on(clock: list[float]) -> None:
    known = Attempts()
    assert not known.conflicted(KEY, 7) and known.is_due(KEY, 7)
    # Somebody wrote a newer one; of that nothing is known.
    assert not known.conflicted(KEY, 8)
    for pause in (1, 5, 25):
        assert known.conflicted(KEY, 8) and not known.failed(KEY, 8) and not known.is_due(KEY, 8)
        clock[0] += pause
        assert known.is_due(KEY, 8)
    assert known.conflicted(KEY, 8) and known.failed(KEY, 8)
    # Nor when that is to be recorded.
    assert known.conflicted(KEY, 8)
    # A failure of another kind is none of this kind.
    known.failed(KEY, 9)
    assert not known.conflicted(KEY, 9) and known.of(KEY, 9).failures == 1


def test_what_a_search_shows_late_is_asked_for_less_and_less_often(clock: list[float]) -> None:
    known = Attempts()
    known.written(KEY, 9, 0, ())
    asked = 0
    while not known.is_due(KEY, 7):
        if known.is_doubtful(KEY, 7):
            asked += 1
            known.seen(KEY, 9)
        clock[0] += 1
    # In ten minutes.
    assert clock[0] > 700 and 8 <= asked <= 10
    # It is there no more, which a search shows late, too; or there is an older one: the index is another one.
    for seq_no, is_due in ((None, False), (10, False), (7, True)):
        known.written(KEY, 9, 0, ())
        clock[0] += 3
        assert known.is_doubtful(KEY, 7) and not known.is_doubtful(KEY, 9)
        known.seen(KEY, seq_no)
        assert known.is_due(KEY, 7) == is_due, seq_no


def test_what_is_not_the_pictures_fault_never_counts(clock: list[float]) -> None:
    known = Attempts()
    known.failed(KEY, 7)
    clock[0] += PAUSES[0]
    # As long as it takes: a service may be away for a weekend.
    for pause in (1, 2, 4, 8, 16, *[30] * 1100):
        known.postponed(KEY, 7)
        clock[0] += pause - 0.1
        assert not known.is_due(KEY, 7)
        clock[0] += 0.1
        assert known.is_due(KEY, 7)
    assert known.of(KEY, 7).failures == 1
