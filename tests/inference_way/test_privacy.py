"""What must not be stored on the inference way: pictures that passed by, thumbnails of others, fields of what is gone."""

from __future__ import annotations

import base64
import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from processor_service.fields import NOT_OURS
from processor_service.wire.fields import top_level_names
from tests.helpers.pictures import b64, picture

from .stock import PipelineFailed, StockProcessors
from .way import OTHER, PHOTO, Way, taken_by

# A thumbnail that another program made, of a picture before it was cropped, say.
PRIVATE = b64(picture("pillow/hopper.jpg"))


@pytest.fixture
def stored(way: Way) -> dict[str, Any]:
    return way({"image": {"data": PHOTO, "alt": "mine"}})


def changed(stored: dict[str, Any], **image: Any) -> dict[str, Any]:
    return {"image": stored["image"] | image}


@pytest.mark.parametrize(
    "document",
    [
        {"image.data": PHOTO, "image.alt": "mine"},
        {"image": {"alt": "mine"}, "image.data": PHOTO},
        {"image": None, "image.alt": "mine", "image.data": PHOTO},
        {"image.data": PHOTO, "image.alt": "mine", "image.metadata.location": {"lat": 1, "lon": 2}},
        {"image": {"data": PHOTO, "alt": "mine", "metadata.location": "1,2", "thumbnail": PRIVATE}},
    ],
)
def test_dotted_names_are_processed_like_an_object(way: Way, stored: dict[str, Any], document: dict[str, Any]) -> None:
    assert way(document) == stored


@pytest.mark.parametrize(
    "document",
    [
        {"image": {"data": PHOTO}, "image.data": OTHER},
        {"image": PHOTO, "image.data": OTHER},
        {"image": "", "image.alt": "text"},
        {"image": [PHOTO], "image.alt": "text"},
        {"image": 5, "image.data": OTHER},
        {"image.data": PHOTO, "image.data.more": OTHER},
        {"image": {"metadata": "text"}, "image.metadata.camera": "a"},
        {"image": {"metadata": "text", "metadata.camera": "a"}},
        {"image": {"data": PHOTO, "data.more": OTHER}},
        {"image.": PHOTO},
        {"image..data": PHOTO},
        {"image.metadata.": "a"},
    ],
)
def test_a_dotted_name_that_says_something_else_is_refused(way: Way, document: dict[str, Any]) -> None:
    with pytest.raises(PipelineFailed, match=r"^\[(ambiguous_field|lists_need_the_plugin)\] "):
        way(document)


def test_dotted_names_are_refused_for_what_only_the_plugin_can_do(way: Way) -> None:
    for document, code in (
        ({"image.url": "https://images.example.org/a.jpg"}, "addresses_need_the_plugin"),
        ({"image.data": PHOTO, "image.operations": ["grayscale"]}, "document_operations_disabled"),
    ):
        with pytest.raises(PipelineFailed, match=rf"^\[{code}\] "):
            way(document)


@pytest.mark.parametrize("more", [{}, {"data": PHOTO}, {"error": {"code": "url_not_allowed"}}])
@pytest.mark.parametrize("scheme", ["data:", " DATA:", "\0da\nt\ta:"])
def test_a_picture_does_not_stay_as_an_address(way: Way, scheme: str, more: dict[str, Any]) -> None:
    url = f"{scheme}image/jpeg;base64,{PHOTO}"
    for written in (url, [url], ["https://images.example.org/a.jpg", [url]]):
        with pytest.raises(PipelineFailed, match=r"^\[url_not_allowed\] "):
            way({"image": {"url": written} | more})


def test_dotted_names_within_the_object_are_read_likewise(way: Way, stored: dict[str, Any]) -> None:
    original = stored["image"].pop("original")
    dotted = {f"original.{name}": value for name, value in original.items()}
    assert way(changed(stored, **dotted, **{"my.own": 1}))["image"] == stored["image"] | {
        "original": original,
        "my.own": 1,
    }


def test_names_that_only_begin_like_the_field_are_left_alone(way: Way) -> None:
    document = {"image_size.x": 5, "imagery.data": "AAAA", "images": {"data": "AAAA"}, "my.image.data": "AAAA"}
    assert way(copy.deepcopy(document)) == document


