"""The eight EXIF orientations come out upright and alike, through a plain PUT."""

from __future__ import annotations

from elasticsearch import Elasticsearch

from tests.helpers.pictures import assert_alike, b64, opened, picture


def test_all_orientations_come_out_alike(es: Elasticsearch, index: str) -> None:
    images = []
    for orientation in range(1, 9):
        data = b64(picture(f"exif-orientation/Landscape_{orientation}.jpg"))
        es.index(index=index, id=str(orientation), document={"image": {"data": data}})
        images.append(es.get(index=index, id=str(orientation))["_source"]["image"])
    first = opened(images[0]["data"])
    for orientation, image in enumerate(images, 1):
        assert (image["width"], image["height"], image["orientation"]) == (1800, 1200, "landscape")
        # Each file was encoded by itself: small differences of two JPEG generations.
        assert_alike(opened(image["data"]), first, 6, f"orientation-{orientation}")
        assert opened(image["data"]).getexif() == {}
