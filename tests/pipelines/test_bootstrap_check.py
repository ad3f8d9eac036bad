import base64
import io

import pytest
from PIL import Image

from pipelines.cluster.check import TINY_PNG, diagnose, reason_of_item


def test_the_tiny_picture_is_one():
    with Image.open(io.BytesIO(base64.b64decode(TINY_PNG))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (4, 3))


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("No processor type exists with name [image]", "elasticsearch-plugin install"),
        ("Processor type [image] is not installed on node [{a}]", "elasticsearch-plugin install"),
        ("persistent setting [ingest.image.hosts], not recognized", "lacks the plugin"),
        ("[service_unauthorized] 401; field [image]", "IMAGE_TOKEN"),
        ("[service_unavailable] refused; field [image]", "ingest-image serve"),
    ],
)
def test_known_failures_come_with_what_to_do(reason, hint):
    assert hint in diagnose(reason)


def test_unknown_failures_are_handed_through():
    assert diagnose("[busy] the queue is full") == "[busy] the queue is full"


def test_the_innermost_reason_is_the_one_that_helps():
    assert reason_of_item({"reason": "outer", "caused_by": {"reason": "inner"}}) == "inner"
    assert reason_of_item({"type": "only_a_type"}) == "only_a_type"
