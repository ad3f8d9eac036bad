from __future__ import annotations

import pytest

from processor_service.metadata.cut.codes.lzw import without_rest


def test_codes_that_do_nothing_but_begin_tables_are_not_read_to_their_end() -> None:
    # Eight clear codes of nine bits.
    clear = int("100000000" * 8, 2).to_bytes(9)
    assert without_rest(clear * 10, 8, 1, tiff=True)[0] == clear * 10
    with pytest.raises(ValueError, match="too many tables"):
        without_rest(clear * 3000, 8, 1, tiff=True)
