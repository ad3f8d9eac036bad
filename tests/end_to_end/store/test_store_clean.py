"""`ingest-image store clean` on a real node, with a folder and with S3: nothing that somebody needs is ever deleted."""

from __future__ import annotations

import time

from .commands import Commands
from .stored import Stored


def grown_old(seconds: float = 2.1) -> None:
    """Wait until all there is is older than a grace time of 1 s. A server tells the time of an object in seconds."""
    time.sleep(seconds)


def test_what_is_put_away_again_is_not_deleted_by_the_same_run(commands: Commands, stored: Stored) -> None:
    """An older copy is in the trash already."""
    image = commands.put()
    key = image["stored"]
    commands.remove()
    assert commands.clean("0s")["put_away"] == [key]
    assert commands.put()["stored"] == key
    commands.remove()
    grown_old()
    said = commands.clean("1s")
    assert (said["put_away"], said["deleted"]) == ([key], [])
    assert stored.bytes_of(image)
    # Its age counts from that run.
    assert commands.clean("1h")["deleted"] == [] and stored.bytes_of(image)
    grown_old()
    assert commands.clean("1s")["deleted"] == [f"trash/{key}"]
    assert commands.keys() == []


def test_what_is_put_back_never_replaces_a_sound_picture_by_a_damaged_one(commands: Commands, stored: Stored) -> None:
    image = commands.put()
    key = image["stored"]
    kept = stored.bytes_of(image)
    commands.remove()
    commands.clean("0s")
    stored.pictures.delete(f"trash/{key}")
    stored.pictures.put(f"trash/{key}", b"damaged")
    commands.put()
    said = commands.clean("1h")
    assert stored.bytes_of(image) == kept and commands.keys() == [key]
    assert (said["put_back"], said["damaged"]) == ([f"trash/{key}"], [])


def test_what_is_put_back_mends_a_damaged_picture(commands: Commands, stored: Stored) -> None:
    image = commands.put()
    key = image["stored"]
    kept = stored.bytes_of(image)
    commands.remove()
    commands.clean("0s")
    commands.put()
    stored.pictures.delete(key)
    stored.pictures.put(key, b"damaged")
    commands.clean("1h")
    assert stored.bytes_of(image) == kept and commands.keys() == [key]


def test_a_damaged_picture_stays_in_the_trash_when_there_is_no_other(commands: Commands, stored: Stored) -> None:
    image = commands.put()
    commands.remove()
    commands.clean("0s")
    trash = f"trash/{image['stored']}"
    stored.pictures.delete(trash)
    stored.pictures.put(trash, b"damaged")
    commands.put_as_it_is(image)
    for _ in range(2):
        said = commands.clean("0s")
        assert (said["put_back"], said["damaged"], said["deleted"]) == ([trash], [trash], [])
    assert commands.keys() == [trash]
