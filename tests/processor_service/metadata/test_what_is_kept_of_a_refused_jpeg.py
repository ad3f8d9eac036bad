"""Of a refused JPEG: its scan to the last byte when it was cut off, nothing when nobody can tell where its pixels end."""

from __future__ import annotations

import base64

from processor_service.document import failure
from processor_service.errors import Code, ImageError
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.hidden import assert_gone
from tests.helpers.pictures import b64
from tests.helpers.secrets_in_files import saved


def kept(data: bytes, code: Code) -> bytes | None:
    text = failure(ImageError(code, "refused"), {"data": b64(data)})["fields"]["data"]
    return None if text is None else base64.b64decode(text)


def test_the_scan_of_a_jpeg_that_was_cut_off_stays_to_its_last_byte() -> None:
    part = saved("JPEG")[:-100]
    scan = part[part.index(b"\xff\xda") :]
    assert (kept(part, Code.TRUNCATED_IMAGE) or b"").endswith(scan)


def test_a_jpeg_without_an_end_that_was_refused_for_something_else_is_left_out() -> None:
    part = saved("JPEG")[:-100]
    assert kept(part, Code.TOO_MANY_PIXELS) is None
    assert kept(saved("JPEG"), Code.TOO_MANY_PIXELS) is not None


def test_a_jpeg_of_which_nobody_knows_where_its_scans_end_is_left_out() -> None:
    uncommon = flat_jpeg(150, 103, [(3, 1), (1, 1), (1, 1)], (120, 90, 200))
    arithmetic = saved("JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1)
    for data in (uncommon, uncommon[:-2] + b"Zq" + uncommon[-2:], arithmetic):
        assert kept(data, Code.TOO_MANY_PIXELS) is None


def test_a_jpeg_of_uncommon_sampling_is_encoded_again() -> None:
    uncommon = flat_jpeg(150, 103, [(3, 1), (1, 1), (1, 1)], (120, 90, 200))
    assert_gone(uncommon[:-2] + b"Zq" + uncommon[-2:], b"Zq", tolerance=2)
