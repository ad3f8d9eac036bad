"""Changing pictures as people do it: Chromium, a real gallery, a real node, real pictures."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from tests.helpers.browser import Browser
from tests.helpers.pictures import b64, picture
from tests.ingest_image.gallery.browser import INDEX


def size(browser: Browser) -> Any:
    script = "const image = document.querySelector('figure img'); return [image.naturalWidth, image.naturalHeight]"
    return browser.wait(lambda: (found := browser.js(script))[0] and found)


def test_words_are_edited(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open(f"/picture/{INDEX}?id=first")
    browser.one(".tools a[href^='/edit']").click()
    browser.one("#edit-tags").send_keys("alps, holiday")
    browser.one("#edit-description").send_keys("A morning in June")
    browser.shot("edit")
    browser.one(".words button").click()
    assert browser.one(".description").text == "A morning in June"
    browser.open("/?q=holiday june")
    browser.wait(lambda: browser.titles() == ["The first"])
    assert es.get(index=INDEX, id="first")["_source"]["image"]["sha256"]


def test_a_picture_is_turned_and_cropped(browser: Browser, added: list[str]) -> None:
    browser.open(f"/picture/{INDEX}?id=first")
    assert size(browser) == [1800, 1200]
    browser.one(".turns button[value=left]").click()
    browser.wait(lambda: size(browser) == [1200, 1800])
    browser.one(".crop summary").click()
    # From the middle of the left side to beyond the lower right corner.
    browser.js(
        """
        const shown = document.querySelector("figure .shown");
        const within = shown.getBoundingClientRect();
        shown.setPointerCapture = () => {};
        const send = (kind, x, y) => shown.dispatchEvent(new PointerEvent(kind, {
            clientX: within.left + x * within.width, clientY: within.top + y * within.height, bubbles: true}));
        send("pointerdown", 0, 0.5); send("pointermove", 1.2, 1.2); send("pointerup", 1.2, 1.2);
        """
    )
    values = browser.js("return [...document.querySelectorAll('.crop input[type=number]')].map((one) => one.value)")
    assert values == ["0", "50", "0", "0"]
    browser.shot("crop")
    browser.one(".crop button").click()
    browser.wait(lambda: size(browser) == [1200, 900])
    assert browser.one("h1").text == "The first"


def test_what_the_pipeline_does_not_allow_is_said(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    pipeline = es.ingest.get_pipeline(id="images")["images"]
    processor = {"image": {**pipeline["processors"][0]["image"], "document_operations": ["flip"]}}
    es.ingest.put_pipeline(id="images-flip", processors=[processor])
    es.indices.put_settings(index=INDEX, settings={"index.default_pipeline": "images-flip"})
    try:
        browser.open(f"/picture/{INDEX}?id=first")
        off = browser.js("return [...document.querySelectorAll('.turns button')].filter((b) => b.disabled).length")
        assert off == 2 and not browser.all(".crop")
        # Once, for both.
        owner = "its owner can add to [document_operations]"
        assert browser.one("#refused").text == f"The pipeline allows documents [flip] and nothing else; {owner}"
        browser.shot("refused")
    finally:
        es.indices.put_settings(index=INDEX, settings={"index.default_pipeline": "images"})


def test_a_problem_is_tried_again(browser: Browser) -> None:
    browser.open(f"/picture/{INDEX}?id=broken")
    browser.one("form[action^='/retry'] button").click()
    browser.wait(lambda: "same problem again: truncated image" in browser.one("[role=alert]").text)
    # Chromium logs the answer 400 itself.
    browser.driver.get_log("browser")


def test_a_problem_that_is_over_goes_away(browser: Browser, es: Elasticsearch) -> None:
    """It was added through a pipeline that allowed less than the index's own one does now."""
    processor = es.ingest.get_pipeline(id="images")["images"]["processors"][0]["image"]
    narrow = {**processor, "max_result_bytes": "1kb", "keep_invalid": True}
    es.ingest.put_pipeline(id="narrow", processors=[{"image": narrow}])
    data = b64(picture("exif-orientation/Landscape_6.jpg"))
    es.index(
        index=INDEX, id="late", document={"title": "Late", "image": {"data": data}}, pipeline="narrow", refresh=True
    )
    try:
        assert es.get(index=INDEX, id="late")["_source"]["image"]["error"]["code"] == "result_too_large"
        browser.open(f"/picture/{INDEX}?id=late")
        browser.one("form[action^='/retry'] button").click()
        browser.wait(lambda: not browser.all("form[action^='/retry']"))
        assert size(browser) == [1800, 1200] and browser.one("h1").text == "Late"
        stored = es.get(index=INDEX, id="late")["_source"]["image"]
        assert "error" not in stored and stored["mark"] and (stored["width"], stored["height"]) == (1800, 1200)
    finally:
        es.delete(index=INDEX, id="late", refresh=True)
        es.ingest.delete_pipeline(id="narrow")


def test_a_problem_in_another_field_goes_away_too(browser: Browser, es: Elasticsearch) -> None:
    """The field is the pipeline's choice; the page shows no picture, and what became of it."""
    processor = {"field": "file", "target_field": "about.photo", "on_invalid": "record"}
    index = f"{INDEX}-elsewhere"
    data = b64(picture("pillow/hopper.jpg"))

    def install(**more: Any) -> None:
        es.ingest.put_pipeline(id=index, processors=[{"image": processor | more}])

    install(max_result_bytes="1kb")
    es.indices.create(index=index, settings={"index.default_pipeline": index, "number_of_replicas": 0})
    try:
        es.index(index=index, id="1", document={"title": "Elsewhere", "file": data}, refresh=True)
        browser.open("/?f=error:*&q=elsewhere")
        browser.one(".card a").click()
        assert "about.photo: the picture became larger" in browser.one(".large-missing").text
        install()
        browser.one("form[action^='/retry'] button").click()
        browser.wait(lambda: not browser.all("form[action^='/retry']"))
        stored = es.get(index=index, id="1")["_source"]
        assert stored["file"] == data and stored["about"]["photo"]["mark"] and "error" not in stored["about"]["photo"]
    finally:
        es.indices.delete(index=index)
        es.ingest.delete_pipeline(id=index)
