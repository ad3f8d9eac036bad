"""What tests do with a page in Chromium."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.pictures import b64

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if CHROMIUM and DRIVER:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

# Screenshots for people, when a folder is named.
SHOTS = os.environ.get("GALLERY_SCREENSHOTS")
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
AXE = """
const [levels, done] = arguments;
axe.run(document, {runOnly: levels}).then(
    ({violations}) => done(violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))])),
    (error) => done([String(error)]));
"""
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SWITCHES = (
    "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    "disable-component-update disable-sync hide-scrollbars disable-dev-shm-usage "
    # As with a mouse; without a screen Chromium takes itself for a phone.
    "blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
)


def started_chromium(profile: Path) -> Any:
    """The driver of a browser without a window, with this folder for what it keeps and downloads."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for switch in (*SWITCHES.split(), f"user-data-dir={profile}"):
        options.add_argument(f"--{switch}")
    options.add_experimental_option("prefs", {"download.default_directory": str(profile)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.set_page_load_timeout(120)
    # Half a minute is not enough for looking through a page on a busy machine.
    driver.set_script_timeout(120)
    return driver


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
        self.wait_for_all()

    def wait_for_all(self) -> None:
        """Until the whole page is there, of which the browser shows the beginning before."""
        self.wait(lambda: self.js("return document.readyState === 'complete'"))

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any], seconds: float = 120) -> Any:
        return WebDriverWait(self.driver, seconds, ignored_exceptions=[Exception]).until(lambda _: condition())

    def all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def one(self, selector: str) -> Any:
        return self.wait(lambda: self.driver.find_element(By.CSS_SELECTOR, selector))

    def titles(self) -> list[str]:
        self.wait_for_all()
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

    def drag_in(self, path: Path, zone: str) -> None:
        """Drags a file or a folder from the desktop to the middle of an element that the drag lets appear, and drops it."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        at = {"x": 5, "y": 5}
        for kind in ("dragEnter", "dragOver", "drop"):
            if kind == "dragOver":
                at = self.js(
                    "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
                    "return {x: box.x + box.width / 2, y: box.y + box.height / 2}",
                    zone,
                )
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, **at, "data": data})

    def downloaded(self, pattern: str) -> bytes:
        """The file that a click downloads."""
        folder = Path(self.driver.capabilities["chrome"]["userDataDir"])
        (path,) = self.wait(lambda: list(folder.glob(pattern)))
        data: bytes = path.read_bytes()
        path.unlink()
        return data

    @contextmanager
    def that_loads_no_more(self) -> Iterator[None]:
        """Lists that are opened meanwhile stay as long as they are, however one scrolls."""
        source = "window.IntersectionObserver = class { observe() {} disconnect() {} }"
        added = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def shot(self, name: str, pause: float = 1) -> None:
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            # Pictures and fades.
            time.sleep(pause)
            self.driver.save_screenshot(f"{SHOTS}/{name}.png")