@pytest.mark.parametrize("thumbnail_mark", ["own", "of another picture", "0" * 64, None, 5, "${token}", "a;sha256=b"])
@pytest.mark.parametrize("thumbnail", [PRIVATE, "!", "", 5, ["AAAA"], f"{PRIVATE};thumbnail=AAAA", "${token}"])
def test_a_thumbnail_that_is_not_of_the_picture_is_made_anew(
    way: Way, stored: dict[str, Any], thumbnail: Any, thumbnail_mark: Any
) -> None:
    own = stored["image"]["thumbnail_mark"]
    if thumbnail_mark == "own":
        thumbnail_mark = own
    elif thumbnail_mark == "of another picture":
        thumbnail_mark = way({"image": OTHER})["image"]["thumbnail_mark"]
    again = way(changed(stored, thumbnail=thumbnail, thumbnail_mark=thumbnail_mark))["image"]
    assert again["data"] == stored["image"]["data"]
    assert again["original"] == stored["image"]["original"]
    assert again.keys() == stored["image"].keys()
    assert again["thumbnail"] != thumbnail
    # From the encoded picture, which is nearly the one that was encoded.
    assert len(again["thumbnail"]) == pytest.approx(len(stored["image"]["thumbnail"]), rel=0.1)
    assert way({"image": again}) == {"image": again}


def test_a_thumbnail_of_another_picture_with_the_mark_of_that_one_is_made_anew(
    way: Way, stored: dict[str, Any]
) -> None:
    other = way({"image": OTHER})["image"]
    again = way(changed(stored, thumbnail=other["thumbnail"], thumbnail_mark=other["thumbnail_mark"]))
    assert again["image"]["thumbnail"] != other["thumbnail"]


@pytest.mark.parametrize(
    "more", [{}, {"error": {"code": "not_an_image"}}, {"mark": "0" * 64}, {"mark": 5}, {"mark": {}}]
)
def test_without_a_picture_nothing_stays_that_we_have_not_signed(way: Way, more: dict[str, Any]) -> None:
    document = {"image": {"alt": "mine", "thumbnail": PRIVATE, "thumbnail_mark": "0" * 64} | more}
    left = way(document)["image"]
    assert left == {"alt": "mine", **({"error": more["error"]} if "error" in more else {})}


def test_what_was_made_of_a_picture_that_is_not_in_the_document_stays_with_its_marks(
    way: Way, stored: dict[str, Any]
) -> None:
    del stored["image"]["data"]
    assert way(stored) == stored
    # A mark is of one picture, and so is a thumbnail.
    other = way({"image": OTHER})["image"]
    left = way(changed(stored, thumbnail=PRIVATE))["image"]
    assert left.keys() == stored["image"].keys() - {"thumbnail"}
    for forged in ({"mark": other["mark"]}, {"sha256": other["sha256"]}, {"sha256": None}, {"sha256": "${token}"}):
        left = way(changed(stored, **forged))["image"]
        assert left.keys().isdisjoint({"mark", "source_mark", "thumbnail", "thumbnail_mark"})


def test_a_removed_picture_takes_everything_along_that_we_know_of_it(way: Way, stored: dict[str, Any]) -> None:
    assert way(changed(stored, data=None)) == {"image": {"alt": "mine"}}
    everything = {name: "x" for name in top_level_names() if name not in NOT_OURS and name != "operations"}
    assert way({"image": everything | {"data": None, "alt": "mine"}}) == {"image": {"alt": "mine"}}
    assert way({"image.data": None, "image.alt": "mine", "image.metadata.camera": "x"}) == {"image": {"alt": "mine"}}


@pytest.mark.parametrize("url", ["https://images.example.org/a.jpg", 5, {"page": "a"}])
def test_a_null_removes_a_picture_whatever_address_is_beside_it(way: Way, stored: dict[str, Any], url: Any) -> None:
    """The null stays: without it, the address would count as that of a picture that is to be fetched."""
    left = {"image": {"alt": "mine", "url": url, "data": None}}
    assert way(changed(stored, data=None, url=url)) == left
    assert way(left | {"title": "new"}) == left | {"title": "new"}
    assert way({"image.data": None, "image.url": url, "image.width": 5, "image.alt": "mine"}) == left
    assert way(left | {"image": left["image"] | {"data": PHOTO}})["image"].keys() == stored["image"].keys() | {"url"}
    with pytest.raises(PipelineFailed, match=r"^\[addresses_need_the_plugin\] "):
        way({"image": {"alt": "mine", "url": url}})


def test_a_bulk_upsert_leaves_nothing_of_an_earlier_picture(way: Way) -> None:
    """With `doc_as_upsert`, Elasticsearch runs the pipeline on the part alone."""
    described = way({"image": {"data": b64(taken_by("Somebody")), "alt": "mine"}, "title": "t"})
    assert described["image"]["metadata"]["artist"] == "Somebody"
    fresh = way({"image": {"data": OTHER, "alt": "mine"}, "title": "t"})
    assert way.merged(described, {"image": {"data": OTHER}}) == fresh
    assert way.merged(described, {"image": {"data": None}}) == {"image": {"alt": "mine"}, "title": "t"}
    assert way.merged(described, {"title": "t"}) == described
    broken = way.merged(described, {"image": {"data": b64(b"no picture")}})["image"]
    assert broken.keys() == {"alt", "error"}
    repaired = way.merged({"image": broken, "title": "t"}, {"image": {"data": OTHER}})
    assert repaired == fresh


