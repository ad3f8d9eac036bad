"""Say what each user may, and end with 1 when that is not what docs/security.md and docs/gallery.md say."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests
from elasticsearch import Elasticsearch

from embedded_node import find_plugin_zip
from embedded_node.versions import versions
from ingest_image.gallery.serving.login import checks_users
from tests.helpers.dev_tools import parse
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.helpers.nodes import HEAP
from tests.helpers.paths import PICTURES
from tests.helpers.service import TOKEN, running_service

from .node import SecuredNode, fetch_jars

PASSWORD = "pässword of "
DENIED = "[missing_privilege] user ["
USERS = {
    "boss": ["ingest-image-bootstrap"],
    "reader": ["ingest-image-searcher"],
    "writer": ["ingest-image-searcher", "ingest-image-writer"],
    "keeper": ["ingest-image-maintainer"],
    "nobody": [],
    # Elasticsearch's own role, to make keys and users.
    "root": ["superuser"],
}
wrong: list[str] = []


def expect(what: str, is_so: bool, saw: str = "") -> None:
    """Print a line; what is not so is remembered."""
    print("ok   " if is_so else "WRONG", what, "" if is_so else saw[-600:], flush=True)
    if not is_so:
        wrong.append(what)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def command(url: str, user: str, *arguments: str, password: str = "", **environment: str) -> tuple[int, str]:
    """A command of ours, as that user."""
    given = {"ELASTICSEARCH_USERNAME": user, "ELASTICSEARCH_PASSWORD": password or PASSWORD + user}
    return run(*arguments, "--url", url, **given, **environment)


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    words = [sys.executable, "-m", "ingest_image", *arguments]
    given = {**os.environ, **environment}
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, env=given, check=False)
    return done.returncode, done.stdout + done.stderr


def commands(url: str, service: str) -> None:
    code, said = command(url, "reader", "bootstrap", "--service-url", service, "--no-recognize")
    expect("a reader may not install", code == 1 and f"{DENIED}reader]" in said, said)
    code, said = command(url, "boss", "bootstrap", "--service-url", service, "--no-recognize")
    expect("ingest-image-bootstrap installs", code == 0, said)
    files = [str(PICTURES / name) for name in ("pillow/flower.jpg", "skimage/chelsea.png")]
    code, said = command(url, "reader", "index", *files, "--index", "images")
    expect("a reader may not index", code == 1 and f"{DENIED}reader]" in said, said)
    code, said = command(url, "writer", "index", *files, "--index", "images")
    expect("ingest-image-writer indexes", code == 0 and "2 of 2 indexed" in said, said)
    requests.post(f"{url}/images/_refresh", headers=basic("keeper", PASSWORD + "keeper"), timeout=60)
    code, said = command(url, "reader", "search", "flower", "--index", "images")
    expect("ingest-image-searcher searches", code == 0 and "1 found" in said, said)
    code, said = command(url, "reader", "search", "flower", "--index", "images", password="guessed")
    expect("a refused password is told", code == 1 and "password" in said.lower(), said)
    code, said = command(url, "keeper", "doctor")
    expect("ingest-image-maintainer runs the doctor", code == 0 and "0 errors" in said, said)


def keys_and_users(url: str) -> None:
    """What `bootstrap --print-roles` prints, as it is; a command with each key; users of `ingest-image users`."""
    printed = run("bootstrap", "--print-roles")[1]
    keys: dict[str, str] = {}
    for request in parse(printed):
        if "kibana" in request.body:
            # Its privileges need what only Kibana writes.
            continue
        body, headers = json.loads(request.body), basic("root", PASSWORD + "root")
        answer = requests.request(request.method, f"{url}/{request.path}", json=body, headers=headers, timeout=60)
        expect(f"printed: {request.method} {request.path} {body.get('name', '')}", answer.ok, answer.text)
        if "encoded" in (said := answer.json()):
            keys[body["name"].removeprefix("ingest-image-")] = said["encoded"]
    expect(
        "keys for writer, searcher and maintainer", {"writer", "searcher", "maintainer"} <= keys.keys(), f"{[*keys]}"
    )

    def with_key(name: str, *arguments: str) -> tuple[int, str]:
        return run(*arguments, "--url", url, ELASTICSEARCH_API_KEY=keys.get(name, ""))

    coins = str(PICTURES / "skimage/coins.png")
    code, said = with_key("searcher", "search", "flower", "--index", "images")
    expect("the searcher's key searches", code == 0 and "1 found" in said, said)
    code, said = with_key("searcher", "index", coins, "--index", "images")
    expect("and does not index", code == 1 and "[missing_privilege] API key id" in said, said)
    code, said = with_key("writer", "index", coins, "--index", "images")
    expect("the writer's key indexes", code == 0 and "1 of 1 indexed" in said, said)
    code, said = with_key("writer", "search", "flower", "--index", "images")
    expect("and does not search", code == 1 and "[missing_privilege]" in said, said)
    code, said = with_key("maintainer", "reprocess", "images", "--json")
    expect("the maintainer's key reprocesses", code == 0 and '"failed": []' in said, said)
    code, said = with_key("maintainer", "delete", "--index", "images", "--query", "title:coins", "--delete", "--yes")
    expect("and does not delete", code == 1 and "[missing_privilege]" in said, said)
    code, said = run("search", "flower", "--url", url, ELASTICSEARCH_API_KEY="AAAA")
    expect("a wrong key is told", code == 1 and "refuses the API key" in said, said)
    said = command(url, "nobody", "users", "my-gallery=searcher,writer", MY_GALLERY_PASSWORD="pässword of g")[1]
    expect("without manage_security no users are made", "[missing_privilege]" in said, said)
    code, said = command(url, "root", "users", "my-gallery=searcher,writer", MY_GALLERY_PASSWORD="pässword of g")
    expect("ingest-image users makes them", code == 0 and "written: user my-gallery" in said, said)
    code, said = command(url, "my-gallery", "search", "flower", "--index", "images", password="pässword of g")
    expect("who then can search", code == 0 and "1 found" in said, said)


def page(base: str) -> None:
    def ask(user: str, method: str, path: str, password: str = "", **more: Any) -> requests.Response:
        headers = {**basic(user, password or PASSWORD + user), "Origin": base, "Accept": "text/html"}
        return requests.request(method, base + path, headers=headers, timeout=60, allow_redirects=False, **more)

    answer = requests.get(base, timeout=60)
    expect("whoever says no name is asked", answer.status_code == 401 and "Basic" in answer.headers["WWW-Authenticate"])
    answer = ask("reader", "GET", "/", "guessed")
    expect("a wrong password is asked for again", answer.status_code == 401 and "password" in answer.text, answer.text)
    answer = ask("nobody", "GET", "/")
    expect("a user without roles sees nothing", answer.status_code == 403 and "flower" not in answer.text, answer.text)
    answer = ask("reader", "GET", "/?q=flower")
    expect("a reader sees pictures", answer.status_code == 200 and "1 picture" in answer.text, answer.text)
    answer = ask("reader", "GET", "/map")
    expect("a reader sees the map", answer.status_code in (200, 400) and "here" in answer.text, answer.text)
    found = ask("reader", "GET", "/").text.split('data-key="', 1)[1].split('"', 1)[0]
    index, _, id = found.partition("/")
    answer = ask("reader", "GET", f"/image/{index}/0?id={id}")
    expect("and gets them", answer.status_code == 200 and answer.headers["Content-Type"].startswith("image/"))
    with (PICTURES / "skimage/coins.png").open("rb") as file:
        answer = ask("reader", "POST", "/look", files={"file": ("coins.png", file)})
    expect("a reader searches by a picture", answer.status_code == 303, answer.text)
    with (PICTURES / "skimage/coins.png").open("rb") as file:
        answer = ask("reader", "POST", "/upload", files={"file": ("coins.png", file)})
    expect("a reader may not add", answer.status_code == 403 and f"{DENIED}reader]" in answer.text, answer.text)
    answer = ask("reader", "POST", "/tag", data={"doc": found, "tags": "mine"})
    expect(
        "a reader may not tag", "0 pictures tagged" in answer.text and f"{DENIED}reader]" in answer.text, answer.text
    )
    shown = ask("reader", "GET", f"/picture/{index}?id={id}").text
    seen = {"operation": "left", "v": shown.split('name="v" value="', 1)[1].split('"', 1)[0]}
    answer = ask("reader", "POST", f"/operate/{index}?id={id}", data=seen)
    expect("a reader may not turn", answer.status_code == 403 and f"{DENIED}reader]" in answer.text, answer.text)
    answer = ask("writer", "POST", f"/operate/{index}?id={id}", data=seen)
    expect("a writer turns", answer.status_code == 303, answer.text)
    asked = ask("writer", "POST", "/delete/ask", data={"doc": found}).text
    version = asked.split('name="version" value="', 1)[1].split('"', 1)[0]
    answer = ask("writer", "POST", "/delete", data={"version": version})
    expect("and does not delete", f"{DENIED}writer]" in answer.text, answer.text)
    answer = ask("writer", "POST", "/tag", data={"doc": found, "tags": "mine"})
    expect("a writer tags", answer.status_code == 303, answer.text)
    with (PICTURES / "skimage/coins.png").open("rb") as file:
        answer = ask("writer", "POST", "/upload", files={"file": ("coins.png", file)})
    expect("a writer adds", answer.status_code == 303, answer.text)


def main() -> None:
    version = versions()[0].number
    users = {name: (PASSWORD + name, roles) for name, roles in USERS.items()}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fetch_jars(version, folder / "jars")
        node = SecuredNode(
            folder / "jars", users, es_version=version, plugin_zip=find_plugin_zip(version), token=TOKEN, heap=HEAP
        )
        with running_service(folder / "service.log") as service, node, Elasticsearch(node.url) as client:
            expect("Elasticsearch checks users", checks_users(client, "images*"))
            commands(node.url, service.url)
            keys_and_users(node.url)
            settings = gallery_settings("images*", login=True, upload_index="images")
            with running_gallery(client, settings) as server:
                page(f"http://{HOST}:{server.port}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
