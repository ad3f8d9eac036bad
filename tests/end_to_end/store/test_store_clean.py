"""`ingest-image store clean` on a real node, with a folder and with S3: nothing that somebody needs is ever deleted."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from PIL import Image

from ingest_image.store import named
from ingest_image.store.clean import all_of
from tests.helpers.pictures import b64, encoded

from .commands import Commands
from .stored import PIPELINE, Stored, image_of

REPOSITORY = "snapshots"


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


def test_a_name_that_stands_for_nothing_is_refused_beside_others(commands: Commands) -> None:
    commands.put()
    commands.remove()
    for others in (["typo-*"], ["typo"], [f"{commands.index},typo-*"]):
        result = commands.run("clean", commands.index, *others, "--grace", "0s", "--delete")
        assert result.exit_code == 1 and "there is no index typo" in result.output, result.output
    assert len(commands.keys()) == 1 and commands.keys()[0].startswith("sha256/")


def test_documents_that_a_data_stream_refused_are_read_too(commands: Commands) -> None:
    """A node of the tests has no failure store: that comes with the module data-streams, which such a node lacks.

    It takes `data_stream_options`, knows the name, and finds nothing there: what is refused is not kept.
    """
    # It stays: such a node has no request that deletes a stream.
    name = f"stream-{uuid.uuid4().hex[:8]}"
    template = {"settings": {"index.default_pipeline": PIPELINE}}
    commands.es.indices.put_index_template(
        name=name, index_patterns=[name], data_stream={}, priority=900, template=template
    )
    picture = {"data": b64(encoded(Image.new("RGB", (40, 30), "teal"), "PNG"))}
    document = {"@timestamp": "2026-01-01", "image": picture}
    commands.es.index(index=name, op_type="create", document=document, refresh=True)
    commands.es.indices.put_settings(index=name, settings={"index.default_pipeline": None})
    assert all_of(commands.es, (name,)) == f"{name},{name}::failures"
    assert commands.said("clean", name, "--delete", "--grace", "0s")["put_away"] == []
    assert len(commands.keys()) == 1


def test_what_a_killed_writer_has_begun_is_deleted_after_the_grace_time(commands: Commands, stored: Stored) -> None:
    if "://" in stored.url:
        assert stored.pictures.unfinished() == ()
        return
    image = commands.put()
    part = Path(stored.url, f"{image['stored']}#12345")
    part.write_bytes(b"the beginning of a pic")
    assert commands.clean("1h")["unfinished"] == [] and part.exists()
    assert commands.clean("0s")["unfinished"] == [f"{image['stored']}#12345"]
    assert not part.exists() and commands.keys() == [image["stored"]]


def test_an_original_stays_as_long_as_a_document_names_it(commands: Commands, stored: Stored) -> None:
    pipeline = [
        {"image": {"operations": ["grayscale"], "properties": [], "store": "external", "originals": "external"}}
    ]
    commands.es.ingest.put_pipeline(id="with-originals", processors=pipeline)
    commands.put()
    commands.remove()
    commands.es.indices.put_settings(index=commands.index, settings={"index.default_pipeline": "with-originals"})
    commands.empty()
    image = commands.put()
    both = sorted([image["stored"], image["original"]["stored"]])
    assert commands.keys() == both
    assert commands.clean("0s")["put_away"] == [] and commands.keys() == both
    # A document that has only the original still names it.
    commands.put_as_it_is({"original": image["original"]})
    assert commands.clean("0s")["put_away"] == [image["stored"]]
    commands.remove()
    assert commands.clean("0s")["put_away"] == [image["original"]["stored"]]
    assert commands.said("check", commands.index)["pictures"] == 0


def copied(commands: Commands) -> str:
    """Copy all documents into a new index, and delete them from the first one.

    As `_reindex` does, which a node of the tests does not have.
    """
    target = f"{commands.index}-copied"
    hits = commands.es.search(index=commands.index, size=100)["hits"]["hits"]
    actions = [{"_index": target, "_id": hit["_id"], "_source": hit["_source"]} for hit in hits]
    bulk(commands.es, actions, pipeline="_none", refresh=True)
    gone = [{"_op_type": "delete", "_index": commands.index, "_id": hit["_id"]} for hit in hits]
    bulk(commands.es, gone, refresh=True)
    return target


def clean_all(commands: Commands) -> dict[str, Any]:
    return commands.said("clean", f"{commands.index}*", "--delete", "--grace", "0s")


@pytest.fixture
def snapshot(es: Elasticsearch, commands: Commands) -> Iterator[str]:
    es.snapshot.create_repository(
        name=REPOSITORY, repository={"type": "fs", "settings": {"location": commands.index}}, verify=False
    )
    yield commands.index
    es.snapshot.delete(repository=REPOSITORY, snapshot=commands.index)
    es.snapshot.delete_repository(name=REPOSITORY)


def test_documents_that_were_copied_keep_their_pictures(commands: Commands, stored: Stored) -> None:
    images = [commands.put(id) for id in ("1", "2")]
    target = copied(commands)
    said = clean_all(commands)
    assert (said["put_away"], said["deleted"]) == ([], [])
    assert [image_of(commands.es, target, id) for id in ("1", "2")] == images
    assert all(stored.bytes_of(image) for image in images)


def test_documents_that_are_copied_while_clean_runs_keep_their_pictures(
    commands: Commands, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Into an index that was not there when clean looked which ones there are."""
    images = [commands.put(id) for id in ("1", "2")]
    keys = sorted(image["stored"] for image in images)
    refreshed = named.refreshed

    def copying(client: Elasticsearch, index: str) -> bool:
        copied(commands)
        return refreshed(client, index)

    with monkeypatch.context() as patched:
        patched.setattr(named, "refreshed", copying)
        assert sorted(clean_all(commands)["put_away"]) == keys
    assert all(stored.bytes_of(image) for image in images)
    assert sorted(clean_all(commands)["put_back"]) == [f"trash/{key}" for key in keys]
    assert commands.keys() == keys and all(stored.bytes_of(image) for image in images)


def test_documents_of_a_restored_snapshot_have_their_pictures(
    commands: Commands, stored: Stored, snapshot: str
) -> None:
    """As long as the grace time has not passed since clean put them away."""
    image = commands.put()
    es, key, target = commands.es, image["stored"], f"{commands.index}-restored"
    es.snapshot.create(repository=REPOSITORY, snapshot=snapshot, indices=commands.index, wait_for_completion=True)
    commands.remove()
    assert clean_all(commands)["put_away"] == [key]
    es.snapshot.restore(
        repository=REPOSITORY,
        snapshot=snapshot,
        indices=commands.index,
        rename_pattern="(.+)",
        rename_replacement=target,
        wait_for_completion=True,
    )
    assert image_of(es, target) == image and stored.bytes_of(image)
    said = clean_all(commands)
    assert (said["put_back"], said["deleted"]) == ([f"trash/{key}"], [])
    assert commands.keys() == [key] and stored.bytes_of(image)
