"""Each kind of picture, compared with golden ones. That they are right is shown by the other tests of kinds."""

from __future__ import annotations

import pytest

from processor_service.formats.registry import heif_is_installed
from tests.helpers.goldens import assert_golden, assert_whole
from tests.processor_service.decoding.kind_cases import KINDS, Kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_picture_looks_like_the_golden_one(kind: Kind) -> None:
    if kind.name == "heic" and not heif_is_installed():
        pytest.skip("the optional extra is missing")
    assert_golden(kind.shown(), "kinds", kind.name, 1.5)


def test_every_golden_picture_has_a_kind_and_is_small() -> None:
    assert_whole("kinds", {kind.name for kind in KINDS})
