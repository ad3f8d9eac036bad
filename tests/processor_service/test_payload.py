from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor_service.errors import Code, ImageError
from processor_service.payload import decode_payload


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


@pytest.mark.parametrize(
    "value", [None, 7, {"data": "x"}, ["x"], True, "", "   ", "no base64!", "abcde", "data:image/png,x"]
)
def test_what_is_not_base64_is_refused(value: object) -> None:
    with pytest.raises(ImageError) as refusal:
        decode_payload(value, 1000)
    assert refusal.value.code is Code.INVALID_BASE64


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
        assert refusal.code in (Code.INVALID_BASE64, Code.IMAGE_TOO_LARGE)
