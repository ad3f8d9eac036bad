"""Pictures in places of a document where none is looked for: they are processed, refused, or do not stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image

from tests.helpers.located_pictures import places, with_place
from tests.helpers.pictures import b64, encoded

CLEAN = encoded(Image.effect_noise((80, 50), 60), "JPEG")
PRIVATE = b64(with_place(CLEAN))
DATA_URL = f"data:image/jpeg;base64,{PRIVATE}"


@pytest.fixture
def to_a_target(es: Elasticsearch) -> Iterator[str]:
    options = {"field": "photo", "target_field": "image", "operations": ["grayscale"], "ignore_missing": True}
    es.ingest.put_pipeline(id="to-a-target", processors=[{"image": options}])
    yield "to-a-target"
    es.ingest.delete_pipeline(id="to-a-target")


def stored(es: Elasticsearch, index: str, document: dict[str, Any], **options: Any) -> dict[str, Any]:
    es.index(index=index, id="1", document=document, **options)
    return dict(es.get(index=index, id="1")["_source"])


def test_a_thumbnail_has_no_room_for_another_picture(es: Elasticsearch, index: str) -> None:
    made = stored(es, index, {"image": {"data": b64(CLEAN)}})["image"]
    note = PRIVATE[:3000]
    told = {**made, "thumbnail": f'data:image/jpeg;name="{note}";base64,{made["thumbnail"]}'}
    for image in (told, {name: value for name, value in told.items() if name != "data"}):
        after = stored(es, index, {"image": image})["image"]
        assert note not in json.dumps(after)
        assert after.get("data") in (None, made["data"])
        # It is made again where there is a picture to make it from.
        assert ("thumbnail" in after) == ("data" in image)


@pytest.mark.parametrize("beside", [{}, {"data": b64(CLEAN)}, {"mark": "0" * 64}])
@pytest.mark.parametrize("url", [DATA_URL, " DATA:;base64," + PRIVATE])
def test_a_picture_is_no_address(es: Elasticsearch, index: str, beside: dict[str, str], url: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        es.index(index=index, id="1", document={"image": {"url": url, **beside}})
    assert "url_not_allowed" in str(refused.value)
    assert "send it as [data]" in str(refused.value)
    assert PRIVATE[:100] not in str(refused.value)


@pytest.mark.parametrize(
    "source", [[{}], [{"data": b64(CLEAN)}], [{"url": "https://dead.example.org/a.jpg"}], [None]], ids=str
)
@pytest.mark.parametrize("more", [{"data": PRIVATE}, {"thumbnail": PRIVATE}, PRIVATE])
def test_what_stands_behind_the_last_picture_of_a_target_does_not_stay(
    es: Elasticsearch, index: str, to_a_target: str, source: list[Any], more: Any
) -> None:
    document = {"photo": source, "image": [{}, more]}
    try:
        after = stored(es, index, document, pipeline=to_a_target)
    except BadRequestError:
        # Where the source is refused, nothing is stored.
        return
    assert list(places(after["image"])) == []


def test_a_target_beside_an_address_that_nobody_looks_at_is_processed(
    es: Elasticsearch, index: str, to_a_target: str
) -> None:
    made = stored(es, index, {"photo": {"data": b64(CLEAN)}}, pipeline=to_a_target)["image"]
    address = {"url": "https://dead.example.org/a.jpg"}
    after = stored(es, index, {"photo": address, "image": {**made, "data": PRIVATE}}, pipeline=to_a_target)
    assert list(places(after)) == []
    assert after["photo"] == address
    assert (after["image"]["width"], after["image"]["format"]) == (80, "jpeg")
    # And what was made stays as it is.
    assert stored(es, index, {"photo": address, "image": made}, pipeline=to_a_target)["image"]["data"] == made["data"]
