"""Transforms of profiles are kept for the next picture, within bytes."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageCms

from processor_service.color.profiles import to_srgb
from tests.helpers.named_profiles import profile_of


@pytest.mark.parametrize(("more", "builds"), [(1000, 1), (5 * 1024**2, 2)], ids=["usual", "made huge"])
def test_a_transform_is_built_once_unless_its_profile_is_huge(
    more: int, builds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = profile_of(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), {b"mine": bytes(more)})
    build, built = ImageCms.buildTransform, []

    def counted(*arguments: Any) -> ImageCms.ImageCmsTransform:
        built.append(arguments)
        return build(*arguments)

    monkeypatch.setattr(ImageCms, "buildTransform", counted)
    for _ in range(2):
        pixel = to_srgb(Image.new("RGB", (8, 8), (200, 30, 90)), profile).getpixel((4, 4))
        assert isinstance(pixel, tuple)
        assert all(abs(found - wanted) <= 1 for found, wanted in zip(pixel, (200, 30, 90), strict=True))
    assert len(built) == builds
