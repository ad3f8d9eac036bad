"""Pictures in places of a document where none is looked for: they are processed, refused, or do not stay."""

from __future__ import annotations

import itertools
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


NO_PICTURES: list[Any] = [[], [None], [{}], [{"x": 1}], [{"data": None}], [None, None], ["", None]]
INVENTED: dict[str, Any] = {"data": PRIVATE, "mark": "x", "caption": "mine"}


def test_a_target_beside_a_list_without_pictures_is_processed_or_refused(
    es: Elasticsearch, index: str, to_a_target: str
) -> None:
    """Whatever shape it has: the mapping and readers would look into each of these. No mapping of ours refuses any."""
    bare = f"bare-{index}"
    es.indices.create(index=bare, mappings={"dynamic": False})
    targets = [INVENTED, PRIVATE, [[INVENTED]], [[PRIVATE]], [{}, [INVENTED]], [[[INVENTED]]]]
    sources = [{}, *({"photo": photo} for photo in NO_PICTURES)]
    lines: list[dict[str, Any]] = []
    for number, (source, target) in enumerate(itertools.product(sources, targets)):
        lines += [{"index": {"_id": str(number)}}, {**source, "image": target}]
    answer = es.bulk(index=bare, operations=lines, pipeline=to_a_target, refresh=True)
    hits = es.search(index=bare, size=100)["hits"]["hits"]
    refused = [item["index"]["error"]["reason"] for item in answer["items"] if "error" in item["index"]]
    assert len(hits) + len(refused) == len(sources) * len(targets) and len(hits) > len(sources)
    assert all("invalid_base64" in reason or "empty_image" in reason for reason in refused), refused
    for hit in hits:
        assert list(places(hit["_source"])) == [], (hit["_id"], lines[2 * int(hit["_id"]) + 1].get("photo"))
    es.indices.delete(index=bare)


def test_a_picture_that_becomes_the_first_of_a_list_stays_as_it_was_made(
    es: Elasticsearch, index: str, to_a_target: str
) -> None:
    made = stored(es, index, {"photo": {"data": b64(CLEAN)}}, pipeline=to_a_target)["image"]
    made = {**made, "caption": "mine"}
    alone = stored(es, index, {"photo": [{"data": b64(CLEAN)}], "image": made}, pipeline=to_a_target)
    assert alone["image"] == [made]
    more = stored(es, index, {"photo": [{"data": b64(CLEAN)}, {"data": PRIVATE}], "image": made}, pipeline=to_a_target)
    assert more["image"][0] == made and more["image"][1]["width"] == 80
    none = stored(es, index, {"photo": [None], "image": made}, pipeline=to_a_target)
    assert none["image"] == [{"caption": "mine"}]


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
