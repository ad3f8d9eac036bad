"""The gallery as people use it: Chromium, a real gallery, a real node, real pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.browser import CHROMIUM, DRIVER, Browser
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.ingest_image.gallery.browser import DOCUMENTS, INDEX

if CHROMIUM and DRIVER:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def test_the_grid_shows_pictures(browser: Browser) -> None:
    browser.open()
    assert browser.one(".total").text == "11 pictures"
    assert set(browser.titles()) == {title for title, _ in DOCUMENTS.values()}
    loaded = "return [...document.querySelectorAll('.frame img')].filter((image) => image.complete && image.naturalWidth > 0).length"
    browser.wait(lambda: browser.js(loaded) == 10)
    assert "smaller than what came in" in browser.one(".saved").text
    assert browser.one(".problem").text == "truncated image"
    browser.shot("desktop-light")


def test_words_narrow_down(browser: Browser) -> None:
    browser.open()
    browser.press("/")
    assert browser.focused() == "q"
    browser.press("lake", Keys.ENTER)
    browser.wait(lambda: browser.one(".total").text == "2 pictures")
    assert set(browser.titles()) == {"Mountain lake", "Mountain lake, camera turned left"}
    browser.open("/?q=zebra")
    assert browser.one(".empty h2").text == "No picture matches"
    browser.shot("nothing-found")


def test_facets(browser: Browser) -> None:
    browser.open()
    browser.one('[data-facet="format:png"]').click()
    browser.wait(lambda: browser.one(".total").text == "1 picture")
    assert browser.titles() == ["Gopher with transparency"]
    browser.one(".chip").click()
    browser.wait(lambda: browser.one(".total").text == "11 pictures")


def test_colour_picker(browser: Browser) -> None:
    browser.open()
    browser.js("document.querySelector('.picker input[type=color]').value = '#7a4a2c'")
    browser.one(".picker button").click()
    browser.wait(lambda: browser.all(".chip"))
    assert "Chelsea the cat" in browser.titles()


def test_keys(browser: Browser) -> None:
    browser.open("/?q=lake OR cat OR coins")
    keys = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.focused() == keys[0]
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert browser.focused() == keys[1]
    browser.shot("focus")
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == keys[1])
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == keys[2])
    browser.press(Keys.ARROW_LEFT)
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == keys[1])
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: browser.one(".total").text == "4 pictures")


def test_up_and_down(browser: Browser) -> None:
    browser.look(700, 900)
    browser.open()
    browser.press(Keys.ARROW_DOWN)
    first = browser.focused()
    columns = browser.js(
        "return getComputedStyle(document.querySelector('.grid')).gridTemplateColumns.split(' ').length"
    )
    keys = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.press(Keys.ARROW_DOWN)
    assert browser.focused() == keys[columns]
    browser.press(Keys.ARROW_UP)
    assert browser.focused() == first == keys[0]


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_large_with_its_copies(browser: Browser, dark: bool) -> None:
    browser.look(dark=dark)
    browser.open(f"/picture/{INDEX}?id=lake-left")
    browser.wait(lambda: browser.js("return document.querySelector('figure img').naturalWidth") == 1800)
    assert browser.one("h1").text == "Mountain lake, camera turned left"
    assert "1200 × 1800 jpeg became 1800 × 1200 jpeg" in browser.one(".bytes").text
    strip = browser.one("[aria-labelledby=copies]").text
    assert "Mountain lake" in strip and "same picture" in strip
    background = browser.js("return getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(16, 19, 21)" if dark else "rgb(246, 247, 248)")
    browser.shot(f"picture-{'dark' if dark else 'light'}")


# Fractions of the picture: of the astronaut's face, and of a text that is not there.
SEEN: dict[str, Any] = {
    "labels": ["astronaut", "person"],
    "face_count": 1,
    "faces": [{"score": 0.9, "box": {"x": 0.35, "y": 0.12, "width": 0.16, "height": 0.26}}],
    "face_vectors": [
        {
            "vector": [0.1] * 128,
            "embedder": "dlib-resnet-v1",
            "box": {"x": 0.35, "y": 0.12, "width": 0.16, "height": 0.26},
        }
    ],
    "text": "Space shuttle mission",
    "text_lines": [{"text": "mission", "score": 0.9, "box": {"x": 0.6, "y": 0.7, "width": 0.3, "height": 0.1}}],
}
PLACE = """
const [kind] = arguments;
const picture = document.querySelector("figure img").getBoundingClientRect();
const mark = document.querySelector(`.marks .mark-${kind}`).getBoundingClientRect();
const part = (value, whole) => Math.round(100 * value / whole) / 100;
return [part(mark.left - picture.left, picture.width), part(mark.top - picture.top, picture.height),
        part(mark.width, picture.width), part(mark.height, picture.height)];
