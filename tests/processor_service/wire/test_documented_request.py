"""The request that docs/wire.md shows, sent as printed but for the picture."""

from __future__ import annotations

import json

from tests.helpers.documented import the_block
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.service import Service

BODY = the_block("docs/wire.md", r'\{\s*"data"').text
PLACE = "<base64, data URL, or base64 with line breaks>"


def test_the_request_of_the_page_is_answered(service: Service) -> None:
    assert PLACE in BODY and json.loads(BODY)["normalized"] is True
    answer = service.post_signed(BODY.replace(PLACE, b64(picture("exif-orientation/Landscape_1.jpg"))).encode())
    assert answer.status_code == 200, answer.text[:300]
    fields = answer.json()["fields"]
    # One turn; the recipe was done already.
    assert (fields["width"], fields["height"]) == (1200, 1800)
    assert fields["thumbnail"] and fields["colors"] and fields["perceptual_hashes"] is None
    assert opened(fields["data"]).size == (1200, 1800)
