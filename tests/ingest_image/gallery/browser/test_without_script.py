"""The page in a Chromium that runs no script: one searches, changes, adds and deletes by links and forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.browser import Browser
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, picture

from .test_narrow_screens import MISFITS

INDEX = "images-without-script"
LAKE = "exif-orientation/Landscape_1.jpg"
TITLES = {"lake": (LAKE, "A lake"), "flower": ("pillow/flower.jpg", "A flower"), "copy": (LAKE, "The lake again")}


@pytest.fixture
def page(chromium: Any, es: Elasticsearch) -> Iterator[Browser]:
    """A gallery of its own, whose list has two pictures on a page."""
    for id, (name, title) in TITLES.items():
        es.index(index=INDEX, id=id, document={"title": title, "image": {"data": b64(picture(name))}})
    es.indices.refresh(index=INDEX)
    settings = replace(gallery_settings(INDEX, upload_index=INDEX), page_size=2)
    with running_gallery(es, settings) as server:
        browser = Browser(chromium, f"http://{HOST}:{server.port}")
        browser.look(768)
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            yield browser
        finally:
            chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
            es.indices.delete(index=INDEX)


def go(page: Browser, path: str) -> None:
    page.driver.get(page.base + path)


def titles(page: Browser) -> set[str]:
    return {caption.text for caption in page.all(".card .caption")}


def test_one_searches_and_looks(page: Browser) -> None:
    go(page, "/")
    assert len(titles(page)) == 2 and page.one("#facets").is_displayed() and not page.one(".narrow").is_displayed()
    page.shot("no-script-list-768")
    # One sees which file was chosen, on a phone, too, where nothing sticks out.
    page.look(375)
    page.one("form[data-kind=look] input").send_keys(str(PICTURES / LAKE))
    assert page.one("form[data-kind=look] input").size["width"] > 150 and page.js(MISFITS) == []
    page.shot("no-script-list-375")
    page.look(768)
    first = titles(page)
    page.one(".more a").click()
    assert page.wait(lambda: first | titles(page) == {title for _, title in TITLES.values()})
    page.one("#q").send_keys("lake")
    page.one(".search button").submit()
    assert page.wait(lambda: titles(page) == {"A lake", "The lake again"})
    page.one("#facets [data-facet^='format:']").click()
    page.wait(lambda: page.one(".chip"))
    assert parse_qs(urlsplit(page.driver.current_url).query)["q"] == ["lake"]
    page.one(".card a").click()
    assert page.wait(lambda: page.one("h1").text) in {"A lake", "The lake again"}
    page.one("form[data-kind=look] input").send_keys(str(PICTURES / LAKE))
    page.one("form[data-kind=look] button").click()
    page.wait(lambda: titles(page) >= {"A lake", "The lake again"})


def test_one_adds_changes_and_deletes(page: Browser, es: Elasticsearch) -> None:
    go(page, f"/picture/{INDEX}?id=lake")
    page.one(".tools a[href^='/edit']").click()
    page.one("#edit-tags").send_keys("alps")
    page.one(".words button").click()
    page.wait(lambda: es.get(index=INDEX, id="lake")["_source"].get("tags") == ["alps"])
    page.one(".turns button[value=left]").click()
    page.wait(lambda: es.get(index=INDEX, id="lake")["_source"]["image"]["width"] == 1200)
    page.one(".crop summary").click()
    page.one(".crop input[name=top]").clear()
    page.one(".crop input[name=top]").send_keys("50")
    page.one(".crop button").click()
    page.wait(lambda: es.get(index=INDEX, id="lake")["_source"]["image"]["height"] == 900)
    # One that is ticked gets a tag; after a question both of the others go.
    go(page, "/?q=flower")
    page.one(".choose").click()
    page.one(".tagging input").send_keys("garden")
    page.one(".tagging button").click()
    page.wait(lambda: es.get(index=INDEX, id="flower")["_source"].get("tags") == ["garden"])
    es.indices.refresh(index=INDEX)
    go(page, "/?q=again OR flower")
    for box in page.all(".choose"):
        box.click()
    page.one("[data-delete-chosen]").click()
    page.wait(lambda: "Delete 2 pictures?" in page.one("h1").text)
    assert es.exists(index=INDEX, id="copy")
    page.one("main form button").click()
    page.wait(lambda: not es.exists(index=INDEX, id="copy") and not es.exists(index=INDEX, id="flower"))
    page.one("form[data-kind=upload] input").send_keys(str(PICTURES / "pillow/hopper.jpg"))
    page.one("form[data-kind=upload] button").click()
    page.wait(lambda: es.count(index=INDEX, query={"term": {"image.width": 128}})["count"] == 1)