"""


@pytest.fixture
def seen(es: Elasticsearch) -> Iterator[str]:
    """The address of a picture in which something was recognized."""
    image = es.get(index=INDEX, id="astronaut")["_source"]["image"]
    document = {"title": "Eileen Collins", "image": image | SEEN}
    es.index(index=INDEX, id="seen", document=document, pipeline="_none", refresh=True)
    yield f"/picture/{INDEX}?id=seen&q=mission"
    es.delete(index=INDEX, id="seen", refresh=True)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False), (360, True)])
def test_what_was_recognized_is_marked_on_request(browser: Browser, seen: str, width: int, dark: bool) -> None:
    browser.look(width, 900, dark)
    browser.open(seen)
    browser.wait(lambda: browser.js("return document.querySelector('figure img').naturalWidth"))
    assert not any(mark.is_displayed() for mark in browser.all(".marks rect"))
    switch = browser.one("#mark-face")
    switch.send_keys(Keys.SPACE)
    assert browser.one(".marks .mark-face").is_displayed() and not browser.one(".marks .mark-text").is_displayed()
    browser.press("b")
    assert not switch.is_selected()
    browser.press("b")
    assert all(mark.is_displayed() for mark in browser.all(".marks rect"))
    # Within a pixel or two, as rectangles have a rim.
    for kind, field in (("face", "faces"), ("text", "text_lines")):
        box = SEEN[field][0]["box"]
        assert browser.js(PLACE, kind) == pytest.approx([box[name] for name in ("x", "y", "width", "height")], abs=0.02)
    assert browser.js("return document.documentElement.scrollWidth") == width
    browser.shot(f"recognized-{width}-{'dark' if dark else 'light'}")


def test_found_words_are_highlighted_and_labels_search(browser: Browser, seen: str) -> None:
    browser.open(seen)
    assert [mark.text for mark in browser.all(".read mark")] == ["mission"]
    browser.driver.find_element(By.LINK_TEXT, "astronaut").click()
    browser.wait(lambda: browser.titles() == ["Eileen Collins"])
    assert "label: astronaut" in browser.one(".chip").text
    browser.one('[data-facet="faces:one"]').click()
    browser.wait(lambda: len(browser.all(".chips a[href*=faces]")) > 0)
    assert browser.titles() == ["Eileen Collins"]
    browser.shot("recognized-facets")


def test_the_same_person_is_found_from_the_picture(browser: Browser, es: Elasticsearch, seen: str) -> None:
    other = es.get(index=INDEX, id="coins")["_source"]["image"] | {"face_vectors": SEEN["face_vectors"]}
    document = {"title": "In another picture", "image": other}
    es.index(index=INDEX, id="other", document=document, pipeline="_none", refresh=True)
    try:
        browser.open(seen)
        browser.driver.find_element(By.LINK_TEXT, "same person").click()
        browser.wait(lambda: browser.titles() == ["In another picture"])
        assert browser.one(".total").text == "1 of this person"
        assert "Same person as in Eileen Collins" in browser.one(".chip").text
        browser.shot("same-person")
        browser.one(".chip").click()
        browser.wait(lambda: len(browser.titles()) > 2)
    finally:
        es.delete(index=INDEX, id="other", refresh=True)


def test_dark_grid(browser: Browser) -> None:
    browser.look(dark=True)
    browser.open()
    browser.shot("desktop-dark")


def test_a_dropped_picture_is_searched_by(browser: Browser, es: Elasticsearch) -> None:
    before = es.count(index=INDEX)["count"]
    browser.open()
    small = opened(picture("skimage/chelsea.png")).convert("RGB").resize((200, 133))
    browser.js(
        "document.body.dispatchEvent(new DragEvent('dragenter', {dataTransfer: (() => { const t = new DataTransfer(); t.items.add(new File(['x'], 'x')); return t; })(), bubbles: true}))"
    )
    assert "Find pictures like this" in browser.one(".zone-look").text
    assert f"stored in the index {INDEX}" in browser.one(".zone-upload").text
    browser.shot("drop")
    browser.drop(encoded(small, "JPEG", quality=40), ".zone-look")
    browser.wait(lambda: "Like dropped.jpg" in browser.one(".chips").text)
    assert browser.titles()[0] == "Chelsea the cat"
    assert "same picture" in browser.one(".card .reason").text
    browser.shot("like")
    browser.driver.find_element(By.PARTIAL_LINK_TEXT, "Only copies").click()
    browser.wait(lambda: browser.one(".total").text == "1 copy")
    assert es.count(index=INDEX)["count"] == before


def test_turned_copies(browser: Browser) -> None:
    browser.open(f"/picture/{INDEX}?id=paris")
    assert "mirrored and turned" in browser.one("[aria-labelledby=copies]").text


def test_a_dropped_picture_is_stored(browser: Browser, es: Elasticsearch) -> None:
    browser.open()
    image = opened(picture("skimage/coins.png")).convert("RGB").crop((0, 0, 200, 150))
    data = encoded(image, "JPEG", quality=95)
    browser.drop(data, ".zone-upload", "summer_2026-coins.jpg")
    browser.wait(lambda: "Stored 1 picture" in browser.one(".toast").text)
    browser.shot("stored")
    browser.one(".toast a").click()
    assert browser.wait(lambda: browser.one("h1").text) == "summer 2026 coins"
    browser.open()
    browser.drop(data, ".zone-upload", "again.jpg")
    browser.wait(lambda: "is there already" in browser.one(".toast").text)
    id = browser.one(".toast a").get_attribute("href").rpartition("=")[2]
    es.delete(index=INDEX, id=id, refresh=True)


def test_what_is_no_picture(browser: Browser) -> None:
    browser.open()
    browser.one("form[data-kind=look] input").send_keys(str(PICTURES / "LICENCES.md"))
    browser.wait(lambda: "no accepted picture format" in browser.one(".toast").text)
    # Chromium logs the answer 400 itself.
    assert all("400" in entry["message"] for entry in browser.driver.get_log("browser"))


def test_one_narrows_down_on_a_phone(browser: Browser) -> None:
    browser.look(360, 780)
    browser.open()
    assert not browser.one("#facets").is_displayed()
    top = browser.one(".narrow").location["y"]
    browser.one(".narrow").click()
    assert browser.one("#facets").is_displayed()
    # The button stays where it is, and what it opened comes next.
    assert browser.one(".narrow").location["y"] == top < browser.one("#facets").location["y"]
    browser.press(Keys.TAB)
    assert browser.js("return Boolean(document.activeElement.closest('#facets'))")
    # So it is when the list is made anew, as after an upload.
    browser.js("import('/static/grid.js').then((grid) => grid.refreshList()).then(() => { document.anew = true; })")
    browser.wait(lambda: browser.js("return document.anew"))
    assert browser.one("#facets").is_displayed() and browser.all("main #facets li")
    assert browser.one(".narrow").get_attribute("aria-expanded") == "true"
    browser.look(1280)
    browser.wait(lambda: browser.all(".columns > #facets"))
    assert browser.one("#facets").location["x"] < browser.one("main").location["x"]


def test_what_documents_say_is_only_text(browser: Browser, es: Elasticsearch) -> None:
    es.index(
        index=INDEX,
        id="hostile/../1?a=b#c",
        document={"title": HOSTILE, HOSTILE[:40]: HOSTILE, "image": {"data": b64(picture("pillow/hopper.jpg"))}},
        refresh=True,
    )
    try:
        browser.open()
        assert HOSTILE in browser.titles()
        browser.all(".card a")[browser.titles().index(HOSTILE)].click()
        assert browser.wait(lambda: browser.one("h1").text) == HOSTILE
        assert browser.driver.title.startswith("<img src=x")
    finally:
        es.delete(index=INDEX, id="hostile/../1?a=b#c", refresh=True)


def test_everything_has_a_name(browser: Browser) -> None:
    """Controls and links, as a screen reader gets them."""
    for path in ("/", f"/picture/{INDEX}?id=lake"):
        browser.look(360, 780)
        browser.open(path)
        tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        roles = {"link", "button", "textbox", "searchbox", "ColorWell", "image"}
        controls = [node for node in tree if node.get("role", {}).get("value") in roles and not node.get("ignored")]
        assert len(controls) > 10
        assert [node for node in controls if not node.get("name", {}).get("value")] == []
