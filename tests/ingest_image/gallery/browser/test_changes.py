"""Changing pictures as people do it: Chromium, a real gallery, a real node, real pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.helpers.browser import Browser
from tests.helpers.pictures import b64, picture
from tests.ingest_image.gallery.browser import INDEX

FLOWER = f"/picture/{INDEX}?id=flower"


@pytest.fixture
def added(es: Elasticsearch) -> Iterator[list[str]]:
    """Two documents that a test may change or delete."""
    ids = ["first", "second"]
    for id in ids:
        image = {"data": b64(picture("exif-orientation/Landscape_1.jpg"))}
        es.index(index=INDEX, id=id, document={"title": f"The {id}", "image": image}, refresh=True)
    yield ids
    for id in ids:
        es.options(ignore_status=404).delete(index=INDEX, id=id, refresh=True)


def there(es: Elasticsearch, id: str) -> bool:
    return bool(es.exists(index=INDEX, id=id))


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


def test_deleting_can_be_undone(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open("/?q=first")
    browser.one(".card a").click()
    browser.one("[data-delete] button").click()
    browser.wait(lambda: "“The first” is being deleted" in browser.one(".toast").text)
    browser.wait(lambda: not [card for card in browser.all(".card") if card.is_displayed()])
    browser.shot("undo")
    browser.one(".undo").click()
    assert browser.one(".card").is_displayed() and there(es, "first")
    # Nothing is left to be done when the page is left.
    browser.open("/")
    assert there(es, "first")


def test_a_key_undoes_deleting_the_last_ones_first(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    """Its button is behind the whole list, and the keyboard would be there too late."""
    browser.open("/?q=the AND (first OR second)")
    # However long a busy machine takes, the time to undo it is not over.
    browser.js("window.setInterval = () => 0")
    keys = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.one(".undo")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.wait(lambda: len(browser.all(".undo")) == 2)
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    browser.wait(lambda: len(browser.all(".undo")) == 1)
    shown = [card.get_attribute("data-key") for card in browser.all(".card") if card.is_displayed()]
    assert shown == [browser.focused()] == [keys[1]]
    # One steps to what is there only.
    assert [key for key, _ in json.loads(browser.js("return sessionStorage.getItem('order')"))] == shown
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    browser.wait(lambda: not browser.all(".undo"))
    browser.open("/?q=coins")
    assert all(there(es, id) for id in added)


def test_what_was_deleted_by_leaving_the_page_is_not_offered_to_be_undone_when_one_comes_back(
    browser: Browser, es: Elasticsearch, added: list[str]
) -> None:
    browser.open("/?q=the AND (first OR second)")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.one(".undo")
    browser.js("document.querySelector('.brand').click()")
    browser.wait(lambda: es.count(index=INDEX, query={"ids": {"values": added}})["count"] == 1)
    browser.driver.back()
    browser.wait(lambda: browser.one(".total").text == "1 picture")
    assert len([card for card in browser.all(".card") if card.is_displayed()]) == 1 and not browser.all(".undo")


def test_leaving_the_page_deletes(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open(f"/picture/{INDEX}?id=first")
    browser.one("[data-delete] button").click()
    browser.one(".undo")
    assert there(es, "first")
    browser.open("/?q=coins")
    browser.wait(lambda: not there(es, "first"))
    assert there(es, "second")


def test_whoever_deletes_is_at_the_next_picture_and_sees_how_many_are_left(browser: Browser, added: list[str]) -> None:
    browser.open("/?q=the AND (first OR second)")
    second = browser.js("return document.querySelectorAll('.card')[1].dataset.key")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.wait(lambda: browser.focused() == second)
    # What has vanished is no stop on the way.
    browser.press(Keys.ARROW_LEFT)
    assert browser.focused() == second and browser.one(".total").text == "2 pictures"
    browser.one(".toast button[aria-label^=Close]").click()
    browser.wait(lambda: browser.one(".total").text == "1 picture")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.one(".toast button[aria-label^=Close]").click()
    browser.wait(lambda: browser.one(".total").text == "0 pictures" and browser.all(".empty"))


def test_what_was_changed_meanwhile_is_not_deleted(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open(f"/picture/{INDEX}?id=first&q=first")
    browser.one("[data-delete] button").click()
    browser.one(".undo")
    es.update(index=INDEX, id="first", doc={"title": "The first, renamed"})
    # The time is over.
    browser.one(".toast button[aria-label^=Close]").click()
    browser.wait(lambda: "1 changed or deleted by somebody" in browser.one(".toast").text)
    assert there(es, "first")


def test_selected_pictures_are_tagged_and_deleted(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open("/?q=the AND (first OR second)")
    assert len(browser.titles()) == 2 and not browser.one("#selection").is_displayed()
    browser.press(Keys.ARROW_RIGHT, "x")
    assert browser.one(".chosen").text == "1 selected"
    browser.js(
        "document.querySelectorAll('.choose')[1].dispatchEvent(new MouseEvent('click', {shiftKey: true, bubbles: true}))"
    )
    browser.wait(lambda: browser.one(".chosen").text == "2 selected")
    browser.shot("selected")
    # A download leaves the page as it is, and nothing says that one has to wait.
    browser.one("[data-download]").click()
    assert len(browser.downloaded("*.zip")) > 1000 and not browser.all(".waiting")
    browser.one(".tagging input").send_keys("pair", Keys.ENTER)
    browser.wait(lambda: "2 pictures tagged" in browser.one(".toast").text)
    assert [es.get(index=INDEX, id=id)["_source"]["tags"] for id in added] == [["pair"], ["pair"]]
    assert not browser.one("#selection").is_displayed()
    # Keys: Esc unticks, Delete asks to delete those that are ticked, and both can be undone.
    browser.open("/?q=the AND (first OR second)")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.ESCAPE)
    assert not browser.one("#selection").is_displayed() and not browser.all(".choose:checked")
    # One is still at the picture.
    browser.press("x", Keys.DELETE)
    browser.wait(lambda: "is being deleted" in browser.one(".toast").text)
    browser.one(".undo").click()
    browser.wait(lambda: len([card for card in browser.all(".card") if card.is_displayed()]) == 2)
    browser.open("/?f=tags:pair")
    browser.js("document.querySelector('.choose').click()")
    browser.one("[data-all]").click()
    browser.one("[data-delete-chosen]").click()
    browser.wait(lambda: "2 pictures are being deleted" in browser.one(".toast").text)
    assert all(there(es, id) for id in added)
    browser.open("/?q=coins")
    browser.wait(lambda: not any(there(es, id) for id in added))


def test_a_page_asks_about_very_many_and_the_form_is_what_it_was_when_one_comes_back(browser: Browser) -> None:
    """A browser shows the page as it was left, and "Download" has no address of its own."""
    browser.open("/")
    browser.js(
        """
        const documents = Array(3000).fill({version: "1:1:images/0123456789", title: "One"});
        window.fetch = async () => new Response(JSON.stringify({documents}));
        const form = document.querySelector("#selection");
        form.submit = () => { window.asked = form.getAttribute("action"); };
        askToDelete(form, ["images/1"], "/delete/ask", () => {});
        """
    )
    browser.wait(lambda: browser.js("return window.asked") == "/delete/ask")
    assert browser.one("#selection").get_dom_attribute("action") == "/download"


SCALE = "return document.querySelector('.viewer img').getBoundingClientRect().width / innerWidth"


def viewed(browser: Browser) -> str:
    return str(browser.one(".where").text)


def test_the_viewer_shows_the_results_large(browser: Browser) -> None:
    browser.open("/?q=lake OR cat OR coins")
    keys = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.one(".card a").click()
    browser.one("figure a").click()
    browser.wait(lambda: viewed(browser) == f"1 of {len(keys)}")
    browser.shot("viewer")
    # Zoom: keys, wheel, double click.
    browser.press("+", "+")
    assert browser.js(SCALE) == pytest.approx(2.25)
    browser.press("0")
    assert browser.js(SCALE) == 1
    place = "document.querySelector('.field-of-view').dispatchEvent(new {}('{}', {{clientX: 600, clientY: 400, deltaY: -400, bubbles: true, cancelable: true}}))"
    browser.js(place.format("WheelEvent", "wheel"))
    assert browser.js(SCALE) == pytest.approx(2.718, abs=0.01)
    browser.js(place.format("MouseEvent", "dblclick"))
    assert browser.js(SCALE) == 1
    # Steps: keys, and a swipe to the left.
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: viewed(browser) == f"2 of {len(keys)}")
    swipe(browser, (900, 400), (500, 410))
    browser.wait(lambda: viewed(browser) == f"3 of {len(keys)}")
    # Two fingers that part.
    swipe(browser, (600, 400), (600, 400), (700, 400), (900, 400))
    assert browser.js(SCALE) == pytest.approx(3)
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == keys[2])
    assert not browser.one(".viewer").is_displayed()


def test_results_are_turned_and_cropped_in_the_viewer(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open("/?q=the AND (first OR second)")
    first, second = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.one(".card a").click()
    browser.one("figure a").click()
    shown = "const image = document.querySelector('.viewer img'); return [image.naturalWidth, image.naturalHeight]"
    browser.wait(lambda: browser.js(shown) == [1800, 1200])
    browser.press("r")
    browser.wait(lambda: browser.js(shown) == [1200, 1800])
    # As often as one likes, and others of the results, too.
    browser.one("[data-view=right]").click()
    browser.wait(lambda: browser.js(shown) == [1800, 1200])
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: viewed(browser) == "2 of 2" and browser.js(shown) == [1800, 1200])
    browser.one("[data-view=left]").click()
    browser.wait(lambda: browser.js(shown) == [1200, 1800] and viewed(browser) == "2 of 2")
    browser.shot("viewer-turned")
    browser.one("[data-view=crop]").click()
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == second)
    browser.wait(lambda: browser.one(".crop").get_attribute("open"))
    assert size(browser) == [1200, 1800]
    browser.one(".crop input[name=top]").send_keys(Keys.HOME, Keys.DELETE, "50")
    browser.one(".crop button").click()
    browser.wait(lambda: size(browser) == [1200, 900])
    widths = [es.get(index=INDEX, id=key.partition("/")[2])["_source"]["image"]["width"] for key in (first, second)]
    assert widths == [1800, 1200]


def test_while_a_picture_is_turned_keys_are_for_the_viewer_and_it_can_be_closed(
    browser: Browser, added: list[str]
) -> None:
    """A button that is disabled would give the keyboard to the page below, where an arrow leads to another page."""
    browser.open("/?q=the AND (first OR second)")
    browser.one(".card a").click()
    assert size(browser) == [1800, 1200]
    browser.one("figure a").click()
    browser.wait(lambda: viewed(browser) == "1 of 2")
    browser.js(
        """
        const real = window.fetch;
        window.fetch = (path, ...more) => !path.startsWith("/operate") ? real(path, ...more)
            : new Promise((done) => { window.release = () => done(real(path, ...more)); });
        """
    )
    browser.one("[data-view=right]").click()
    browser.wait(lambda: browser.js("return Boolean(window.release)"))
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: viewed(browser) == "2 of 2")
    # It is not asked for twice.
    browser.press("r")
    assert viewed(browser) == "2 of 2"
    browser.press(Keys.ARROW_LEFT)
    browser.wait(lambda: viewed(browser) == "1 of 2")
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: not browser.one(".viewer").is_displayed())
    browser.js("window.release()")
    browser.wait(lambda: size(browser) == [1200, 1800])


def test_the_viewer_says_why_a_picture_is_not_changed_and_goes_on(
    browser: Browser, es: Elasticsearch, added: list[str]
) -> None:
    es.indices.put_settings(index=INDEX, settings={"index.default_pipeline": "_none"})
    try:
        browser.open("/?q=the AND (first OR second)")
        browser.one(".card a").click()
        browser.one("figure a").click()
        browser.wait(lambda: browser.js("return document.querySelector('.viewer img').naturalWidth"))
        browser.press("c")
        browser.wait(lambda: "Nothing in the pipeline of the index" in viewed(browser))
        assert browser.js("return location.hash") == ""
        browser.js("window.setTimeout = (act) => { window.next = act; }")
        browser.press("s")
        browser.js("window.next = null")
        browser.press("l")
        browser.wait(lambda: "Nothing in the pipeline of the index" in viewed(browser))
        # A slideshow shows the next one all the same.
        browser.wait(lambda: browser.js("return Boolean(window.next)"))
        browser.js("window.next()")
        browser.wait(lambda: viewed(browser) == "2 of 2")
    finally:
        es.indices.put_settings(index=INDEX, settings={"index.default_pipeline": "images"})


def swipe(browser: Browser, *places: tuple[int, int]) -> None:
    """One finger from the first place to the second; with four places, another from the third to the fourth."""
    browser.js(
        """
        const area = document.querySelector(".field-of-view");
        area.setPointerCapture = () => {};
        const fingers = [];
        for (let n = 0; n < arguments.length; n += 2) fingers.push([arguments[n], arguments[n + 1]]);
        const send = (kind, which, end) => fingers.forEach((finger, pointerId) => area.dispatchEvent(new PointerEvent(
            kind, {pointerId, clientX: finger[end][0], clientY: finger[end][1], bubbles: true})));
        send("pointerdown", 0, 0); send("pointermove", 0, 1); send("pointerup", 0, 1);
        """,
        *places,
    )


def test_a_slideshow_and_the_full_screen(browser: Browser) -> None:
    browser.open("/?q=lake OR cat OR coins")
    browser.one(".card a").click()
    browser.one("[data-open-viewer]")
    browser.press("f", "f")
    browser.wait(lambda: browser.js("return Boolean(document.fullscreenElement)"))
    browser.press("f")
    browser.wait(lambda: not browser.js("return Boolean(document.fullscreenElement)"))
    browser.js("const real = window.setTimeout; window.setTimeout = (act, time) => real(act, time / 50)")
    browser.press("s")
    assert browser.one("[data-view=play]").get_attribute("aria-pressed") == "true"
    browser.wait(lambda: viewed(browser).startswith("3 of"))


def test_without_results_there_is_one_picture(browser: Browser) -> None:
    browser.open(FLOWER)
    browser.js("sessionStorage.clear()")
    browser.open(FLOWER)
    browser.one(".tools a[download]").click()
    assert browser.downloaded("flower*").startswith(b"\xff\xd8") and not browser.all(".waiting")
    browser.one("figure a").click()
    assert viewed(browser) == "" and not browser.one("[data-view='1']").is_enabled()


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
