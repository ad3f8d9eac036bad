"""`ingest-image store clean` on a real node, with a folder and with S3: nothing that somebody needs is ever deleted."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.store.command import store
from tests.helpers.pictures import b64, encoded

from .stored import Stored, image_of


@pytest.fixture(autouse=True)
def empty(stored: Stored) -> None:
    """What other tests left would be cleaned, too."""
    for prefix in ("sha256/", "trash/"):
        for each in list(stored.pictures.list(prefix)):
            stored.pictures.delete(each.key)


class Commands:
    """The commands, with the store of a test."""

    def __init__(self, es: Elasticsearch, es_url: str, stored: Stored, index: str) -> None:
        self._es, self._url, self._stored, self.index = es, es_url, stored, index

    def put(self, id: str = "1", **more: Any) -> dict[str, Any]:
        """Index a picture; returns what its document has of it."""
        data = b64(encoded(Image.new("RGB", (40, 30), (90, len(id), 30)), "PNG"))
        self._es.index(index=self.index, id=id, document={"image": {"data": data, **more}}, refresh=True)
        return dict(image_of(self._es, self.index, id))

    def remove(self, id: str = "1") -> None:
        self._es.delete(index=self.index, id=id, refresh=True)

    def clean(self, grace: str, *arguments: str) -> dict[str, Any]:
        given = ["clean", self.index, "--url", self._url, "--delete", "--json", "--grace", grace, *arguments]
        result = CliRunner().invoke(store, given, env={"IMAGE_STORE_URL": self._stored.url})
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))

    def keys(self) -> list[str]:
        return sorted(each.key for prefix in ("sha256/", "trash/") for each in self._stored.pictures.list(prefix))


@pytest.fixture
def commands(es: Elasticsearch, es_url: str, stored: Stored, index: str) -> Commands:
    return Commands(es, es_url, stored, index)


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


def test_a_damaged_picture_stays_in_the_trash_when_there_is_no_other(
    es: Elasticsearch, commands: Commands, stored: Stored
) -> None:
    image = commands.put()
    commands.remove()
    commands.clean("0s")
    trash = f"trash/{image['stored']}"
    stored.pictures.delete(trash)
    stored.pictures.put(trash, b"damaged")
    es.index(index=commands.index, id="1", document={"image": image}, refresh=True)
    for _ in range(2):
        said = commands.clean("0s")
        assert (said["put_back"], said["damaged"], said["deleted"]) == ([trash], [trash], [])
    assert commands.keys() == [trash]
