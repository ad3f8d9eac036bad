"""Keeping one of several copies, in Chromium."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from tests.helpers.browser import CHROMIUM, DRIVER, Browser
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.ingest_image.gallery.browser import INDEX as SHARED

if CHROMIUM and DRIVER:
    from selenium.webdriver.common.keys import Keys

INDEX = "images-there-twice"


def test_the_others_are_deleted_unless_they_have_changed(chromium: Any, es: Elasticsearch) -> None:
    image = es.get(index=SHARED, id="lake")["_source"]["image"]
    for id in ("one", "two/../x", "three"):
        es.index(index=INDEX, id=id, document={"title": f"Lake {id}", "image": image}, pipeline="_none")
    es.indices.refresh(index=INDEX)
    try:
        with running_gallery(es, gallery_settings(INDEX)) as server:
            page = Browser(chromium, f"http://{HOST}:{server.port}")
            page.look(768, 900)
            page.open("/duplicates")
            page.wait(lambda: page.one(".total").text == "1 picture is there several times")
            page.shot("duplicates")
            # Also beside cards of which something more is said.
            assert len({button.rect["y"] for button in page.all(".cluster .card button")}) == 1
            page.all(".card a")[2].click()
            page.wait(lambda: page.all("main.detail"))
            page.press(Keys.ESCAPE)
            page.wait(lambda: page.one(".total").text == "1 picture is there several times")
            keep = next(card for card in page.all(".card") if "Lake one" in card.text)
            keep.find_element("tag name", "button").click()
            page.wait(lambda: page.one(".total").text == "Delete 2 pictures?")
            page.shot("duplicates-keep")
            # Somebody changes one before the click.
            es.index(index=INDEX, id="three", document={"title": "Mine", "image": image}, pipeline="_none")
            page.one(".danger").click()
            page.wait(lambda: page.one(".notice").text == "1 picture deleted; 1 picture had changed meanwhile: kept.")
            hits = es.search(index=INDEX, source=False)["hits"]["hits"]
            assert {hit["_id"] for hit in hits} == {"one", "three"}
            assert page.one(".total").text == "1 picture is there several times" and len(page.all(".card")) == 2
    finally:
        es.indices.delete(index=INDEX)
