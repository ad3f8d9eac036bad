"""The gallery as people use it: Chromium, a real gallery, a real node, real pictures."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node.versions import versions
from pipelines.cluster.client import connect
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.helpers.nodes import HEAP, bootstrap
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.service import TOKEN, running_service

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver here (Debian: chromium, chromium-driver)"
)
if CHROMIUM and DRIVER:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

INDEX = "images-gallery"
# Screenshots for people, when a folder is named.
SHOTS = os.environ.get("GALLERY_SCREENSHOTS")
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
DOCUMENTS = {
    "astronaut": ("Astronaut Eileen Collins", "skimage/astronaut.png"),
    "cat": ("Chelsea the cat", "skimage/chelsea.png"),
    "coins": ("Greek coins from Pompeii", "skimage/coins.png"),
    "flower": ("Plumeria in the garden", "pillow/flower.jpg"),
    "bridge": ("Bridge over the river", "pdq/bridge-mods/aaa-orig.jpg"),
    "paris": ("Evening clouds over Paris", "libavif/paris_icc_exif_xmp.avif"),
    "paris-turned": ("Paris, as the phone held it", "libavif/paris_exif_orientation_5.jpg"),
    "lake": ("Mountain lake", "exif-orientation/Landscape_1.jpg"),
    "lake-left": ("Mountain lake, camera turned left", "exif-orientation/Landscape_6.jpg"),
    "gopher": ("Gopher with transparency", "golang-image/gopher-doc.with-alpha.png"),
    "broken": ("A broken file", "sharp/truncated.jpg"),
}
# Puts a file onto the page as a drag from the desktop does.
DROP = """
const [name, base64, selector] = arguments;
const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const transfer = new DataTransfer();
transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
const send = (target, kind) => target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
send(document.body, "dragenter");
const zone = document.querySelector(selector);
send(zone, "dragover");
send(zone, "drop");
"""


@pytest.fixture(scope="module")
def es(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """The newest node that there is a JDK for, with some pictures."""
    version = versions()[0].number
    log = tmp_path_factory.mktemp("service") / "service.log"
    plugin = find_plugin_zip(version)
    with (
        running_service(log) as service,
        EmbeddedNode(es_version=version, plugin_zip=plugin, token=TOKEN, heap=HEAP, quick_start=True) as node,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        with connect(node.url) as client:
            for id, (title, name) in DOCUMENTS.items():
                client.index(
                    index=INDEX,
                    id=id,
                    document={"title": title, "file_name": Path(name).name, "image": {"data": b64(picture(name))}},
                )
            client.indices.refresh(index=INDEX)
            yield client


@pytest.fixture(scope="module")
def base(es: Elasticsearch) -> Iterator[str]:
    """Address of a running gallery."""
    with running_gallery(es, gallery_settings(f"{INDEX}*", upload_index=INDEX)) as server:
        yield f"http://{HOST}:{server.port}"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("chromium")
    switches = "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update disable-sync hide-scrollbars disable-dev-shm-usage"
    for switch in (*switches.split(), f"user-data-dir={profile}"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


class Browser:
    """What the tests do with the page."""

    def __init__(self, driver: Any, base: str) -> None:
        self.driver, self.base = driver, base

    def look(self, width: int = 1360, height: int = 900, dark: bool = False) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def open(self, path: str = "/") -> None:
        self.driver.get(self.base + path)
        self.wait(lambda: self.js("return document.readyState === 'complete'"))

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        return WebDriverWait(self.driver, seconds, ignored_exceptions=[Exception]).until(lambda _: condition())

    def all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def one(self, selector: str) -> Any:
        return self.wait(lambda: self.driver.find_element(By.CSS_SELECTOR, selector))

    def titles(self) -> list[str]:
        script = "return [...document.querySelectorAll('.card .caption')].map((caption) => caption.textContent)"
        return list(self.js(script))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        return str(
            self.js(
                "return (document.activeElement.closest('.card') || document.activeElement).dataset.key || document.activeElement.id"
            )
        )

    def drop(self, data: bytes, zone: str, name: str = "dropped.jpg") -> None:
        self.js(DROP, name, b64(data), zone)

    def shot(self, name: str) -> None:
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            # Pictures and fades.
            time.sleep(1)
            self.driver.save_screenshot(f"{SHOTS}/{name}.png")


@pytest.fixture
def browser(chromium: Any, base: str) -> Iterator[Browser]:
    page = Browser(chromium, base)
    page.look()
    chromium.get_log("browser")
    yield page
    # Neither the content security policy nor a script had anything to say, on any page of the test. That a question was
    # wrong is the browser's own remark.
    said = [entry["message"] for entry in chromium.get_log("browser")]
    assert [message for message in said if "/favicon" not in message and "status of 400" not in message] == []


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


@pytest.mark.parametrize("path", ["/", f"/picture/{INDEX}?id=lake", "/?q=zebra", "/?f=wide:5", "/nowhere"])
def test_360_pixels(browser: Browser, path: str) -> None:
    browser.look(360, 780)
    browser.open(path)
    assert browser.js("return document.documentElement.scrollWidth") == 360
    if path == "/nowhere":
        browser.driver.get_log("browser")
    browser.shot("360" + re.sub(r"\W+", "-", path))
    if path == "/":
        browser.one(".narrow").click()
        assert browser.one("#facets").is_displayed()
        assert browser.js("return document.documentElement.scrollWidth") == 360
        browser.shot("360-facets")


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


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core. It comes in a package for another browser driver, which is not imported."""
    found = importlib.util.find_spec("axe_playwright_python")
    assert found and found.submodule_search_locations
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


AXE = """
const [levels, done] = arguments;
axe.run(document, {runOnly: levels}).then(
    ({violations}) => done(violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))])),
    (error) => done([String(error)]));
"""
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False), (360, True)])
def test_everybody_can_use_it(browser: Browser, axe: str, seen: str, width: int, dark: bool) -> None:
    """WCAG 2.2 A and AA, as far as axe-core can tell."""
    browser.look(width, 900, dark)
    found: dict[str, Any] = {}
    for path in ("/", "/?q=lake&f=format:jpeg", "/?q=zebra", f"/?like={INDEX}/lake", seen, "/nowhere"):
        browser.open(path)
        browser.js(axe)
        if path == "/" and width == 360:
            browser.one(".narrow").click()
        if path == seen:
            browser.press("b")
        # What fades in has the contrast of its end.
        browser.js("document.getAnimations().forEach((one) => one.cancel())")
        if violations := browser.driver.execute_async_script(AXE, LEVELS):
            found[path] = violations
    assert found == {}
    # It would say so.
    browser.js("document.documentElement.removeAttribute('lang')")
    assert [name for name, _ in browser.driver.execute_async_script(AXE, LEVELS)] == ["html-has-lang"]
    # Chromium logs the answer 404 itself.
    browser.driver.get_log("browser")


def test_more_pages_in_place(chromium: Any, es: Elasticsearch) -> None:
    settings = replace(gallery_settings(f"{INDEX}*", read_only=True), page_size=5)
    with running_gallery(es, settings) as server:
        page = Browser(chromium, f"http://{HOST}:{server.port}")
        page.open()
        assert len(page.titles()) == 5 and not page.all("form[data-kind=upload]")
        page.one(".more a").click()
        page.wait(lambda: len(page.titles()) == 10)
        page.one(".more a").click()
        page.wait(lambda: len(page.titles()) == 11)
        assert not page.all(".more") and len(set(page.titles())) == 11
