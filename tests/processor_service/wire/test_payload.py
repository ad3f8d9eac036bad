from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor_service.errors import Code, ImageError
from processor_service.wire.payload import decode_payload
from tests.helpers.paths import ROOT

VECTORS = json.loads((ROOT / "elasticsearch_plugin/src/test/resources/picture-text-vectors.json").read_text())


@given(st.binary(min_size=1, max_size=500), st.sampled_from(["plain", "url", "lines", "urlsafe", "unpadded"]))
def test_every_way_of_writing_base64_gives_the_bytes(data: bytes, way: str) -> None:
    text = base64.b64encode(data).decode()
    written = {
        "plain": text,
        "url": "data:image/png;base64," + text,
        "lines": "\r\n".join(text[i : i + 76] for i in range(0, len(text), 76)) + "\n",
        "urlsafe": base64.urlsafe_b64encode(data).decode(),
        "unpadded": text.rstrip("="),
    }[way]
    assert decode_payload(written, 1000) == data


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: str(vector["why"]))
def test_a_picture_is_read_or_refused_as_the_node_does(vector: dict[str, str | None]) -> None:
    if vector["base64"] is None:
        with pytest.raises(ImageError) as refusal:
            decode_payload(vector["text"], 1000)
        assert refusal.value.code in (Code.INVALID_BASE64, Code.EMPTY_IMAGE)
    else:
        assert decode_payload(vector["text"], 1000) == base64.b64decode(vector["base64"])


@pytest.mark.parametrize(
    "value",
    [
        [137, 80, 78, 71],
        {"type": "Buffer", "data": [137, 80, 78, 71]},
        {"0": 137, "1": 80, "2": 78, "3": 71},
    ],
    ids=["a list of numbers", "Buffer", "Uint8Array"],
)
def test_what_json_makes_of_a_buffer_is_told_by_its_name(value: object) -> None:
    with pytest.raises(ImageError, match=r"Uint8Array as numbers; send Buffer\.from\(bytes\)\.toString\('base64'\)"):
        decode_payload(value, 1000)


def test_the_header_of_a_data_url_has_an_end() -> None:
    with pytest.raises(ImageError) as refusal:
        decode_payload("data:image/png;name=" + "a" * 1_000_000 + ";base64,AAAA", 2_000_000)
    assert refusal.value.code is Code.INVALID_BASE64


@pytest.mark.parametrize("value", [None, 7, {"data": "x"}, ["x"], True, "no base64!", "abcde", "data:image/png,x"])
def test_what_is_not_base64_is_refused(value: object) -> None:
    with pytest.raises(ImageError) as refusal:
        decode_payload(value, 1000)
    assert refusal.value.code is Code.INVALID_BASE64


@pytest.mark.parametrize("value", ["", "   ", "data:image/png;base64,"])
def test_an_empty_file_has_a_code_of_its_own(value: str) -> None:
    with pytest.raises(ImageError, match="data is empty") as refusal:
        decode_payload(value, 1000)
    assert refusal.value.code is Code.EMPTY_IMAGE


@pytest.mark.parametrize("size", [101, 1000])
def test_too_large_is_refused(size: int) -> None:
    with pytest.raises(ImageError) as refusal:
        decode_payload(base64.b64encode(b"x" * size).decode(), 100)
    assert refusal.value.code is Code.IMAGE_TOO_LARGE


@given(st.text(max_size=200))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        assert decode_payload(text, 1000)
    except ImageError as refusal:
        assert refusal.code in (Code.INVALID_BASE64, Code.EMPTY_IMAGE, Code.IMAGE_TOO_LARGE)


def test_a_long_text_in_another_script_is_refused_in_no_time() -> None:
    start = time.process_time()
    with pytest.raises(ImageError, match="not base64"):
        decode_payload("é" * 10_000_000, 20 * 1024**2)
    # Translating it takes 0.9 s.
    assert time.process_time() - start < 0.3
