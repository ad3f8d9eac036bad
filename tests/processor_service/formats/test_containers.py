from __future__ import annotations

from processor_service.formats.containers import jpeg_segments


def test_a_scan_ends_before_the_bytes_that_may_precede_a_marker() -> None:
    header = b"\xff\xda\0\x08\1\1\0\0\x3f\xff"
    for scan in (b"abc", b"ab\xff\0", b"a\xff\xd0b", b""):
        for filling in (b"", b"\xff", b"\xff\xff\xff"):
            data = b"\xff\xd8" + header + scan + filling + b"\xff\xd9"
            assert list(jpeg_segments(data)) == [(0xD8, b"\xff\xd8"), (0xDA, header + scan), (0xD9, b"\xff\xd9")]