@pytest.mark.parametrize(
    "written",
    [
        "data:image/jpeg;base64,{}",
        " DATA:image/jpeg; Base64 ,{}",
        'data:image/jpeg;name="a,b;mark=c.png";base64,{}',
        'data:;base64;name="a;mark=b;thumbnail_mark=c;thumbnail=d;sha256=e",{}',
        "{}\n",
        " {}",
    ],
)
def test_only_plain_base64_is_stored(way: Way, stored: dict[str, Any], written: str) -> None:
    plain = stored["image"]["data"]
    assert way(changed(stored, data=written.format(plain))) == stored
    assert way({"image": {"alt": "mine", "data": written.format(PHOTO)}}) == stored


@pytest.mark.parametrize(
    "tail", [";sha256=AAAA", ";mark={mark}", ";thumbnail=AAAA", ";thumbnail=A;sha256=B;mark={mark}"]
)
@pytest.mark.parametrize("keeps_data", [True, False])
def test_nothing_hides_behind_a_picture(way: Way, stored: dict[str, Any], tail: str, keeps_data: bool) -> None:
    plain = stored["image"]["data"] if keeps_data else ""
    left = way(changed(stored, data=plain + tail.format(mark=stored["image"]["mark"])))["image"]
    assert left.keys() == {"alt", "error"}
    assert left["error"]["code"] == "invalid_base64"


def test_a_refused_picture_is_stored_without_its_metadata(way: Way) -> None:
    cut_off = taken_by("Somebody")[:-2000]
    left = way({"image": {"data": b64(cut_off), "alt": "mine", "thumbnail": PRIVATE}})
    assert left["image"].keys() == {"data", "alt", "error"}
    assert left["image"]["error"]["code"] == "truncated_image"
    stored = base64.b64decode(left["image"]["data"])
    assert b"Somebody" in cut_off and b"Somebody" not in stored and len(stored) > 2000
    # Written again, for its title, it is the same again. The service was asked again, so the line in its log is another.
    again = way(left | {"title": "new"})
    assert again["image"]["error"].pop("request_id") != left["image"]["error"].pop("request_id")
    assert again == left | {"title": "new"}


@pytest.mark.parametrize("result", ["{}", '{"answer": 42}', "[]", "5", "Hello!"])
def test_an_answer_of_another_service_is_not_taken_for_ours(stock: StockProcessors, result: str) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"result": result}).encode())

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            with pytest.raises(PipelineFailed):
                Way(stock, f"http://127.0.0.1:{server.server_port}")({"image": PHOTO})
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    "image",
    [
        {"data": {"type": "Buffer", "data": [137, 80]}},
        {"data": {"type": "Buffer", "data": []}},
        {"type": "Buffer", "data": []},
        {"data": [137, 80]},
        {"data": {"0": 137, "1": 80}},
    ],
)
def test_a_buffer_of_node_js_is_told_how_it_should_be_sent(way: Way, image: dict[str, Any]) -> None:
    left = way({"image": image})["image"]
    assert left.keys() - {"type"} == {"error"}
    assert "Buffer.from(bytes).toString('base64')" in left["error"]["reason"]


def test_percent_encoded_base64_is_base64(way: Way, stored: dict[str, Any]) -> None:
    plain = stored["image"]["data"]
    written = plain.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D")
    assert way(changed(stored, data=f"data:image/jpeg;base64,{written}")) == stored


@pytest.mark.parametrize("placeholder", [PRIVATE, 5, [PRIVATE]])
def test_a_preview_that_is_too_long_to_be_one_does_not_stay(way: Way, stored: dict[str, Any], placeholder: Any) -> None:
    again = way(changed(stored, placeholder=placeholder))["image"]
    assert again["data"] == stored["image"]["data"]
    assert isinstance(again["placeholder"], str) and len(again["placeholder"]) <= 40
    del stored["image"]["data"]
    assert "placeholder" not in way(changed(stored, placeholder=placeholder))["image"]


def test_a_name_of_a_hundred_thousand_dots_refuses_the_document(way: Way) -> None:
    with pytest.raises(PipelineFailed):
        way({"image" + ".a" * 100_000: PHOTO})
    assert way({"title": "next"}) == {"title": "next"}
