"""Vectors of faces without the plugin: stored, and made again when a document comes back without them."""

from __future__ import annotations

import copy

from tests.helpers.people import PEOPLE
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service

from .stock import StockProcessors
from .way import Way


def test_vectors_of_faces_are_stored_and_made_again_where_they_were_left_out(
    stock: StockProcessors, recognizing: Service
) -> None:
    properties = [{"faces": {"identity": True}}, "colors"]
    way = Way(stock, recognizing.url, operations=["auto_orient"], properties=properties)
    document = way({"image": {"data": b64(picture(PEOPLE["collins"]))}})
    (face,) = document["image"]["face_vectors"]
    assert len(face["vector"]) == 128
    assert way({**document, "title": "again"}) == {**document, "title": "again"}
    # As Elasticsearch returns it from 9.2 on.
    returned = copy.deepcopy(document)
    del returned["image"]["face_vectors"][0]["vector"]
    (again,) = way(returned)["image"]["face_vectors"]
    assert len(again["vector"]) == 128
    assert sum((one - other) ** 2 for one, other in zip(face["vector"], again["vector"], strict=True)) < 0.1**2
    assert way(returned)["image"] == document["image"] | {"face_vectors": [again]}


def test_a_picture_without_a_face_has_none_and_is_not_asked_for_again(
    stock: StockProcessors, recognizing: Service
) -> None:
    way = Way(stock, recognizing.url, operations=["auto_orient"], properties=[{"faces": {"identity": True}}])
    document = way({"image": {"data": b64(picture("skimage/chelsea.png"))}})
    assert document["image"]["face_count"] == 0 and "face_vectors" not in document["image"]
    assert way(document) == document
