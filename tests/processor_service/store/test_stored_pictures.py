"""The service with a store, over HTTP as a node speaks to it: a folder, and stores with faults."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.keys import mark_key
from processor_service.settings import Settings
from processor_service.store.addresses import address_of
from processor_service.timing import Stopwatch
from processor_service.web.stored_pictures import StoredPictures, places
from processor_service.wire.marks import kept_mark
from processor_service.workers import pools
from tests.helpers.pictures import b64, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN, Service, authorization, running_service
from tests.helpers.stores import SECRET, FaultyStore, answer, bucket_missing, faulty_store, full, refusing

CAT = picture("pillow/hopper.jpg")
TURN = [{"rotate": {"degrees": 90}}]
RECIPE: dict[str, Any] = {"operations": ["grayscale"], "properties": ["thumbnail"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def stored(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("log") / "service.log", workers="1", store_url=str(folder)) as running:
        yield running


def fields(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text[:500]
    return dict(response.json()["fields"])


def ask(service: Service, patience: int | None = None, **body: Any) -> requests.Response:
    """As a node asks; `patience` in milliseconds."""
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": authorization(service.url, content)}
    if patience:
        headers["X-Image-Patience"] = str(patience)
    return requests.post(f"{service.url}/v1/process", content, headers=headers, timeout=60)


def kept(made: dict[str, Any], **changes: str) -> dict[str, str]:
    """What a document says of its picture in the store, as a node sends it."""
    return {"key": made["stored"], "recipe": made["recipe"], "mark": made["mark"], **changes}


def test_the_picture_is_in_the_store_and_not_in_the_answer(stored: Service, folder: Path) -> None:
    made = fields(ask(stored, data=b64(CAT), store="external", **RECIPE))
    inside = fields(ask(stored, data=b64(CAT), **RECIPE))
    data = (folder / made["stored"]).read_bytes()
    assert made["data"] is None and inside["stored"] is None
    assert b64(data) == inside["data"]
    assert made["stored"] == address_of(data, "jpeg")
    assert made["mark"] == kept_mark(mark_key(TOKEN), made["recipe"], made["sha256"], made["stored"])
    # Everything else is the same.
    differing = {name for name in made if made[name] != inside[name]}
    assert differing == {"data", "stored", "mark"}


def test_copies_are_one_object(stored: Service, folder: Path) -> None:
    one = fields(ask(stored, data=b64(CAT), store="external", **RECIPE))
    before = (folder / one["stored"]).stat()
    assert fields(ask(stored, data=b64(CAT), store="external", **RECIPE))["stored"] == one["stored"]
    assert (folder / one["stored"]).stat().st_ino == before.st_ino


def test_a_picture_of_the_store_is_processed_by_its_key_and_mark(stored: Service, folder: Path) -> None:
    made = fields(ask(stored, data=b64(CAT), store="external", **RECIPE))
    turned = fields(
        ask(stored, stored=kept(made), normalized=True, document_operations=TURN, store="external", **RECIPE)
    )
    assert Image.open(io.BytesIO((folder / turned["stored"]).read_bytes())).size == (128, 128)
    assert turned["stored"] != made["stored"] and "original" not in turned
    # Another recipe begins with it.
    other = fields(ask(stored, stored=kept(made), operations=[{"resize": {"width": 40}}], properties=[]))
    assert (other["width"], other["stored"]) == (40, None)
    assert other["original"]["sha256"] == made["sha256"]
    # It comes back into its document as it is.
    back = fields(ask(stored, stored=kept(made), normalized=True, **RECIPE))
    assert back["sha256"] == made["sha256"] and back["data"] == b64((folder / made["stored"]).read_bytes())


def test_a_key_that_the_mark_does_not_cover_is_refused(stored: Service, folder: Path) -> None:
    made = fields(ask(stored, data=b64(CAT), store="external", **RECIPE))
    other = fields(ask(stored, data=b64(CAT), store="external", operations=["invert"], properties=[]))
    for forged in (
        kept(made, key=other["stored"]),
        kept(made, recipe=other["recipe"]),
        kept(made, mark="0" * 64),
        kept(made, key=made["stored"].replace(".jpeg", ".png")),
        kept(made, key="sha256/../../etc/passwd"),
        {"key": made["stored"]},
        made["stored"],
    ):
        refused = ask(stored, stored=forged, **RECIPE)
        assert refused.status_code == 400, refused.text
        assert refused.json()["error"]["code"] in ("stored_not_signed", "invalid_request")
    # The web process writes the request anew, with the picture in its place.
    refused = ask(stored, stored=kept(made), operations=json.loads("[" * 300 + "]" * 300))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


def test_what_is_lost_or_damaged_is_said_and_nothing_is_made_of_it(stored: Service, folder: Path) -> None:
    made = fields(ask(stored, data=b64(CAT), store="external", operations=["sepia"], properties=[]))
    recipe: dict[str, Any] = {"operations": ["sepia"], "properties": []}
    path = folder / made["stored"]
    data = path.read_bytes()
    path.write_bytes(CAT)
    assert ask(stored, stored=kept(made), **recipe).json()["error"]["code"] == "stored_picture_damaged"
    path.unlink()
    lost = ask(stored, stored=kept(made), **recipe)
    assert (lost.status_code, lost.json()["error"]["code"]) == (422, "stored_picture_missing")
    path.write_bytes(data)
    assert ask(stored, stored=kept(made), **recipe).status_code == 200


def test_a_bad_picture_leaves_nothing_in_the_store(stored: Service, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    refused = ask(stored, data=b64(b"no picture at all"), store="external", **RECIPE)
    assert refused.json()["error"]["code"] == "not_an_image"
    assert sorted(folder.rglob("*")) == before


def test_the_service_says_whether_it_has_a_store(stored: Service, tmp_path: Path) -> None:
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert requests.get(f"{stored.url}/v1/limits", headers=token, timeout=60).json()["store"] is True
    assert requests.get(f"{stored.url}/readyz", timeout=60).json()["store"] == "on"


def test_a_service_without_a_store_says_so(service: Service) -> None:
    assert requests.get(f"{service.url}/readyz", timeout=60).json()["store"] == "off"
    refused = ask(service, data=b64(CAT), store="external", **RECIPE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "store_off")
    assert "IMAGE_STORE_URL" in refused.json()["error"]["reason"]
    named = {"key": address_of(b"x", "jpeg"), "recipe": "0" * 32, "mark": "0" * 64}
    assert ask(service, stored=named, **RECIPE).json()["error"]["code"] == "store_off"


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[tuple[FaultyStore, Service]]:
    with (
        faulty_store(refusing) as store,
        running_service(tmp_path / "log", workers="1", store_url="s3://pictures/prefix", store_timeout="8") as service,
    ):
        yield store, service


def test_a_store_that_does_not_work_is_unavailable_and_tells_no_secrets(
    faulty: tuple[FaultyStore, Service],
) -> None:
    store, service = faulty

    def refusal(patience: int | None = None) -> str:
        refused = ask(service, patience, data=b64(CAT), store="external", **RECIPE)
        assert refused.status_code == 503, refused.text
        error = refused.json()["error"]
        assert (error["code"], error["retryable"]) == ("store_unavailable", True)
        assert "fields" not in refused.json()
        return str(error["reason"])

    assert "refuses access" in refusal()
    assert requests.get(f"{service.url}/readyz", timeout=60).json() == {
        "status": "ready",
        "recognition": "off",
        "store": "failing",
    }
    store.behaviour = full
    assert "is full" in refusal()
    store.behaviour = bucket_missing
    assert "no such bucket" in refusal()
    store.behaviour = store.hang
    assert "did not answer in 8.0 s (IMAGE_STORE_TIMEOUT)" in refusal()
    # Whoever waits less hears of it in time.
    assert re.search(r"did not answer in [0-4]\.\d s \(the client waits no longer\)", refusal(patience=4000))
    # A picture that stays in its document does not need the store.
    assert fields(ask(service, data=b64(CAT), **RECIPE))["data"]
    made = {"key": address_of(CAT, "jpeg"), "recipe": "0" * 32}
    made["mark"] = kept_mark(mark_key(TOKEN), "0" * 32, hashlib.sha256(CAT).hexdigest(), made["key"])
    # A bucket that is missing is no picture that is missing: a document would be recorded with an error.
    store.behaviour = bucket_missing
    assert ask(service, stored=made, **RECIPE).json()["error"]["code"] == "store_unavailable"
    store.behaviour = lambda handler: answer(handler, 200, CAT[:-1] + b"!")
    assert ask(service, stored=made, **RECIPE).json()["error"]["code"] == "stored_picture_damaged"
    store.behaviour = lambda handler: answer(handler, 200, CAT)
    assert fields(ask(service, stored=made, **RECIPE))["original"]["sha256"] == hashlib.sha256(CAT).hexdigest()
    store.behaviour = lambda handler: answer(handler, 200, b"")
    assert fields(ask(service, data=b64(CAT), store="external", **RECIPE))["data"] is None
    text = service.log.read_text()
    for secret in (SECRET, "StringToSign", "hush", b64(CAT)[:40]):
        assert secret not in text
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in service.workers()]
    assert environments and not any(SECRET.encode() in each for each in environments)


def test_a_slow_store_keeps_only_so_many_waiting_and_what_waits_counts(tmp_path: Path) -> None:
    settings = {"workers": "1", "queue_size": "0", "store_url": "s3://pictures", "store_timeout": "20"}
    settings["max_held_bytes"] = "3000000"
    # Padding that no decoder minds; it stays in the original.
    large: dict[str, Any] = {"data": b64(CAT + bytes(1_200_000)), "store": "external", "originals": "external"}
    with faulty_store(refusing) as store, running_service(tmp_path / "log", **settings) as service:
        store.behaviour = store.hang
        with ThreadPoolExecutor(1) as first:
            waiting = first.submit(ask, service, **large, **RECIPE)
            wait_until(lambda: bool(store.requests))
            # 1.6 MB of the request, and 1.2 MB for the store.
            refused = ask(service, data=b64(CAT + bytes(450_000)), **RECIPE)
            assert refused.status_code == 429 and "IMAGE_MAX_HELD_BYTES" in refused.text
            refused = ask(service, data=b64(CAT), store="external", **RECIPE)
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
            # A picture that stays in its document is not kept waiting.
            assert fields(ask(service, data=b64(CAT), **RECIPE))["data"]
            assert not waiting.done()
            store.closed.set()
            assert waiting.result().status_code == 503


def test_pictures_that_are_recognized_have_places_at_the_store_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(workers=3, queue_size=5, store_url="/store")
    for recognizers, most in ((0, 8), (2, 15)):
        monkeypatch.setattr(pools, "number", lambda _, number=recognizers: number)
        assert places(settings) == most
    assert places(Settings()) == 0


def test_a_url_with_a_password_is_refused_at_the_start_without_quoting_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as refused:
        running_service(tmp_path / "log", store_url="s3://user:hush@bucket/x").__enter__()
    assert "IMAGE_STORE_URL" in str(refused.value) and "hush" not in str(refused.value)


def test_a_folder_that_is_missing_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not exist"):
        running_service(tmp_path / "log", store_url=str(tmp_path / "missing")).__enter__()


# A picture is passed over; behind so many texts, the rest is searched as a whole.
@pytest.mark.parametrize("texts", [0, 5, 999, 1000, 5000])
@pytest.mark.parametrize("named", [True, False])
def test_a_request_is_known_by_what_it_names_wherever_that_stands(texts: int, named: bool) -> None:
    what = {"stored": {"key": "a"}} if named else {"data": "stored"}
    body = json.dumps({"operations": ["x"] * texts, **what, "position": 0}).encode()
    store = StoredPictures(Settings(), None)
    if named:
        with pytest.raises(ImageError) as refused:
            store.completed(body, None, Stopwatch(), lambda _: None)
        assert refused.value.code is Code.STORE_OFF
    else:
        assert store.completed(body, None, Stopwatch(), lambda _: None) is body
