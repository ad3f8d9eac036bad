"""Every page in Chromium: as wide as a desk, a tablet and a phone, light and dark, for everybody (axe-core)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from flask import template_rendered

from ingest_image.gallery import create_app
from tests.helpers.browser import AXE, LEVELS, Browser
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.ingest_image.gallery.browser import INDEX as SHARED
from tests.ingest_image.gallery.browser.test_gallery_browser import SEEN

INDEX = "images-of-everybody"
WIDTHS = (1280, 768, 360)
PLACES = ("48.85,2.35", "52.5,13.4", "-33.87,151.2")
ONE = f"/picture/{INDEX}?id=lake-0"
# Each with its address, and what is done there before one looks.
PAGES = {
    "list": ("/?f=month:2020-01", "one('.narrow').click()"),
    "words": ("/?q=mission&f=format:jpeg", ""),
    "nothing": ("/?q=zebra", ""),
    "alike": (f"/?like={INDEX}/lake-0", ""),
    "selected": ("/", "for (const box of all('.choose')) box.click()"),
    "messages": ("/", "toast('Stored 1 picture.', '/', 'Show'); deleteLater([{version: '1:1:a/b', title: 'A lake'}])"),
    "drop": ("/", "one('.drop').hidden = false; one('.zone').classList.add('over')"),
    "recognized": (f"/picture/{INDEX}?id=seen&q=mission", "for (const box of all('.switches input')) box.checked = true"),
    "problem": (f"/picture/{INDEX}?id=broken", ""),
    "changes": (ONE, "one('.crop summary').click()"),
    "viewer": (ONE, "one('figure a').click()"),
    "edit": (f"/edit/{INDEX}?id=lake-0", ""),
    "delete": (ONE, "one('form[data-delete]').submit()"),
    "deleted": (ONE, "form = one('form[data-delete]'); form.doc.name = 'version'; "
                f"form.doc.value = '1:1:{INDEX}/gone'; form.action = '/delete'; form.submit()"),
    "map": ("/map", ""),
    "request": ("/request?q=lake", ""),
    "duplicates": ("/duplicates", ""),
    "keep": ("/duplicates", "one('.cluster .button').click()"),
    "error": ("/nowhere", ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(es: Elasticsearch) -> Iterator[str]:
    """Address of a gallery of pictures with dates and places, of which some are copies."""
    picture = {id: es.get(index=SHARED, id=id)["_source"]["image"] for id in ("lake", "astronaut", "broken")}
    documents: dict[str, dict[str, Any]] = {
        "seen": picture["astronaut"] | SEEN,
        "broken": picture["broken"],
    }
    for number, location in enumerate(PLACES):
        about = {"location": location, "taken_at": f"202{number}-01-09"}
        documents[f"lake-{number}"] = picture["lake"] | {"metadata": about}
    for id, image in documents.items():
        es.index(index=INDEX, id=id, document={"title": f"Lake {id}", "image": image}, pipeline="_none")
    es.indices.refresh(index=INDEX)
    with running_gallery(es, gallery_settings(INDEX)) as server:
        yield f"http://{HOST}:{server.port}"
    es.indices.delete(index=INDEX)


def prepared(page: Browser, name: str) -> None:
    """Open one of the pages, and do there what is done before one looks."""
    address, prepare = PAGES[name]
    page.open(address)
    if "duplicates" in address:
        page.wait(lambda: page.all(".cluster"))
    page.js(f"document.left = true; {prepare}")
    if name in ("delete", "deleted", "keep"):
        page.wait(lambda: page.js("return !document.left && document.readyState === 'complete'"))


def problems(page: Browser, name: str) -> Iterator[tuple[Any, ...]]:
    """What is wrong with the present page, at each width."""
    for width in WIDTHS:
        for dark in (False, True):
            page.look(width, 900, dark)
            page.js("document.getAnimations().forEach((one) => one.cancel())")
            page.shot(f"everybody-{name}-{width}-{'dark' if dark else 'light'}", 0.4)
            # The dark changes colours, so one width is enough for the rules about everything else.
            rules = LEVELS if not dark or width == WIDTHS[0] else ["color-contrast"]
            if found := page.driver.execute_async_script(AXE, rules):
                yield name, width, dark, found
        if (wide := page.js("return document.documentElement.scrollWidth")) != width:
            yield name, width, f"is {wide} wide"


@pytest.mark.timeout(400)
def test_everybody_can_use_every_page(chromium: Any, axe: str, es: Elasticsearch, place: str) -> None:
    """WCAG 2.2 A and AA, as far as axe-core can tell; nothing is wider than the screen."""
    page = Browser(chromium, place)
    rendered: set[str | None] = set()

    def note(_: Any, template: Any, **more: Any) -> None:
        rendered.add(template.name)

    template_rendered.connect(note)
    found: list[Any] = []
    for name in PAGES:
        page.look(360, 900)
        prepared(page, name)
        page.js(axe)
        found += problems(page, name)
    assert found == []
    # Chromium logs the answer 404 itself.
    assert [entry["message"] for entry in chromium.get_log("browser") if "404" not in entry["message"]] == []
    # No page is left out: each that has a head of its own was looked at.
    templates = create_app(es).jinja_env
    pages = {name for name in templates.list_templates() if _is_page(templates, name)}
    assert pages <= rendered
    # It would say so.
    page.js("document.documentElement.removeAttribute('lang')")
    assert [name for name, _ in page.driver.execute_async_script(AXE, LEVELS)] == ["html-has-lang"]


def _is_page(templates: Any, name: str) -> bool:
    source: str = templates.loader.get_source(templates, name)[0]
    return source.startswith('{% extends "base.html" %}')
