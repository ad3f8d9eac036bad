"""Tokens are rotated under a running node, as docs/security.md says: no picture is encoded again, no request fails."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode
from ingest_image.reprocess.command import reprocess
from tests.helpers.nodes import set_token, source
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service, calls

NEW = "another-token"
PHOTO = b64(picture("pillow/flower.jpg"))


@pytest.fixture
def rotating(es: Elasticsearch, node: EmbeddedNode) -> Iterator[EmbeddedNode]:
    yield node
    set_token(node, TOKEN)
    es.nodes.reload_secure_settings()


def restart(service: Service, **tokens: str) -> None:
    service.kill()
    service.settings |= {"previous_token": ""} | tokens
    service.start()


def retitle(es: Elasticsearch, index: str, id: str) -> dict[str, Any]:
    # A new one each time: an update that changes nothing does not run the pipeline.
    es.update(index=index, id=id, doc={"title": uuid.uuid4().hex})
    return stored(es, index, id)


def stored(es: Elasticsearch, index: str, id: str = "1") -> dict[str, Any]:
    # The mark over the source, which is gone: of use only where a target field has a source beside it.
    image: dict[str, Any] = source(es, index, id)["image"]
    return {name: value for name, value in image.items() if name != "source_mark"}


def test_a_rotation_encodes_nothing_again(
    es: Elasticsearch, index: str, rotating: EmbeddedNode, own_service: Service, tmp_path: Path
) -> None:
    for id in ("1", "2"):
        es.index(index=index, id=id, document={"image": {"data": PHOTO}})
    old = stored(es, index)
    # 1. The service takes the new token as well, and still signs with the old one.
    restart(own_service, token=TOKEN, previous_token=NEW)
    assert retitle(es, index, "1") == old
    # 2. The nodes send the new one and believe both.
    set_token(rotating, NEW, TOKEN)
    es.nodes.reload_secure_settings()
    es.index(index=index, id="3", document={"image": {"data": PHOTO}})
    assert calls(own_service) == 1
    renewed = retitle(es, index, "1")
    marks = ("mark", "thumbnail_mark")
    assert all(renewed[name] != old[name] for name in marks)
    assert renewed | {name: old[name] for name in marks} == old
    # 3. The service knows the new one only.
    restart(own_service, token=NEW)
    es.index(index=index, id="4", document={"image": {"data": PHOTO}})
    assert calls(own_service) == 1
    # 4. The marks of the other documents are renewed by writing them once more.
    result = CliRunner().invoke(reprocess, [index, "--url", rotating.url, "--state", str(tmp_path / "state.json")])
    assert result.output == "4 of 4 written\n2 of these unchanged\n"
    for id in ("1", "2", "3", "4"):
        assert stored(es, index, id) == renewed
    # 5. The nodes forget the old one.
    set_token(rotating, NEW)
    es.nodes.reload_secure_settings()
    for id in ("1", "2", "3", "4"):
        assert retitle(es, index, id) == renewed
    assert calls(own_service) == 1
    # Without the fourth step a picture counts as unprocessed.
    es.index(index=index, id="5", document={"image": old}, pipeline="_none")
    assert retitle(es, index, "5")["mark"] != old["mark"]
    assert calls(own_service) == 2
