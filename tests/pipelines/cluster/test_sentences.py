from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from pipelines.cluster.bulks import BulkStopped, failure_of, stop_if_hopeless
from pipelines.cluster.index_pipelines import pipelines_of
from pipelines.cluster.reasons import reason_of_cause
from pipelines.cluster.sentences import diagnose
from pipelines.cluster.simulate import TINY_PNG


def test_the_tiny_picture_is_one() -> None:
    with Image.open(io.BytesIO(base64.b64decode(TINY_PNG))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (4, 3))


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("No processor type exists with name [image]", "elasticsearch-plugin install"),
        ("Processor type [image] is not installed on node [{a}]", "elasticsearch-plugin install"),
        ("persistent setting [ingest.image.hosts], not recognized", "plugin ingest-image is missing there"),
        ("[service_unauthorized] 401; field [image]", "IMAGE_TOKEN"),
        ("[service_unavailable] refused; field [image]", "ingest-image serve"),
        ("Malformed content, found extra data after parsing: END_OBJECT", "target_field"),
        ("failed to parse field [attachment] of type [binary] in document with id '1'", "target_field"),
    ],
)
def test_known_failures_come_with_what_to_do(reason: str, hint: str) -> None:
    assert hint in diagnose(reason)


def test_unknown_failures_are_handed_through() -> None:
    assert diagnose("[busy] the queue is full") == "[busy] the queue is full"


def test_the_innermost_reason_is_the_one_that_helps() -> None:
    assert reason_of_cause({"reason": "outer", "caused_by": {"reason": "inner"}}) == "inner"
    assert reason_of_cause({"type": "only_a_type"}) == "only_a_type"


def test_of_a_search_that_failed_the_shard_gives_the_reason() -> None:
    error = {"reason": "all shards failed", "failed_shards": [{"reason": {"type": "x", "reason": "no such field"}}]}
    assert reason_of_cause(error) == "no such field"
    assert reason_of_cause("a" * 900) == "a" * 500


def test_the_failure_of_a_bulk_item_never_shows_its_document() -> None:
    item = {"status": 400, "error": {"reason": "outer", "caused_by": {"reason": "inner"}}, "data": "a picture"}
    assert failure_of(item) == "400 inner"
    stop_if_hopeless(item, "one.jpg")
    with pytest.raises(BulkStopped, match=r"stopped at one.jpg: 503 gone"):
        stop_if_hopeless({"status": 503, "error": {"reason": "gone"}}, "one.jpg")


def test_the_pipelines_of_an_index_in_the_order_in_which_they_run() -> None:
    settings = {"index.final_pipeline": "last", "index.default_pipeline": "first"}
    assert pipelines_of(settings) == ["first", "last"]
    assert pipelines_of(settings, instead="mine") == ["mine", "last"]
    assert pipelines_of({"index.default_pipeline": "_none"}) == []
